import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { verifyStrict } from '../../src/identity/ed25519.ts'
import { createPriceListSigner } from '../../src/main/signed-prices.ts'
import { makePriceList, versionOf } from '../../src/prices/make-list.ts'
import type { SignedPricingBody } from '../../src/prices/wire.ts'
import { priceListBytes } from '../../src/proof/price-list.ts'
import { SignerFailed } from '../../src/signers/message-signer.ts'
import { startGateway } from '../support/gateway.ts'
import { RECEIPT_PUBLIC_KEY, TEST_SIGNER } from '../support/receipt-key.ts'
import vectors from '../vectors.json' with { type: 'json' }

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 10 }

function verifies(list: SignedPricingBody): boolean {
  const signature = Buffer.from(list.signature, 'base64')
  return verifyStrict(RECEIPT_PUBLIC_KEY, priceListBytes(list), signature)
}

test('M7: the list in force is signed, and its version is the digest of its models', async () => {
  const gateway = await startGateway()
  const list = (await (await fetch(`${gateway.url}/v1/pricing`)).json()) as SignedPricingBody
  expect(verifies(list)).toBe(true)
  expect(versionOf(list.models)).toBe(list.version)
  expect(verifies({ ...list, effective_at: '2020-01-01T00:00:00.000Z' })).toBe(false)
  const named = await fetch(`${gateway.url}/v1/pricing?version=${list.version}`)
  expect(await named.json()).toEqual(list)
})

test('M7: every version that charged anyone stays published and signed, restarts included', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  await agent.post(CALL, CHAT)
  const old = (await (await fetch(`${gateway.url}/v1/pricing`)).json()) as SignedPricingBody
  const file = JSON.parse(readFileSync(gateway.pricesFile, 'utf8')) as {
    models: Record<string, object>
  }
  const models = { ...file.models, 'gpt-4o-mini': { ...file.models['gpt-4o-mini'], output: '9' } }
  writeFileSync(gateway.pricesFile, JSON.stringify({ models }))
  await gateway.restart()
  const now = (await (await fetch(`${gateway.url}/v1/pricing`)).json()) as SignedPricingBody
  expect(now.version).not.toBe(old.version)
  const found = await fetch(`${gateway.url}/v1/pricing?version=${old.version}`)
  expect(await found.json()).toEqual(old)
  const [call] = await gateway.ledger.calls(0, 1)
  expect(call?.priceVersion).toBe(old.version)
})

test.each([`sha256:${'0'.repeat(64)}`, 'x', ''])('there was no version %j', async (version) => {
  const gateway = await startGateway()
  const response = await fetch(`${gateway.url}/v1/pricing?version=${version}`)
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({ error: { code: 'not_found' } })
})

test('a list is signed once, and one whose signature is not to be had is not made up', async () => {
  let signed = 0
  let failing = false
  const signer = {
    ...TEST_SIGNER,
    async sign(message: Uint8Array) {
      if (failing) throw new SignerFailed('RECEIPT_KEY: the signing command ended')
      signed += 1
      return TEST_SIGNER.sign(message)
    },
  }
  const { list, signature } = vectors.price_list
  const stored = { effectiveAt: list.effective_at, json: JSON.stringify(list.models) }
  const lists = createPriceListSigner({ prices: async () => stored }, signer)
  const found = await lists.find(list.version)
  expect(found).toEqual({ kind: 'signed', body: { ...list, signature } })
  failing = true
  expect(await lists.find(list.version)).toEqual(found)
  expect(signed).toBe(1)
  expect(await lists.find('sha256:other')).toEqual({ kind: 'unsigned' })
  await expect(lists.sign(makePriceList([], 0))).rejects.toThrow(SignerFailed)
})

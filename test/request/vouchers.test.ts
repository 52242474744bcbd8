import { Keypair } from '@solana/web3.js'
import { expect, test } from 'vitest'
import { units } from '../../src/money.ts'
import { VoucherReader } from '../../src/request/vouchers.ts'
import { seededAgent } from '../support/agent.ts'
import { addressesOf, credit, startGateway, until } from '../support/gateway.ts'
import { chatReply, jsonReply } from '../support/provider.ts'
import { signVoucher } from '../support/voucher.ts'
import vectors from '../vectors.json' with { type: 'json' }

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 100 }
const WORST = BigInt(JSON.stringify(CHAT).length + 200)
const REQUIRED = { admission: { requireVouchers: true, settleMarginSeconds: 60 } }
const withVoucher = (text: string) => ({ headers: { 'x-agent-voucher': text } })

interface Refusal {
  readonly error: { readonly code: string; readonly message: string }
  readonly payment?: Record<string, unknown> & {
    readonly authorize?: { vault: string; cumulative: string; signed: string }
  }
}

async function refusalOf(response: Response): Promise<Refusal> {
  return (await response.json()) as Refusal
}

test('C9: the vouchers of the vectors are read and refused as the contract says', () => {
  const [never, expiring] = vectors.vouchers
  const [forged] = vectors.must_refuse
  const reader = new VoucherReader(addressesOf)
  const { pubkey } = vectors.agent
  expect(reader.read(pubkey, never?.header ?? '')).toEqual({
    kind: 'verified',
    voucher: {
      vault: vectors.program.vault.address,
      cumulative: units(1_000_000n),
      signature: never?.signature,
    },
  })
  expect(reader.read(pubkey, expiring?.header ?? '')).toMatchObject({
    refusal: { code: 'invalid_voucher', message: expect.stringContaining('1795262400') },
  })
  expect(reader.read(pubkey, `1000000:0:${forged?.signature}`)).toMatchObject({
    refusal: { code: 'invalid_voucher', message: expect.stringContaining(pubkey) },
  })
})

test('C9: nothing but the agent’s own signature over its own vault and total is a voucher', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const other = await gateway.agent(10_000n)
  const good = signVoucher(agent, 500n)
  const [, , signature] = good.split(':')
  const wrong: [string, RegExp][] = [
    [signVoucher(other, 500n), /not .* over 500 units/],
    [signVoucher(agent, 500n, { vaultKey: addressesOf(other.pubkey).vaultKey }), /vault/],
    [signVoucher(agent, 500n, { vaultKey: Keypair.generate().publicKey }), /vault/],
    [`501:0:${signature}`, /501 units/],
    [signVoucher(agent, 500n, { expiresAt: 4_000_000_000n }), /expires at 4000000000/],
    [`0500:0:${signature}`, /leading zeros/],
    [`500:${signature}`, /not like/],
    [`500:0:${signature?.replace('==', '')}`, /not like/],
    [`${2n ** 64n}:0:${signature}`, /not like/],
    [`${good}, ${good}`, /not like/],
    ['', /not like/],
  ]
  for (const [text, message] of wrong) {
    for (const asked of [
      agent.fetch('/v1/balance', withVoucher(text)),
      agent.post(CALL, CHAT, withVoucher(text)),
      agent.post('/v1/vouchers', { voucher: text }),
    ]) {
      const response = await asked
      expect(response.status, text).toBe(400)
      const { error } = await refusalOf(response)
      expect(error.code).toBe('invalid_voucher')
      expect(error.message).toMatch(message)
    }
  }
  expect(await gateway.ledger.voucher(agent.pubkey)).toBeNull()
  expect(gateway.provider.seen).toEqual([])
})

test('a voucher comes with any authenticated request, and the highest is kept', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const kept = async () => (await gateway.ledger.voucher(agent.pubkey))?.cumulative
  const count = { model: 'claude-test', messages: CHAT.messages }
  expect((await agent.post(CALL, CHAT, withVoucher(signVoucher(agent, 100n)))).status).toBe(200)
  expect(await kept()).toBe(100n)
  await agent.fetch('/v1/balance', withVoucher(signVoucher(agent, 200n)))
  expect(await kept()).toBe(200n)
  gateway.provider.will(jsonReply(200, { input_tokens: 9 }))
  const counted = await agent.post(
    '/v1/messages/count_tokens',
    count,
    withVoucher(signVoucher(agent, 300n)),
  )
  expect(counted.status).toBe(200)
  expect(await kept()).toBe(300n)
  const unserved = { ...CHAT, model: 'unpriced' }
  const refused = await agent.post(CALL, unserved, withVoucher(signVoucher(agent, 400n)))
  expect(refused.status).toBe(404)
  expect(await kept()).toBe(400n)
  await agent.fetch('/v1/deposit', withVoucher(signVoucher(agent, 450n)))
  expect(await kept()).toBe(450n)
  await agent.fetch('/v1/balance', withVoucher(signVoucher(agent, 450n)))
  await agent.post(CALL, CHAT, withVoucher(signVoucher(agent, 399n)))
  expect(await kept()).toBe(450n)
  const poor = { ...CHAT, max_tokens: 1000, n: 20 }
  await agent.post(CALL, poor, withVoucher(signVoucher(agent, 500n)))
  expect(await kept()).toBe(500n)
})

test('POST /v1/vouchers answers with the books; without a vault nothing is kept', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  await agent.post(CALL, CHAT)
  const { vault } = addressesOf(agent.pubkey)
  const response = await agent.post('/v1/vouchers', { voucher: signVoucher(agent, 700n) })
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ vault, signed: '700', spent: '26', settled: '0' })
  const lower = await agent.post('/v1/vouchers', { voucher: signVoucher(agent, 600n) })
  expect(await lower.json()).toEqual({ vault, signed: '700', spent: '26', settled: '0' })
  const most = 2n ** 64n - 1n
  const highest = await agent.post('/v1/vouchers', { voucher: signVoucher(agent, most) })
  expect(await highest.json()).toMatchObject({ signed: most.toString() })
  for (const body of [{}, { voucher: 5 }, { voucher: 'x'.repeat(300) }, { other: '' }]) {
    expect((await refusalOf(await agent.post('/v1/vouchers', body))).error.code).toBe(
      'invalid_request',
    )
  }

  const stranger = await gateway.agent(0n)
  const unknown = await stranger.post('/v1/vouchers', { voucher: signVoucher(stranger, 5n) })
  const { error } = await refusalOf(unknown)
  expect([unknown.status, error.code]).toEqual([400, 'invalid_voucher'])
  expect(error.message).toContain(`no vault ${addressesOf(stranger.pubkey).vault}`)
  const looked = await stranger.fetch('/v1/balance', withVoucher(signVoucher(stranger, 6n)))
  expect(looked.status).toBe(200)
  expect(await gateway.ledger.voucher(stranger.pubkey)).toBeNull()
})

test('a voucher that was verified costs no second verification; an altered one is verified', () => {
  const agent = seededAgent(
    '',
    { origin: '', chain: 'localnet' },
    Buffer.from(vectors.agent.seed_hex, 'hex'),
    vectors.agent.pubkey,
  )
  let derived = 0
  const reader = new VoucherReader((key) => {
    derived += 1
    return addressesOf(key)
  }, 1)
  const text = signVoucher(agent, 5n)
  const first = reader.read(agent.pubkey, text)
  expect(first.kind).toBe('verified')
  expect(reader.read(agent.pubkey, text)).toEqual(first)
  expect(derived).toBe(1)
  expect(reader.read(agent.pubkey, text.replace('5:', '4:')).kind).toBe('refused')
  expect(reader.read(vectors.receipt_key.pubkey, text).kind).toBe('refused')
  expect(derived).toBe(3)
  expect(reader.read(agent.pubkey, text)).toEqual(first)
  expect(derived).toBe(3)
})

test.each([
  ['OpenAI', CALL, CHAT],
  ['Anthropic', '/v1/messages', { ...CHAT, model: 'claude-test' }],
])(
  'C8, C9: %s: a call needs a voucher, is told which, and goes through with it',
  async (_, target, body) => {
    const gateway = await startGateway(REQUIRED)
    const agent = await gateway.agent(10_000n)
    gateway.provider.will(
      target === CALL
        ? chatReply()
        : jsonReply(200, { usage: { input_tokens: 12, output_tokens: 7 } }),
    )
    const worst = BigInt(JSON.stringify(body).length + 200)
    const first = await agent.post(target, body)
    expect(first.status).toBe(402)
    expect(first.headers.get('cache-control')).toBe('no-store')
    expect(first.headers.get('x-should-retry')).toBe('false')
    const { error, payment } = await refusalOf(first)
    expect(error.code).toBe('authorization_required')
    expect(payment).toMatchObject({
      required: worst.toString(),
      available: '10000',
      shortfall: '0',
      affordable_max_tokens: 0,
      authorize: {
        vault: addressesOf(agent.pubkey).vault,
        cumulative: worst.toString(),
        signed: '0',
      },
    })
    expect(gateway.provider.seen).toEqual([])
    const short = await agent.post(target, body, withVoucher(signVoucher(agent, worst - 1n)))
    expect(await refusalOf(short)).toMatchObject({
      error: { code: 'authorization_required' },
      payment: {
        affordable_max_tokens: 99,
        authorize: { cumulative: worst.toString(), signed: (worst - 1n).toString() },
      },
    })
    const total = BigInt(payment?.authorize?.cumulative ?? 0)
    const covered = await agent.post(target, body, withVoucher(signVoucher(agent, total)))
    expect(covered.status).toBe(200)
    const next = await refusalOf(await agent.post(target, body))
    expect(next.payment?.authorize).toMatchObject({
      cumulative: (worst + 26n).toString(),
      signed: total.toString(),
    })
  },
)

test('C8: the balance is asked for before a signature, and no more of a voucher counts than there is', async () => {
  const gateway = await startGateway(REQUIRED)
  const agent = await gateway.agent(100n)
  const most = signVoucher(agent, 2n ** 64n - 1n)
  const poor = await refusalOf(await agent.post(CALL, CHAT, withVoucher(most)))
  expect(poor.error.code).toBe('insufficient_balance')
  expect(poor.payment).not.toHaveProperty('authorize')
  await credit(gateway.ledger, agent.pubkey, WORST - 100n, 2)
  expect((await agent.post(CALL, CHAT)).status).toBe(200)
})

test('C8: parallel calls together hold no more than was signed for', async () => {
  const gateway = await startGateway(REQUIRED)
  const agent = await gateway.agent(1_000_000n)
  const waiting: (() => void)[] = []
  gateway.provider.will(async (response, seen) => {
    await new Promise<void>((resolve) => waiting.push(resolve))
    await chatReply()(response, seen)
  })
  await agent.post('/v1/vouchers', { voucher: signVoucher(agent, WORST * 3n + 5n) })
  const needed: (string | undefined)[] = []
  const calls = Array.from({ length: 10 }, async () => {
    const response = await agent.post(CALL, CHAT)
    if (response.status === 402) {
      needed.push((await refusalOf(response)).payment?.authorize?.cumulative)
    }
    return response.status
  })
  await until(() => needed.length === 7 && waiting.length === 3)
  expect(new Set(needed)).toEqual(new Set([(WORST * 4n).toString()]))
  for (const go of waiting) go()
  expect((await Promise.all(calls)).filter((status) => status === 200)).toHaveLength(3)
})

test('a cap that the gateway chooses is what the balance affords, not what happens to be signed', async () => {
  const gateway = await startGateway(REQUIRED)
  const agent = await gateway.agent(10_000n)
  const { max_tokens: _, ...uncapped } = CHAT
  const bytes = BigInt(JSON.stringify(uncapped).length)
  const response = await agent.post(CALL, uncapped, withVoucher(signVoucher(agent, bytes + 20n)))
  expect((await refusalOf(response)).payment?.authorize?.cumulative).toBe(
    (bytes + 2_000n).toString(),
  )
})

test('C8: a quote says what the call would do: signed for or not, frozen or not', async () => {
  const gateway = await startGateway(REQUIRED)
  const agent = await gateway.agent(1_000n)
  const quote = async () => (await agent.post('/v1/quote', CHAT)).json()
  const worst_case = WORST.toString()
  expect(await quote()).toMatchObject({ worst_case, affordable: false, affordable_max_tokens: 0 })
  await agent.post('/v1/vouchers', { voucher: signVoucher(agent, WORST - 1n) })
  expect(await quote()).toMatchObject({ affordable: false, affordable_max_tokens: 99 })
  await agent.post('/v1/vouchers', { voucher: signVoucher(agent, WORST) })
  expect(await quote()).toMatchObject({ affordable: true, affordable_max_tokens: 100 })
  const { vault } = addressesOf(agent.pubkey)
  await gateway.ledger.noteFrozen(vault, true)
  expect(await quote()).toMatchObject({ worst_case, affordable: false, affordable_max_tokens: 0 })
  await gateway.ledger.noteFrozen(vault, false)
  expect((await agent.post(CALL, CHAT)).status).toBe(200)
})

import { PublicKey } from '@solana/web3.js'
import { expect, test } from 'vitest'
import { createX402 } from '../../src/x402/x402.ts'
import type { TestAgent } from '../support/agent.ts'
import { credit, startGateway, type TestGateway, until } from '../support/gateway.ts'
import { chatStream, streamReply } from '../support/provider.ts'
import { openSession } from '../support/session.ts'
import { anyPayment, encode, header, instructionsOf, sign } from './payment.ts'
import { newOperator, StubChain, siteOf } from './site.ts'

const CALL = '/v1/chat/completions'
/** Holds some 700 units. */
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 300 }

/** A gateway that takes x402 payments on a stub chain; what lands is credited as the watcher would. */
async function startPaid() {
  const { operator } = newOperator()
  const site = siteOf(operator)
  const chain = new StubChain()
  const places = new Map<string, { vault: string; depositAddress: string }>()
  const placeOf = (agent: string) => {
    const place = places.get(agent) ?? {
      vault: `vault-${agent}`,
      depositAddress: PublicKey.unique().toBase58(),
    }
    places.set(agent, place)
    return place
  }
  let gateway: TestGateway | null = null
  const ledger = () => gateway?.ledger ?? expect.fail('no gateway')
  const x402 = createX402({
    site,
    placeOf,
    operator,
    chain,
    ledger: { balance: (agent) => ledger().balance(agent), vaults: () => ledger().vaults() },
    wake: () => {},
    log: { info: () => {}, warn: () => {} },
    now: Date.now,
    signal: new AbortController().signal,
  })
  gateway = await startGateway({ x402 })
  let deposits = 1_000
  chain.arrived = async (vault) => {
    const agent = vault.slice('vault-'.length)
    await credit(ledger(), agent, 250_000n, deposits++)
    return (await ledger().balance(agent)).deposited
  }
  function payFor(agent: TestAgent): Record<string, string> {
    const { vault, depositAddress } = placeOf(agent.pubkey)
    const destination = new PublicKey(depositAddress)
    const keys = { operator: new PublicKey(site.feePayer), mint: new PublicKey(site.mint) }
    const payment = anyPayment({ ...keys, destination })
    const transaction = sign(payment, instructionsOf(payment))
    return { 'payment-signature': header(site, vault, payment.amount, transaction) }
  }
  return { gateway, chain, payFor, site }
}

function decoded(response: Response, name: string): Record<string, unknown> | null {
  const value = response.headers.get(name)
  return value === null ? null : JSON.parse(Buffer.from(value, 'base64').toString())
}

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code
}

test('a 402 asks x402 clients for the shortfall, at least the minimum, where the vault is open', async () => {
  const { gateway, site } = await startPaid()
  const agent = await gateway.agent(10n)
  const small = await agent.post(CALL, CHAT)
  expect(decoded(small, 'payment-required')).toEqual({
    x402Version: 2,
    error: 'insufficient_balance',
    resource: {
      url: `${gateway.url}${CALL}`,
      description: expect.any(String),
      mimeType: 'application/json',
    },
    accepts: [
      {
        scheme: 'exact',
        network: site.network,
        amount: '100000',
        asset: site.mint,
        payTo: `vault-${agent.pubkey}`,
        maxTimeoutSeconds: 120,
        extra: { feePayer: site.feePayer },
      },
    ],
  })
  const dear = await agent.post(CALL, { ...CHAT, n: 128, max_tokens: 1_000 })
  const { payment } = (await dear.json()) as { payment: { shortfall: string } }
  expect(Number(payment.shortfall)).toBeGreaterThan(100_000)
  const { accepts } = decoded(dear, 'payment-required') ?? {}
  expect(accepts).toMatchObject([{ amount: payment.shortfall }])

  const stranger = await gateway.agent(0n)
  const without = await stranger.post(CALL, CHAT)
  expect([without.status, decoded(without, 'payment-required')]).toEqual([402, null])
  const rich = await gateway.agent(10_000n)
  const { token } = await openSession(gateway.url, rich, { spend_limit: '5' })
  const limited = await fetch(`${gateway.url}${CALL}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(CHAT),
  })
  expect([await codeOf(limited), decoded(limited, 'payment-required')]).toEqual([
    'session_limit_reached',
    null,
  ])
})

test('a call with a payment is served from what it brings, streamed or not; the credit stays', async () => {
  const { gateway, chain, payFor } = await startPaid()
  const agent = await gateway.agent(10n)
  const headers = payFor(agent)
  const served = await agent.post(CALL, CHAT, { headers })
  expect(served.status).toBe(200)
  expect(decoded(served, 'payment-response')).toMatchObject({ success: true, amount: '250000' })
  expect(gateway.provider.seen[0]?.headers).not.toHaveProperty('payment-signature')

  gateway.provider.will(streamReply(chatStream(['Hi'])))
  const again = await agent.post(CALL, { ...CHAT, stream: true }, { headers })
  expect(decoded(again, 'payment-response')).toMatchObject({ success: true })
  expect(await again.text()).toContain('[DONE]')
  expect(chain.asked.land).toBe(1)
  expect((await gateway.ledger.balance(agent.pubkey)).deposited).toBe(250_010n)
})

test('a payment that fails says why; a call that can be held without it is served all the same', async () => {
  const { gateway, chain, payFor } = await startPaid()
  chain.wouldFail = 'no money'
  const poor = await gateway.agent(10n)
  const refused = await poor.post(CALL, CHAT, { headers: payFor(poor) })
  expect(refused.status).toBe(402)
  expect(decoded(refused, 'payment-required')).not.toBeNull()
  expect(decoded(refused, 'payment-response')).toMatchObject({
    success: false,
    errorReason: 'invalid_exact_svm_transaction_simulation_failed',
    errorMessage: expect.stringContaining('no money'),
  })
  const rich = await gateway.agent(10_000n)
  expect((await rich.post(CALL, CHAT, { headers: payFor(rich) })).status).toBe(200)
  expect((await rich.post(CALL, CHAT, { headers: { 'payment-signature': '?' } })).status).toBe(200)
  expect(chain.asked.land).toBe(0)
})

test('nothing is paid for a call that cannot be served, or that nobody asked for', async () => {
  const { gateway, chain, payFor } = await startPaid()
  const agent = await gateway.agent(10n)
  const headers = payFor(agent)
  expect((await agent.post(CALL, { ...CHAT, model: 'nothing' }, { headers })).status).toBe(404)
  const body = JSON.stringify(CHAT)
  const rich = await gateway.agent(10_000n)
  const paid = payFor(rich)
  const post = (more: Record<string, string>) =>
    fetch(`${gateway.url}${CALL}`, { method: 'POST', headers: { ...paid, ...more }, body })
  expect((await post({})).status).toBe(401)

  const signed = rich.sign(CALL, { method: 'POST', body })
  const ask = { method: 'POST', body }
  const first = await fetch(`${gateway.url}${CALL}`, { ...ask, headers: signed })
  expect(first.status).toBe(200)
  expect((await post(signed)).status).toBe(401)

  const { id, token } = await openSession(gateway.url, rich)
  const session = { authorization: `Bearer ${token}` }
  const known = await fetch(`${gateway.url}${CALL}`, { ...ask, headers: session })
  expect(known.status).toBe(200)
  expect(await gateway.ledger.revokeSession(rich.pubkey, id, Date.now())).toBe(true)
  expect((await post(session)).status).toBe(401)
  expect(chain.asked).toMatchObject({ simulate: 0, land: 0 })
})

test('S2: a gateway that stops waits for no payment, and tells whoever does', async () => {
  const { gateway, chain, payFor } = await startPaid()
  chain.landing = () => new Promise(() => {})
  const agent = await gateway.agent(10n)
  const waiting = agent.post(CALL, CHAT, { headers: payFor(agent) })
  await until(() => chain.asked.land === 1)
  await gateway.close()
  expect([(await waiting).status, gateway.provider.seen.length]).toEqual([503, 0])
})

test('a top-up asks, is paid, and says what there is', async () => {
  const { gateway, chain, payFor } = await startPaid()
  const agent = await gateway.agent(10n)
  const target = '/x402/top-up'
  const asked = await agent.post(target, { amount: '2000000' })
  expect(asked.status).toBe(402)
  expect(decoded(asked, 'payment-required')?.['accepts']).toMatchObject([{ amount: '2000000' }])
  expect(await asked.json()).toMatchObject({
    error: { code: 'insufficient_balance' },
    payment: { shortfall: '2000000', available: '10' },
  })
  const unnamed = await agent.fetch(target, { method: 'POST' })
  expect(decoded(unnamed, 'payment-required')?.['accepts']).toMatchObject([{ amount: '1000000' }])

  const headers = payFor(agent)
  const paid = await agent.fetch(target, { method: 'POST', headers })
  expect([paid.status, await paid.json()]).toMatchObject([
    200,
    { success: true, data: { walletAddress: agent.pubkey, amount: '250000', balance: '250010' } },
  ])
  expect((await agent.fetch(target, { method: 'POST', headers })).status).toBe(200)
  expect(chain.asked.land).toBe(1)

  chain.wouldFail = 'no money'
  const failed = await agent.fetch(target, { method: 'POST', headers: payFor(agent) })
  expect([failed.status, decoded(failed, 'payment-response')?.['success']]).toEqual([402, false])
})

test('a top-up is for a known vault of a wallet that is named', async () => {
  const { gateway } = await startPaid()
  const agent = await gateway.agent(10n)
  const stranger = await gateway.agent(0n)
  const post = (query: string, body = '') =>
    fetch(`${gateway.url}/x402/top-up${query}`, { method: 'POST', body })
  expect((await post(`?wallet=${agent.pubkey}`)).status).toBe(402)
  expect(await codeOf(await post(''))).toBe('missing_credentials')
  expect(await codeOf(await post('?wallet=nobody'))).toBe('invalid_request')
  expect(await codeOf(await post(`?wallet=${stranger.pubkey}`))).toBe('not_found')
  for (const body of ['{', '{"amount":1}', '{"amount":"0"}', '{"amount":"-5"}', '{"more":1}']) {
    expect((await post(`?wallet=${agent.pubkey}`, body)).status).toBe(400)
  }
})

test('A1, A2: a wallet that signs in reads its own figures once a nonce, and nobody else’s', async () => {
  const { gateway, site } = await startPaid()
  const agent = await gateway.agent(2_500_000n)
  const other = await gateway.agent(5n)
  let nonces = 0
  const signIn = (
    target: string,
    by = agent,
    nonce = `siwxnonce${String(nonces++).padStart(9, '0')}`,
  ) => {
    const fields = {
      domain: new URL(gateway.url).host,
      address: by.pubkey,
      uri: gateway.url + target,
      version: '1',
      chainId: site.network,
      type: 'ed25519',
      nonce,
      issuedAt: new Date().toISOString(),
    }
    const message = `${fields.domain} wants you to sign in with your Solana account:\n${by.pubkey}\n\nURI: ${fields.uri}\nVersion: 1\nChain ID: ${site.network.slice(7)}\nNonce: ${nonce}\nIssued At: ${fields.issuedAt}`
    return { 'sign-in-with-x': encode({ ...fields, signature: by.signMessage(message) }) }
  }
  const read = (target: string, headers: Record<string, string>) =>
    fetch(gateway.url + target, { headers })
  const balance = `/x402/balance/${agent.pubkey}`
  const headers = signIn(balance)
  expect(await (await read(balance, headers)).json()).toEqual({
    success: true,
    data: {
      walletAddress: agent.pubkey,
      balance: '2500000',
      balanceUsd: '2.500000',
      canConsume: true,
      minimumTopUp: '100000',
      suggestedTopUp: '1000000',
    },
  })
  expect(await codeOf(await read(balance, headers))).toBe('replayed_nonce')
  const native = agent.sign('/v1/balance', { nonce: 'sharednonce0123456789' })
  expect((await read('/v1/balance', native)).status).toBe(200)
  const shared = signIn(balance, agent, 'sharednonce0123456789')
  expect(await codeOf(await read(balance, shared))).toBe('replayed_nonce')

  expect(await codeOf(await read(balance, signIn(balance, other)))).toBe('forbidden')
  const forAnother = signIn(`/x402/balance/${other.pubkey}`)
  expect(await codeOf(await read(balance, forAnother))).toBe('invalid_signature')
  expect(await codeOf(await read(balance, {}))).toBe('missing_credentials')
  expect((await agent.fetch(balance)).status).toBe(200)

  const journal = `/x402/transactions/${agent.pubkey}?limit=1`
  expect(await (await read(journal, signIn(journal))).json()).toMatchObject({
    success: true,
    data: { walletAddress: agent.pubkey, transactions: [{ type: 'DEPOSIT', amount: '2500000' }] },
  })
})

test('A4: an answer that is sent again takes no payment that came along', async () => {
  const { gateway, chain, payFor } = await startPaid()
  const agent = await gateway.agent(1_000n)
  const key = { 'idempotency-key': 'asked-and-paid-for-once' }
  await agent.post(CALL, CHAT, { headers: key })
  const again = await agent.post(CALL, CHAT, { headers: { ...key, ...payFor(agent) } })
  expect(again.headers.get('idempotent-replayed')).toBe('true')
  expect(again.headers.get('payment-response')).toBeNull()
  expect(chain.asked).toEqual({ simulate: 0, land: 0 })
})

test('S4: where x402 is off, nothing of it is there', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10n)
  const refused = await agent.post(CALL, CHAT, { headers: { 'payment-signature': 'x' } })
  expect([refused.status, refused.headers.get('payment-required')]).toEqual([402, null])
  expect(refused.headers.get('payment-response')).toBeNull()
  expect((await agent.post('/x402/top-up', {})).status).toBe(404)
  expect((await agent.fetch(`/x402/balance/${agent.pubkey}`)).status).toBe(404)
})

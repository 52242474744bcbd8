import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { expect, test } from 'vitest'
import { startGateway } from '../support/gateway.ts'
import { openSession } from '../support/session.ts'
import { signVoucher } from '../support/voucher.ts'

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 10 }

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code
}

test('A1: every signed part is bound: another method, target, body, nonce, time or key is refused', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const other = await gateway.agent(10_000n)
  const body = JSON.stringify(CHAT)
  const signed = agent.sign(CALL, { method: 'POST', body })
  const send = (target: string, method: string, text: string, headers: Record<string, string>) =>
    fetch(`${gateway.url}${target}`, { method, headers, ...(text === '' ? {} : { body: text }) })
  const later = new Date(Date.now() + 1_000).toISOString()
  const forged: [string, string, string, Record<string, string>][] = [
    [`${CALL}?a=1`, 'POST', body, signed],
    ['/v1/quote', 'POST', body, signed],
    [CALL, 'POST', `${body} `, signed],
    [CALL, 'POST', body, { ...signed, 'x-agent-pubkey': other.pubkey }],
    [CALL, 'POST', body, { ...signed, 'x-agent-nonce': 'q'.repeat(20) }],
    [CALL, 'POST', body, { ...signed, 'x-agent-issued-at': later }],
    [CALL, 'POST', body, { ...signed, 'x-price-version': `sha256:${'0'.repeat(64)}` }],
    ['/v1/balance', 'GET', '', signed],
  ]
  for (const [target, method, text, headers] of forged) {
    const response = await send(target, method, text, headers)
    expect([response.status, await codeOf(response)]).toEqual([401, 'invalid_signature'])
  }
  expect(gateway.provider.seen).toHaveLength(0)
  // None of the forgeries has spent the nonce.
  expect((await send(CALL, 'POST', body, signed)).status).toBe(200)
  expect((await gateway.ledger.balance(other.pubkey)).spent).toBe(0n)
})

test('A1: the origin is the configured one, whatever the Host header says', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(0n)
  const headers = { ...agent.sign('/v1/balance'), host: 'evil.example.com' }
  const status = await new Promise((resolve, reject) => {
    request(`${gateway.url}/v1/balance`, { headers }, ({ statusCode }) => resolve(statusCode))
      .on('error', reject)
      .end()
  })
  expect(status).toBe(200)
})

test('a signature decides alone: dummy keys of SDKs are ignored, and a bad one is not saved by a session', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const { token } = await openSession(gateway.url, agent)
  const dummies = { authorization: 'Bearer sk-dummy', 'x-api-key': 'dummy' }
  expect((await agent.post(CALL, CHAT, { headers: dummies })).status).toBe(200)
  const broken = { ...dummies, authorization: `Bearer ${token}`, 'x-agent-signature': 'AAAA' }
  expect((await agent.post(CALL, CHAT, { headers: broken })).status).toBe(401)
  const onlyDummies = await fetch(`${gateway.url}/v1/balance`, { headers: dummies })
  expect(await codeOf(onlyDummies)).toBe('missing_credentials')
})

test('A2: a nonce is single use, also after a refusal, at once and after a restart', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const poor = await gateway.agent(0n)
  const body = JSON.stringify(CHAT)
  const ask = { method: 'POST', body }
  const paid = agent.sign(CALL, ask)
  const refused = poor.sign(CALL, ask)
  const send = (headers: Record<string, string>) =>
    fetch(`${gateway.url}${CALL}`, { ...ask, headers })
  expect((await send(paid)).status).toBe(200)
  expect((await send(refused)).status).toBe(402)
  expect(await codeOf(await send(paid))).toBe('replayed_nonce')
  expect(await codeOf(await send(refused))).toBe('replayed_nonce')
  for (const voucher of ['none', signVoucher(agent, 9_000n)]) {
    await gateway.restart()
    expect(await codeOf(await send({ ...paid, 'x-agent-voucher': voucher }))).toBe('replayed_nonce')
    expect(await gateway.ledger.voucher(agent.pubkey)).toBeNull()
  }
  await gateway.restart()
  // Also with a body that no call has.
  const unheardOf = { method: 'POST', body: JSON.stringify({ ...CHAT, model: 'unheard-of' }) }
  const nonce = paid['x-agent-nonce'] ?? ''
  const bent = await fetch(`${gateway.url}${CALL}`, {
    ...unheardOf,
    headers: {
      ...agent.sign(CALL, { ...unheardOf, nonce }),
      'x-agent-voucher': signVoucher(agent, 9_000n),
    },
  })
  expect(await codeOf(bent)).toBe('replayed_nonce')
  expect(await gateway.ledger.voucher(agent.pubkey)).toBeNull()
  await gateway.restart()
  // Also for something else: what a hold has spent is never accepted again.
  const reused = await agent.fetch('/v1/balance', { nonce })
  expect(await codeOf(reused)).toBe('replayed_nonce')
  expect(await codeOf(await send(paid))).toBe('replayed_nonce')
  expect((await gateway.ledger.balance(agent.pubkey)).spent).toBe(26n)
  expect(gateway.provider.seen).toHaveLength(1)
})

test('A2: of many that carry one nonce at the same time, one is served', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(1_000_000n)
  const ask = { method: 'POST', body: JSON.stringify(CHAT) }
  const headers = agent.sign(CALL, ask)
  const sent = Array.from({ length: 20 }, () => fetch(`${gateway.url}${CALL}`, { ...ask, headers }))
  const statuses = (await Promise.all(sent)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status === 401)).toHaveLength(19)
})

test('an agreed price list is honoured: the version in force passes, another is a 409', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const { version } = (await (await fetch(`${gateway.url}/v1/pricing`)).json()) as {
    version: string
  }
  expect((await agent.post(CALL, CHAT, { priceVersion: version })).status).toBe(200)
  const [record] = await gateway.ledger.calls(0, 1)
  expect(record).toMatchObject({ priceVersion: version, auth: { price_version: version } })
  const stored = await gateway.ledger.prices(version)
  expect(JSON.parse(stored?.json ?? '{}')).toHaveProperty('gpt-4o-mini')
})

test('the fixed bytes of the vectors are accepted at their time', async () => {
  const { signed_requests, agent } = JSON.parse(readFileSync('test/vectors.json', 'utf8')) as {
    agent: { pubkey: string }
    signed_requests: Record<'origin' | 'target' | 'nonce' | 'issuedAt' | 'signature', string>[]
  }
  const vector = signed_requests.find(({ target }) => target === '/v1/balance')
  if (vector === undefined) throw new Error('no vector')
  const { origin, target, nonce, issuedAt, signature } = vector
  const gateway = await startGateway({
    publicUrl: origin,
    now: () => Date.parse(issuedAt) + 60_000,
  })
  const headers = {
    'x-agent-pubkey': agent.pubkey,
    'x-agent-nonce': nonce,
    'x-agent-issued-at': issuedAt,
    'x-agent-signature': signature,
  }
  const response = await fetch(`${gateway.url}${target}`, { headers })
  expect(await response.json()).toMatchObject({ agent: agent.pubkey, available: '0' })
})

/** One key, one charge: answers that are not streams. Source: wire contract, "Calls". */
import { expect, test } from 'vitest'
import { codeOf, type ReadAnswer, readAnswer } from '../support/answer.ts'
import { startGateway, type TestGateway, until } from '../support/gateway.ts'
import { chatReply, jsonReply, silence } from '../support/provider.ts'
import { openSession } from '../support/session.ts'

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 10 }
/** What `CHAT` holds, and what the provider's answer to it costs. */
const HELD = BigInt(JSON.stringify(CHAT).length + 20)
const CHARGE = 26n
const KEY = 'once_and-for-ALL-0123456789'
const keyed = (key = KEY) => ({ headers: { 'idempotency-key': key } })

function told({ status, headers, bytes }: ReadAnswer) {
  const names = ['content-type', 'x-request-id', 'x-charge', 'x-receipt']
  return { status, bytes, headers: names.map((name) => headers.get(name)) }
}

/** Each refusal of the two says so to clients that retry by themselves. */
function refusedWith(code: string) {
  return (answer: ReadAnswer): void => {
    expect(answer.status).toBe(409)
    expect(codeOf(answer)).toBe(code)
    expect(answer.headers.get('x-should-retry')).toBe('false')
    expect(answer.headers.get('idempotent-replayed')).toBeNull()
  }
}
const isConflict = refusedWith('idempotency_conflict')
const isInProgress = refusedWith('request_in_progress')

async function charges(gateway: TestGateway): Promise<number> {
  return (await gateway.ledger.calls(0, 100)).filter(({ state }) => state === 'settled').length
}

test('A4: the same again is answered with the same, charged once, whatever has changed meanwhile', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(HELD)
  const first = await readAnswer(await agent.post(CALL, CHAT, keyed()))
  expect(first.status).toBe(200)
  expect(first.headers.get('idempotent-replayed')).toBeNull()
  // By now the balance holds no such call, the agreed prices are gone, and so is the provider.
  expect((await agent.post(CALL, CHAT)).status).toBe(402)
  gateway.provider.will(jsonReply(500, {}))
  for (const restarts of [false, true]) {
    if (restarts) await gateway.restart()
    const priceVersion = `sha256:${'0'.repeat(64)}`
    const again = await readAnswer(await agent.post(CALL, CHAT, { ...keyed(), priceVersion }))
    expect(told(again)).toEqual(told(first))
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(again.headers.get('x-balance-remaining')).toBe(`${HELD - CHARGE}`)
  }
  expect(first.headers.get('x-receipt')).not.toBeNull()
  expect(gateway.provider.seen).toHaveLength(1)
  expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({ spent: CHARGE, held: 0n })
  expect(await charges(gateway)).toBe(1)
})

test('A4 A2: a retry is signed anew: the same signature again is a replay of its nonce', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const nonce = 'onceonceonceonce'
  await agent.post(CALL, CHAT, { ...keyed(), nonce })
  const again = await readAnswer(await agent.post(CALL, CHAT, { ...keyed(), nonce }))
  expect([again.status, codeOf(again)]).toEqual([401, 'replayed_nonce'])
  const stranger = await fetch(`${gateway.url}${CALL}`, {
    method: 'POST',
    body: JSON.stringify(CHAT),
    ...keyed(),
  })
  expect(stranger.status).toBe(401)
})

test('A4: a key is its agent’s, by signature and by session, and nobody else’s', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const { token, id } = await openSession(gateway.url, agent, { spend_limit: '1000' })
  const bySession = () =>
    fetch(`${gateway.url}${CALL}`, {
      method: 'POST',
      body: JSON.stringify(CHAT),
      headers: { authorization: `Bearer ${token}`, ...keyed().headers },
    })
  const first = await readAnswer(await bySession())
  expect(told(await readAnswer(await bySession()))).toEqual(told(first))
  expect(told(await readAnswer(await agent.post(CALL, CHAT, keyed())))).toEqual(told(first))
  await agent.fetch(`/v1/sessions/${id}`, { method: 'DELETE' })
  expect((await bySession()).status).toBe(401)
  expect(told(await readAnswer(await agent.post(CALL, CHAT, keyed())))).toEqual(told(first))
  expect(await charges(gateway)).toBe(1)

  const other = await gateway.agent(10_000n)
  const theirs = await readAnswer(await other.post(CALL, CHAT, keyed()))
  expect(theirs.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'))
  expect(await charges(gateway)).toBe(2)
})

test('A4: a key is bound to target and body', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  await agent.post(CALL, CHAT, keyed())
  isConflict(await readAnswer(await agent.post(CALL, { ...CHAT, max_tokens: 11 }, keyed())))
  isConflict(await readAnswer(await agent.post(`${CALL}?v=1`, CHAT, keyed())))
  const messages = await readAnswer(await agent.post('/v1/messages', CHAT, keyed()))
  isConflict(messages)
  expect(JSON.parse(messages.bytes.toString())).toMatchObject({
    type: 'error',
    error: { type: 'invalid_request_error', param: 'Idempotency-Key' },
  })
  expect(await charges(gateway)).toBe(1)
})

test('A4: while the first still runs, a retry is told so, and holds nothing', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const { promise, resolve } = gate()
  gateway.provider.will(async (response, seen) => {
    await promise
    await chatReply()(response, seen)
  })
  const running = agent.post(CALL, CHAT, keyed())
  await until(() => gateway.provider.seen.length === 1)
  const retry = await readAnswer(await agent.post(CALL, CHAT, keyed()))
  isInProgress(retry)
  isConflict(await readAnswer(await agent.post(CALL, { ...CHAT, n: 1 }, keyed())))
  expect((await gateway.ledger.balance(agent.pubkey)).held).toBe(HELD)
  resolve()
  const first = await readAnswer(await running)
  expect(retry.bytes.toString()).toContain(first.headers.get('x-request-id'))
  expect(told(await readAnswer(await agent.post(CALL, CHAT, keyed())))).toEqual(told(first))
  expect(gateway.provider.seen).toHaveLength(1)
})

function gate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((opened) => {
    resolve = opened
  })
  return { promise, resolve }
}

test.each([
  [400, jsonReply(400, { error: 'theirs' })],
  [502, jsonReply(500, {})],
  [503, jsonReply(429, {})],
  [504, silence],
])('A4: a call that failed with %i is not charged, and its key is free', async (status, fails) => {
  const gateway = await startGateway({ timeouts: { headersMs: 200, idleMs: 200, totalMs: 5_000 } })
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(fails)
  for (let tries = 0; tries < 2; tries += 1) {
    expect((await agent.post(CALL, CHAT, keyed())).status).toBe(status)
  }
  gateway.provider.will(chatReply())
  const answered = await readAnswer(await agent.post(CALL, { ...CHAT, n: 1 }, keyed()))
  expect(answered.status).toBe(200)
  expect(answered.headers.get('idempotent-replayed')).toBeNull()
  expect(gateway.provider.seen).toHaveLength(3)
})

test('A4: a call that was refused leaves its key free', async () => {
  const gateway = await startGateway()
  const poor = await gateway.agent(5n)
  expect((await poor.post(CALL, CHAT, keyed())).status).toBe(402)
  const agent = await gateway.agent(10_000n)
  expect((await agent.post(CALL, { ...CHAT, web_search_options: {} }, keyed())).status).toBe(400)
  expect((await agent.post(CALL, { ...CHAT, model: 'nobody' }, keyed())).status).toBe(404)
  expect((await agent.post(CALL, CHAT, keyed())).status).toBe(200)
})

test('A4: whoever left before the answer is told what it was charged, and is never charged again', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(silence)
  const leaving = new AbortController()
  const left = agent.post(CALL, CHAT, { ...keyed(), signal: leaving.signal })
  await until(() => gateway.provider.seen.length === 1)
  leaving.abort()
  await expect(left).rejects.toThrow()
  await until(async () => (await charges(gateway)) === 1)
  const [call] = await gateway.ledger.calls(0, 1)
  const { spent } = await gateway.ledger.balance(agent.pubkey)
  for (let retries = 0; retries < 2; retries += 1) {
    const told = await readAnswer(await agent.post(CALL, CHAT, keyed()))
    isConflict(told)
    expect(told.bytes.toString()).toContain(`${call?.requestId}, was charged ${spent} units`)
  }
  expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({ spent, held: 0n })
})

test('A4: an answer larger than is kept is given once, and charged once', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const usage = { prompt_tokens: 4, total_tokens: 4 }
  gateway.provider.will(jsonReply(200, { data: 'x'.repeat(4_194_304), usage }))
  const asked = { model: 'embed-small', input: 'Hi' }
  expect((await agent.post('/v1/embeddings', asked, keyed())).status).toBe(200)
  isConflict(await readAnswer(await agent.post('/v1/embeddings', asked, keyed())))
  expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({ spent: 4n })
})

test.each(['', 'x'.repeat(15), 'x'.repeat(129), `${'x'.repeat(16)}.`, 'zehn-und-sechs-ü'])(
  'A4: %o is no key',
  async (key) => {
    const gateway = await startGateway()
    const agent = await gateway.agent(10_000n)
    const response = await readAnswer(await agent.post(CALL, CHAT, keyed(key)))
    expect(response.status).toBe(400)
    expect(JSON.parse(response.bytes.toString())).toMatchObject({
      error: { code: 'invalid_request', param: 'Idempotency-Key' },
    })
    expect(gateway.provider.seen).toEqual([])
  },
)

test.each(['x'.repeat(16), 'Az09_-'.repeat(21).concat('xy')])('A4: %o is a key', async (key) => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  expect((await agent.post(CALL, CHAT, keyed(key))).status).toBe(200)
})

test('where nothing is charged a key means nothing', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(jsonReply(200, { input_tokens: 9 }))
  const { model, messages } = { ...CHAT, model: 'claude-test' }
  for (let times = 0; times < 2; times += 1) {
    const counted = await agent.post('/v1/messages/count_tokens', { model, messages }, keyed('x'))
    expect(counted.status).toBe(200)
    expect((await agent.fetch('/v1/balance', keyed('x'))).status).toBe(200)
  }
  expect(gateway.provider.seen).toHaveLength(2)
})

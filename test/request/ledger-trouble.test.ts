import { expect, test } from 'vitest'
import { LedgerUnavailable } from '../../src/ledger/ledger.ts'
import { startGateway, until } from '../support/gateway.ts'
import { chatReply, chatStream, jsonReply, streamReply, written } from '../support/provider.ts'

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 50 }

test('L6: a ledger that cannot hold refuses the call, and nothing goes to the provider', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  gateway.ledger.hold = () => Promise.reject(new LedgerUnavailable('busy'))
  expect((await agent.post(CALL, CHAT)).status).toBe(503)
  expect(gateway.provider.seen).toEqual([])
})

test.each(['settle', 'release'] as const)(
  'a ledger that is away for a moment loses no %s',
  async (end) => {
    const gateway = await startGateway()
    const agent = await gateway.agent(10_000n)
    const { ledger } = gateway
    const write = ledger[end].bind(ledger) as (value: unknown) => Promise<unknown>
    let failures = 1
    function failFirst(value: unknown): Promise<unknown> {
      failures -= 1
      return failures >= 0 ? Promise.reject(new LedgerUnavailable('busy')) : write(value)
    }
    Object.assign(ledger, { [end]: failFirst })
    gateway.provider.will(end === 'settle' ? chatReply() : jsonReply(400, {}))
    const response = await agent.post(CALL, CHAT)
    expect(response.status).toBe(end === 'settle' ? 200 : 400)
    const spent = end === 'settle' ? 26n : 0n
    expect(await ledger.balance(agent.pubkey)).toMatchObject({ held: 0n, spent })
  },
)

test('L4: a hold that was resolved while its call was stalled stays resolved', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const body = JSON.stringify(CHAT)
  gateway.provider.will(async (response, seen) => {
    await gateway.ledger.resolveExpired(Date.now() + 3_600_000)
    await chatReply()(response, seen)
  })
  const response = await agent.fetch(CALL, { method: 'POST', body })
  expect(response.status).toBe(200)
  const records = await gateway.ledger.calls(0, 10)
  expect(records).toHaveLength(1)
  expect(records[0]).toMatchObject({ charge: BigInt(body.length), usage: { outcome: 'recovered' } })
  expect(await gateway.ledger.audit()).toBeNull()
  expect(gateway.log.join('')).toContain('call was resolved before it ended')
})

test('L5: a hold that nobody renews is resolved once its lease has ended, and not before', async () => {
  let clock = Date.now()
  const gateway = await startGateway({ now: () => clock, drainMs: 0 })
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    await written(response, chatStream(['Hello'])[0] ?? '')
  })
  const body = JSON.stringify({ ...CHAT, stream: true })
  const { ledger } = gateway
  const settle = ledger.settle.bind(ledger)
  // As if the process had died: nobody settles.
  ledger.settle = () => new Promise(() => {})
  ledger.renew = () => Promise.resolve()
  const controller = new AbortController()
  const { signal } = controller
  await agent.fetch(CALL, { method: 'POST', body, signal })
  expect((await ledger.balance(agent.pubkey)).held).toBeGreaterThan(0n)
  clock += 9_000
  expect(await ledger.resolveExpired(clock)).toEqual([])
  clock += 1_001
  expect(await ledger.resolveExpired(clock)).toHaveLength(1)
  expect(await ledger.balance(agent.pubkey)).toMatchObject({ held: 0n, spent: BigInt(body.length) })
  ledger.settle = settle
  controller.abort()
})

test('M8: the whole call has a bound, however busy the provider is', async () => {
  const timeouts = { headersMs: 5_000, idleMs: 5_000, totalMs: 400 }
  const gateway = await startGateway({ timeouts })
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const [chunk = ''] = chatStream(['x'])
    while (!response.destroyed) {
      await written(response, chunk)
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  const response = await agent.post(CALL, { ...CHAT, stream: true })
  expect(await response.text().catch(() => 'cut')).toBe('cut')
  await until(async () => (await gateway.ledger.calls(0, 1)).length === 1)
  const [record] = await gateway.ledger.calls(0, 1)
  expect(record).toMatchObject({ usage: { outcome: 'provider_stalled' } })
})

test('embeddings are charged by their input, Responses by both', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(
    jsonReply(200, { object: 'list', data: [], usage: { prompt_tokens: 4, total_tokens: 4 } }),
    jsonReply(200, {
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      output: [],
      usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
    }),
  )
  const embedded = await agent.post('/v1/embeddings', { model: 'embed-small', input: 'Hi' })
  expect(embedded.headers.get('x-charge')).toBe('4')
  const answered = await agent.post('/v1/responses', { model: 'gpt-4o-mini', input: 'Hi' })
  expect(answered.headers.get('x-charge')).toBe('20')
  expect(gateway.provider.seen.map(({ url }) => url)).toEqual(['/v1/embeddings', '/v1/responses'])
})

test('a stream asked of a provider that answers with a plain body is read as one', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(chatReply(), streamReply(chatStream(['Hi'])))
  const response = await agent.post(CALL, { ...CHAT, stream: true })
  expect(response.headers.get('x-charge')).toBe('26')
})

import { describe, expect, test } from 'vitest'
import { startGateway, until } from '../support/gateway.ts'
import {
  type Behaviour,
  chatChunk,
  chatReply,
  chatStream,
  DONE,
  jsonReply,
  messagesStream,
  silence,
  streamReply,
  written,
} from '../support/provider.ts'

const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 100 }
const QUICK = { headersMs: 300, idleMs: 300, totalMs: 5_000 }

describe('M8: what a provider answers before a 200 costs nothing, and is asked once', () => {
  test.each([400, 404, 413, 422])('its %i passes unchanged', async (status) => {
    const gateway = await startGateway()
    const agent = await gateway.agent(10_000n)
    const body = { error: { message: 'from the provider', weird: [1, 2] } }
    const headers = { 'x-ratelimit-limit-requests': '9', 'openai-organization': 'operator' }
    gateway.provider.will(jsonReply(status, body, headers))
    const response = await agent.post('/v1/chat/completions', CHAT)
    expect(response.status).toBe(status)
    expect(await response.text()).toBe(JSON.stringify(body))
    expect(response.headers.get('x-ratelimit-limit-requests')).toBeNull()
    expect(response.headers.get('openai-organization')).toBeNull()
    expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({
      available: 10_000n,
      held: 0n,
      spent: 0n,
    })
  })

  const cut: Behaviour = (response) => {
    response.socket?.destroy()
  }
  const gzip = jsonReply(200, { a: 1 }, { 'content-encoding': 'gzip' })
  test.each<[number, string, string, Behaviour]>([
    [502, 'upstream_error', '401', jsonReply(401, { error: 'the operator’s key' })],
    [502, 'upstream_error', '403', jsonReply(403, {})],
    [502, 'upstream_error', '402', jsonReply(402, {})],
    [502, 'upstream_error', '409', jsonReply(409, {})],
    [502, 'upstream_error', '302', jsonReply(302, {}, { location: 'http://127.0.0.1:1/' })],
    [502, 'upstream_error', '500', jsonReply(500, {})],
    [502, 'upstream_error', '503', jsonReply(503, {})],
    [502, 'upstream_error', 'cut before an answer', cut],
    [502, 'upstream_error', '200 that is compressed', gzip],
    [503, 'overloaded', '429', jsonReply(429, {}, { 'retry-after': '17' })],
    [503, 'overloaded', '529', jsonReply(529, {}, { 'retry-after': '17' })],
    [504, 'upstream_timeout', 'silence', silence],
  ])('%i %s for %s', async (status, code, _what, behaviour) => {
    const gateway = await startGateway({ timeouts: QUICK })
    const agent = await gateway.agent(10_000n)
    gateway.provider.will(behaviour)
    const response = await agent.post('/v1/chat/completions', CHAT)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code } })
    expect(response.headers.get('retry-after')).toBe(code === 'overloaded' ? '17' : null)
    expect(gateway.provider.seen).toHaveLength(1)
    expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({
      available: 10_000n,
      held: 0n,
      spent: 0n,
    })
    const [record] = await gateway.ledger.calls(0, 10)
    expect(record).toMatchObject({ state: 'released', reason: code })
  })

  test('a Retry-After that is a date becomes seconds', async () => {
    const gateway = await startGateway()
    const agent = await gateway.agent(10_000n)
    const date = new Date(Date.now() + 60_000).toUTCString()
    gateway.provider.will(jsonReply(429, {}, { 'retry-after': date }))
    const response = await agent.post('/v1/chat/completions', CHAT)
    const seconds = Number(response.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(50)
    expect(seconds).toBeLessThanOrEqual(60)
  })
})

describe('M8: a body that never becomes whole is never charged', () => {
  test.each<[string, number, Behaviour]>([
    [
      'cut',
      502,
      async (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '999' })
        await written(response, '{"id":')
        response.destroy()
      },
    ],
    [
      'stalled',
      504,
      async (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '999' })
        await written(response, '{"id":')
      },
    ],
  ])('%s', async (_what, status, behaviour) => {
    const gateway = await startGateway({ timeouts: QUICK })
    const agent = await gateway.agent(10_000n)
    gateway.provider.will(behaviour)
    expect((await agent.post('/v1/chat/completions', CHAT)).status).toBe(status)
    expect((await gateway.ledger.balance(agent.pubkey)).available).toBe(10_000n)
  })
})

describe('M3: every way in which a 200 can end has its charge', () => {
  const body = JSON.stringify({ ...CHAT, stream: true })
  const bound = BigInt(body.length)
  const usage = chatChunk('', { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19 })
  const failure = 'data: {"error":{"message":"boom","type":"server_error"}}\n\n'

  test.each<[string, Behaviour, string, bigint]>([
    ['whole', streamReply(chatStream(['Hello'])), 'completed', 26n],
    ['whole, no usage', streamReply(chatStream(['Hello'], null)), 'usage_missing', bound + 10n],
    ['cut', streamReply([chatChunk('Hello')], 'cut'), 'provider_failed', bound + 10n],
    ['ended early', streamReply([chatChunk('Hello')]), 'provider_failed', bound + 10n],
    ['stalled', streamReply([chatChunk('Hello')], 'stall'), 'provider_stalled', bound + 10n],
    ['an error event', streamReply([chatChunk('Hello'), failure]), 'provider_failed', bound + 10n],
    ['cut after its usage', streamReply([chatChunk('Hi'), usage], 'cut'), 'provider_failed', 26n],
    ['stalled after its end', streamReply([usage, DONE], 'stall'), 'completed', 26n],
  ])('%s', async (_what, behaviour, outcome, charged) => {
    const gateway = await startGateway({
      timeouts: { headersMs: 3_000, idleMs: 300, totalMs: 5_000 },
    })
    const agent = await gateway.agent(10_000n)
    gateway.provider.will(behaviour)
    const response = await agent.fetch('/v1/chat/completions', { method: 'POST', body })
    const text = await response.text().catch(() => 'cut')
    await until(async () => (await gateway.ledger.calls(0, 10)).length === 1)
    const [record] = await gateway.ledger.calls(0, 10)
    expect(record).toMatchObject({ state: 'settled', charge: charged, usage: { outcome } })
    expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({ held: 0n, spent: charged })
    const complete = outcome === 'completed' || outcome === 'usage_missing'
    const ended = complete || _what === 'an error event' || _what === 'ended early'
    expect(text === 'cut').toBe(!ended)
  })

  test('a whole body without usage costs the input bound and what was generated', async () => {
    const gateway = await startGateway()
    const agent = await gateway.agent(10_000n)
    gateway.provider.will(chatReply(null, 'Hello'))
    const whole = JSON.stringify(CHAT)
    const response = await agent.fetch('/v1/chat/completions', { method: 'POST', body: whole })
    expect(response.headers.get('x-charge')).toBe(String(whole.length + 10))
  })

  test('usage above the worst case is charged at the hold', async () => {
    const gateway = await startGateway()
    const agent = await gateway.agent(10_000n)
    gateway.provider.will(chatReply({ prompt_tokens: 9_000, completion_tokens: 9_000 }))
    const whole = JSON.stringify(CHAT)
    const response = await agent.fetch('/v1/chat/completions', { method: 'POST', body: whole })
    expect(response.headers.get('x-charge')).toBe(String(whole.length + 200))
  })

  test('Anthropic: a cut after message_start is charged at the input it reported', async () => {
    const gateway = await startGateway()
    const agent = await gateway.agent(10_000n)
    gateway.provider.will(streamReply(messagesStream('Hello').slice(0, 3), 'cut'))
    const asked = { model: 'claude-test', max_tokens: 50, messages: CHAT.messages, stream: true }
    await (await agent.post('/v1/messages', asked)).text().catch(() => 'cut')
    await until(async () => (await gateway.ledger.calls(0, 10)).length === 1)
    const [record] = await gateway.ledger.calls(0, 10)
    expect(record).toMatchObject({ charge: 22n, usage: { outcome: 'provider_failed' } })
  })
})

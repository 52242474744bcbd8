import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { startGateway } from '../support/gateway.ts'
import {
  chatReply,
  chatStream,
  messagesReply,
  messagesStream,
  streamReply,
} from '../support/provider.ts'

const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }] }

test('L3: a call holds the worst case, charges the usage and gives the rest back', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const body = JSON.stringify({ ...CHAT, max_tokens: 50 })
  const held: bigint[] = []
  gateway.provider.will(async (response, seen) => {
    held.push((await gateway.ledger.balance(agent.pubkey)).held)
    await chatReply()(response, seen)
  })
  const response = await agent.fetch('/v1/chat/completions', { method: 'POST', body })

  expect(response.status).toBe(200)
  const hold = BigInt(body.length + 50 * 2)
  expect(held).toEqual([hold])
  expect(response.headers.get('x-balance-remaining')).toBe((10_000n - hold).toString())
  expect(response.headers.get('x-charge')).toBe('26')
  expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{24}$/)
  const text = await response.text()
  expect(JSON.parse(text).usage).toEqual({
    prompt_tokens: 12,
    completion_tokens: 7,
    total_tokens: 19,
    cost: 0.000026,
  })
  const books = await gateway.ledger.balance(agent.pubkey)
  expect(books).toMatchObject({ available: 9_974n, held: 0n, spent: 26n })
  const [record] = await gateway.ledger.calls(0, 10)
  expect(record).toMatchObject({
    charge: 26n,
    state: 'settled',
    agent: agent.pubkey,
    usage: {
      outcome: 'completed',
      upstream_id: 'chatcmpl-test',
      response_digest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
      request_digest: `sha256:${createHash('sha256').update(body).digest('hex')}`,
    },
  })
})

test('a stream passes byte for byte but for the usage chunk, and settles before it ends', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const events = chatStream(['Hel', 'lo'])
  gateway.provider.will(streamReply(events))
  const response = await agent.post('/v1/chat/completions', { ...CHAT, stream: true })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
  expect(response.headers.get('x-accel-buffering')).toBe('no')
  const text = await response.text()
  expect(text).toBe([events[0], events[1], events[3]].join(''))
  expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({ held: 0n, spent: 26n })
  expect(JSON.parse(gateway.provider.seen[0]?.body ?? '')).toMatchObject({
    stream_options: { include_usage: true },
    max_completion_tokens: 1_000,
  })
})

test('whoever asks for the usage chunk gets it, with its cost', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(streamReply(chatStream(['Hello'])))
  const asked = { ...CHAT, stream: true, stream_options: { include_usage: true } }
  const text = await (await agent.post('/v1/chat/completions', asked)).text()
  expect(text).toContain('"cost":0.000026')
})

test('Anthropic: bodies and streams in its own format', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const asked = { model: 'claude-test', max_tokens: 20, messages: CHAT.messages }
  gateway.provider.will(messagesReply(), streamReply(messagesStream('Hello')))
  const whole = await agent.post('/v1/messages', asked)
  expect(whole.status).toBe(200)
  expect(await whole.json()).toMatchObject({ usage: { cost: 0.000026 } })
  const stream = await agent.post('/v1/messages', { ...asked, stream: true })
  const text = await stream.text()
  expect(text).toContain('message_stop')
  expect((await gateway.ledger.balance(agent.pubkey)).spent).toBe(52n)
  expect(gateway.provider.seen.map(({ url }) => url)).toEqual(['/v1/messages', '/v1/messages'])
})

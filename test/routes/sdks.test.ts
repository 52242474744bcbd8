import Anthropic from '@anthropic-ai/sdk'
import OpenAI, { APIError } from 'openai'
import { expect, test } from 'vitest'
import { startGateway } from '../support/gateway.ts'
import {
  chatReply,
  chatStream,
  jsonReply,
  messagesReply,
  messagesStream,
  streamReply,
} from '../support/provider.ts'
import { openSession } from '../support/session.ts'
import { signVoucher } from '../support/voucher.ts'

const MESSAGES = [{ role: 'user' as const, content: 'Hi' }]

test('the OpenAI client calls, streams, lists and reads errors with a session as its key', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const { token } = await openSession(gateway.url, agent)
  const client = new OpenAI({ apiKey: token, baseURL: `${gateway.url}/v1`, maxRetries: 0 })
  gateway.provider.will(chatReply(), streamReply(chatStream(['Hel', 'lo'])), jsonReply(500, {}))
  const asked = { model: 'gpt-4o-mini', messages: MESSAGES }
  const whole = await client.chat.completions.create(asked)
  expect(whole.choices[0]?.message.content).toBe('Hello there.')
  expect(whole._request_id).toMatch(/^req_/)
  let text = ''
  for await (const chunk of await client.chat.completions.create({ ...asked, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? ''
  }
  expect(text).toBe('Hello')
  const models: string[] = []
  for await (const model of client.models.list()) models.push(model.id)
  expect(models).toContain('gpt-4o-mini')
  const failure = await client.chat.completions.create(asked).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(APIError)
  expect(failure).toMatchObject({ status: 502, code: 'upstream_error', type: 'server_error' })
})

test('the Anthropic client calls, streams, counts and reads errors with a session as its key', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const { token } = await openSession(gateway.url, agent)
  const client = new Anthropic({ apiKey: token, baseURL: gateway.url, maxRetries: 0 })
  gateway.provider.will(
    messagesReply(),
    streamReply(messagesStream('Hello')),
    jsonReply(200, { input_tokens: 9 }),
    jsonReply(529, {}),
  )
  const asked = { model: 'claude-test', max_tokens: 20, messages: MESSAGES }
  const whole = await client.messages.create(asked)
  expect(whole.content).toEqual([{ type: 'text', text: 'Hello there.' }])
  expect(await client.messages.stream(asked).finalText()).toBe('Hello')
  const { model, messages } = asked
  expect(await client.messages.countTokens({ model, messages })).toEqual({ input_tokens: 9 })
  const failure = await client.messages.create(asked).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(Anthropic.APIError)
  expect(failure).toMatchObject({ status: 503 })
})

const REQUIRED = { admission: { requireVouchers: true, settleMarginSeconds: 60 } }

test('C8: with vouchers required, the plain OpenAI client works within its session, and reads its end once', async () => {
  const gateway = await startGateway(REQUIRED)
  const agent = await gateway.agent(10_000n)
  const asked = { model: 'gpt-4o-mini', messages: MESSAGES, max_tokens: 20 }
  const uncovered = await openSession(gateway.url, agent, { spend_limit: '1000' })
  const baseURL = `${gateway.url}/v1`
  const refused = await new OpenAI({ apiKey: uncovered.token, baseURL }).chat.completions
    .create(asked)
    .catch((error: unknown) => error)
  expect(refused).toMatchObject({ status: 402, code: 'authorization_required' })
  expect(gateway.provider.seen).toHaveLength(0)

  const terms = { spend_limit: '200' }
  const { token } = await openSession(gateway.url, agent, terms, signVoucher(agent, 1_200n))
  let sent = 0
  const counting: typeof fetch = (...request) => {
    sent += 1
    return fetch(...request)
  }
  const client = new OpenAI({ apiKey: token, baseURL, fetch: counting })
  gateway.provider.will(chatReply(), streamReply(chatStream(['Hel', 'lo'])))
  expect((await client.chat.completions.create(asked)).choices).toHaveLength(1)
  let text = ''
  for await (const chunk of await client.chat.completions.create({ ...asked, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? ''
  }
  expect(text).toBe('Hello')
  const over = { ...asked, max_tokens: 100 }
  const ended = await client.chat.completions.create(over).catch((error: unknown) => error)
  expect(ended).toMatchObject({ status: 402, code: 'session_limit_reached' })
  expect(sent).toBe(3)
})

test('C8: with vouchers required, so does the plain Anthropic client', async () => {
  const gateway = await startGateway(REQUIRED)
  const agent = await gateway.agent(10_000n)
  const asked = { model: 'claude-test', max_tokens: 20, messages: MESSAGES }
  const uncovered = await openSession(gateway.url, agent, { spend_limit: '1000' })
  const refused = await new Anthropic({ apiKey: uncovered.token, baseURL: gateway.url }).messages
    .create(asked)
    .catch((error: unknown) => error)
  expect(refused).toMatchObject({ status: 402 })
  expect((refused as { error: unknown }).error).toMatchObject({
    error: { type: 'billing_error', code: 'authorization_required' },
    payment: { authorize: { signed: '0' } },
  })
  const terms = { spend_limit: '300' }
  const { token } = await openSession(gateway.url, agent, terms, signVoucher(agent, 1_300n))
  const client = new Anthropic({ apiKey: token, baseURL: gateway.url })
  gateway.provider.will(messagesReply(), streamReply(messagesStream('Hello')))
  expect((await client.messages.create(asked)).content).toHaveLength(1)
  expect(await client.messages.stream(asked).finalText()).toBe('Hello')
})

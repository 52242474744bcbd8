// The official clients against the built executable: everything that an agent's code does already, paid by signature.
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Agent, createAgent } from '../../src/agent/index.ts'
import { newSecretKey } from '../../src/cli/keygen.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
let agent: Agent
let openai: OpenAI
let anthropic: Anthropic

beforeAll(async () => {
  stack = await startStack()
  agent = await stack.newAgent('10')
  await agent.deposit({ usdc: '5' })
  openai = openaiOf(agent)
  anthropic = new Anthropic({ apiKey: 'unused', baseURL: agent.url, fetch: agent.fetch })
})
afterAll(() => stack.stop())

function openaiOf({ fetch, url }: Agent): OpenAI {
  return new OpenAI({ apiKey: 'unused', baseURL: `${url}/v1`, fetch })
}

const HELLO = [{ role: 'user' as const, content: 'Say hello, wörld 👋' }]
const PARAMETERS = { type: 'object' as const, properties: { city: { type: 'string' } } }

/** The debits of the agent, newest first. */
async function debits(): Promise<{ amount: string; request_id?: string }[]> {
  return (await agent.transactions()).data.filter(({ type }) => type === 'DEBIT')
}

describe('the OpenAI client', () => {
  test('chat: an answer, its cost in the usage, its charge in the transactions', async () => {
    const { data, response } = await openai.chat.completions
      .create({ model: 'gpt-4o-mini', messages: HELLO, max_completion_tokens: 100 })
      .withResponse()
    expect(data.choices[0]?.message.content).toContain('wörld 👋')
    const [debit] = await debits()
    expect(debit?.amount).toBe(response.headers.get('x-charge'))
    expect(debit?.request_id).toBe(response.headers.get('x-request-id'))
    const { cost } = data.usage as unknown as { cost: number }
    expect(cost).toBe(Number(debit?.amount) / 1_000_000)
  })

  test('chat, streamed: the same words; usage only when it was asked for', async () => {
    const body = { model: 'gpt-4o-mini', messages: HELLO, stream: true as const }
    const texts: string[] = []
    const usages: unknown[] = []
    for (const include_usage of [false, true]) {
      const asked = include_usage ? { stream_options: { include_usage } } : {}
      let text = ''
      for await (const chunk of await openai.chat.completions.create({ ...body, ...asked })) {
        text += chunk.choices[0]?.delta.content ?? ''
        if (chunk.usage) usages.push(chunk.usage)
      }
      texts.push(text)
    }
    expect(texts[0]).toContain('wörld 👋')
    expect(texts[0]).toBe(texts[1])
    expect(usages).toEqual([expect.objectContaining({ cost: expect.any(Number) })])
  })

  test('chat with tools: call, result, answer', async () => {
    const tools: OpenAI.ChatCompletionTool[] = [
      { type: 'function', function: { name: 'weather', parameters: PARAMETERS } },
    ]
    const ask = { model: 'gpt-4o-mini', tools }
    const first = await openai.chat.completions
      .stream({ ...ask, messages: HELLO })
      .finalChatCompletion()
    const call = first.choices[0]?.message.tool_calls?.[0]
    if (call?.type !== 'function') throw new Error('no call')
    expect(call.function).toMatchObject({ name: 'weather', arguments: '{"city":"sample"}' })
    const { id, type } = call
    const named = { name: call.function.name, arguments: call.function.arguments }
    const second = await openai.chat.completions.create({
      ...ask,
      messages: [
        ...HELLO,
        { role: 'assistant', tool_calls: [{ id, type, function: named }] },
        { role: 'tool', tool_call_id: id, content: 'sunny' },
      ],
    })
    expect(second.choices[0]?.message.content).toContain('sunny')
  })
})

describe('the OpenAI client beyond chat', () => {
  test('responses, whole and streamed', async () => {
    const ask = { model: 'gpt-4o-mini', input: 'Say hello', max_output_tokens: 100 }
    const whole = await openai.responses.create(ask)
    const streamed = await openai.responses.stream(ask).finalResponse()
    expect(whole.output_text).toContain('Say hello')
    expect(streamed.output_text).toBe(whole.output_text)
  })

  test('embeddings and models', async () => {
    const { data } = await openai.embeddings.create({
      model: 'text-embedding-3-small',
      input: ['a', 'b'],
    })
    expect(data).toHaveLength(2)
    const models: string[] = []
    for await (const { id } of openai.models.list()) models.push(id)
    expect(models).toContain('gpt-4o-mini')
  })

  test('402, 404, 400 arrive as the classes that the client knows, and are not retried', async () => {
    let tries = 0
    const poor = await stack.newAgent('1')
    const counting: typeof fetch = (...args) => {
      tries += 1
      return poor.fetch(...args)
    }
    const client = new OpenAI({ apiKey: 'unused', baseURL: `${poor.url}/v1`, fetch: counting })
    const ask = { model: 'gpt-4o-mini', messages: HELLO, max_completion_tokens: 100 }
    const broke = await client.chat.completions.create(ask).catch((error: unknown) => error)
    expect(broke).toBeInstanceOf(OpenAI.APIError)
    expect(broke).toMatchObject({ status: 402, code: 'insufficient_balance' })
    expect(tries).toBe(1)
    const absent = openai.chat.completions.create({ ...ask, model: 'no-such-model' })
    await expect(absent).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    const refused = openai.chat.completions.create({ ...ask, web_search_options: {} })
    await expect(refused).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter' })
  })
})

describe('the Anthropic client', () => {
  const ask = { model: 'claude-haiku-4-5', max_tokens: 100, messages: HELLO }

  test('messages, whole, streamed and counted', async () => {
    const { data, response } = await anthropic.messages.create(ask).withResponse()
    expect(data.content[0]).toMatchObject({ text: expect.stringContaining('wörld 👋') })
    expect((await debits())[0]?.amount).toBe(response.headers.get('x-charge'))
    const final = await anthropic.messages.stream(ask).finalMessage()
    expect(final.content[0]).toMatchObject({ text: expect.stringContaining('wörld 👋') })
    const { max_tokens: _, ...free } = ask
    const { input_tokens } = await anthropic.messages.countTokens(free)
    expect(input_tokens).toBe(data.usage.input_tokens)
  })

  test('tools, streamed', async () => {
    const tools = [{ name: 'weather', input_schema: PARAMETERS }]
    const message = await anthropic.messages.stream({ ...ask, tools }).finalMessage()
    const wanted = { type: 'tool_use', name: 'weather', input: { city: 'sample' } }
    expect(message).toMatchObject({ stop_reason: 'tool_use', content: [wanted] })
  })

  test('402 and 401 arrive in its own dialect', async () => {
    const poor = await stack.newAgent('1')
    const client = new Anthropic({ apiKey: 'unused', baseURL: poor.url, fetch: poor.fetch })
    const broke = await client.messages.create(ask).catch((error: unknown) => error)
    expect(broke).toBeInstanceOf(Anthropic.APIError)
    expect(broke).toMatchObject({
      status: 402,
      error: {
        type: 'error',
        error: { type: 'billing_error', code: 'insufficient_balance' },
        payment: { deposit_address: (await poor.depositTerms()).deposit_address },
      },
    })
    const unsigned = new Anthropic({ apiKey: 'unused', baseURL: agent.url }).messages.create(ask)
    await expect(unsigned).rejects.toBeInstanceOf(Anthropic.AuthenticationError)
  })
})

test('A3: a session is an API key for unchanged clients, up to its limit', async () => {
  const session = await agent.session({ spend_limit: '20000', models: ['gpt-4o-mini'] })
  expect(session.token).toMatch(/^l5_/)
  const plain = new OpenAI({ apiKey: session.token, baseURL: `${agent.url}/v1` })
  const ask = { model: 'gpt-4o-mini', messages: HELLO, max_completion_tokens: 100 }
  const answer = await plain.chat.completions.create(ask)
  expect(answer.choices[0]?.message.content).toContain('wörld')
  const other = plain.chat.completions.create({ ...ask, model: 'gpt-4o' })
  await expect(other).rejects.toMatchObject({ status: 403 })
  const beyond = plain.chat.completions.create({ ...ask, n: 100, max_completion_tokens: 10_000 })
  await expect(beyond).rejects.toMatchObject({ status: 402, code: 'session_limit_reached' })
  const anthropicSession = await agent.session({ spend_limit: '100000' })
  const claude = new Anthropic({ apiKey: anthropicSession.token, baseURL: agent.url })
  const message = await claude.messages.create({
    model: 'claude-haiku-4-5',
    max_tokens: 100,
    messages: HELLO,
  })
  expect(message.content).toHaveLength(1)
})

test('A1: another key spends its own money, never this one’s', async () => {
  const stranger = createAgent({ key: newSecretKey(), url: agent.url })
  const before = await agent.balance()
  const call = openaiOf(stranger).chat.completions.create({ model: 'gpt-4o-mini', messages: HELLO })
  await expect(call).rejects.toMatchObject({ status: 402 })
  expect(await agent.balance()).toEqual(before)
})

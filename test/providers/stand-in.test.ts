// The stand-in provider as the official SDKs see it: every format, streamed or not, with usage that can be recounted.
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type StandIn, startStandIn } from '../../src/providers/stand-in/server.ts'
import { countTokens, tokenize } from '../../src/providers/stand-in/tokens.ts'
import { createTurnstile } from '../../src/providers/stand-in/turnstile.ts'

let standIn: StandIn
let openai: OpenAI
let anthropic: Anthropic

beforeAll(async () => {
  standIn = await startStandIn({ now: () => 1_795_262_400_000, eventPauseMs: 0 })
  openai = new OpenAI({ apiKey: 'x', baseURL: `${standIn.url}/v1`, maxRetries: 0 })
  anthropic = new Anthropic({ apiKey: 'x', baseURL: standIn.url, maxRetries: 0 })
})
afterAll(() => standIn.close())

const HELLO = [{ role: 'user' as const, content: 'Say hello, wörld 👋' }]
const LONG = 'The same long instructions, again and again. '.repeat(200)
const WEATHER = {
  type: 'object' as const,
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 3 } },
}

test('a token is at most four characters, and never more tokens than bytes', () => {
  for (const text of ['', 'a', 'abcd', 'abcde', 'ü'.repeat(9), '👋👋👋👋👋']) {
    expect(tokenize(text).join('')).toBe(text)
    expect(countTokens(text)).toBe(Math.ceil([...text].length / 4))
    expect(countTokens(text)).toBeLessThanOrEqual(Buffer.byteLength(text))
  }
})

describe('chat completions', () => {
  test('answers the same words, whole and streamed, and counts them', async () => {
    const whole = await openai.chat.completions.create({ model: 'm', messages: HELLO })
    const text = whole.choices[0]?.message.content ?? ''
    expect(text).toContain('wörld 👋')
    expect(whole.usage?.completion_tokens).toBe(countTokens(text))
    expect(whole.usage?.prompt_tokens).toBe(countTokens('user: Say hello, wörld 👋'))
    const stream = await openai.chat.completions.create({
      model: 'm',
      messages: HELLO,
      stream: true,
      stream_options: { include_usage: true },
    })
    let streamed = ''
    let usage: OpenAI.CompletionUsage | null | undefined
    for await (const chunk of stream) {
      streamed += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(streamed).toBe(text)
    expect(usage).toEqual(whole.usage)
  })

  test('keeps the cap, per choice', async () => {
    const body = { model: 'm', messages: HELLO, max_completion_tokens: 3, n: 2 }
    const { choices, usage } = await openai.chat.completions.create(body)
    expect(choices.map(({ finish_reason }) => finish_reason)).toEqual(['length', 'length'])
    expect(usage?.completion_tokens).toBe(6)
  })

  test('ends at a stop sequence', async () => {
    const { choices } = await openai.chat.completions.create({
      model: 'm',
      messages: HELLO,
      stop: 'no model',
    })
    expect(choices[0]?.message.content).toBe('This is the stand-in for m; ')
  })

  test('calls a tool, then answers its result', async () => {
    const tools: OpenAI.ChatCompletionTool[] = [
      { type: 'function', function: { name: 'weather', parameters: WEATHER } },
    ]
    const first = await openai.chat.completions.create({ model: 'm', messages: HELLO, tools })
    const call = first.choices[0]?.message.tool_calls?.[0]
    if (call?.type !== 'function') throw new Error('no call')
    expect(first.choices[0]?.finish_reason).toBe('tool_calls')
    expect(call.function.name).toBe('weather')
    expect(JSON.parse(call.function.arguments)).toEqual({ city: 'sample', days: 3 })
    const runner = openai.chat.completions.stream({ model: 'm', messages: HELLO, tools })
    const { tool_calls } = (await runner.finalMessage()) as OpenAI.ChatCompletionMessage
    expect(tool_calls?.[0]).toMatchObject({ function: call.function })
    const second = await openai.chat.completions.create({
      model: 'm',
      tools,
      messages: [
        ...HELLO,
        { role: 'assistant', tool_calls: [call] },
        { role: 'tool', tool_call_id: call.id, content: 'sunny' },
      ],
    })
    expect(second.choices[0]?.message.content).toContain('sunny')
  })

  test('caches a repeated prefix from 1,024 tokens in steps of 128', async () => {
    const ask = async (model: string, question: string) => {
      const messages = [
        { role: 'system' as const, content: LONG },
        { role: 'user' as const, content: question },
      ]
      const { usage } = await openai.chat.completions.create({ model, messages })
      return usage?.prompt_tokens_details?.cached_tokens
    }
    expect(await ask('cached', 'one?')).toBe(0)
    const cached = (await ask('cached', 'two?')) ?? 0
    expect(cached).toBeGreaterThanOrEqual(1024)
    expect(cached % 128).toBe(0)
    expect(await ask('another', 'two?')).toBe(0)
  })
})

test('responses: whole, streamed, cut at the cap', async () => {
  const whole = await openai.responses.create({ model: 'm', input: 'Say hello' })
  expect(whole.status).toBe('completed')
  expect(whole.output_text).toContain('Say hello')
  expect(whole.usage?.output_tokens).toBe(countTokens(whole.output_text))
  const final = await openai.responses.stream({ model: 'm', input: 'Say hello' }).finalResponse()
  expect(final.output_text).toBe(whole.output_text)
  expect(final.usage).toEqual(whole.usage)
  const cut = await openai.responses.create({ model: 'm', input: 'x', max_output_tokens: 2 })
  expect(cut).toMatchObject({ status: 'incomplete', usage: { output_tokens: 2 } })
  const tools = [{ type: 'function' as const, name: 'weather', parameters: WEATHER, strict: true }]
  const called = await openai.responses.stream({ model: 'm', input: 'x', tools }).finalResponse()
  const args = '{"city":"sample","days":3}'
  expect(called.output[0]).toMatchObject({
    type: 'function_call',
    name: 'weather',
    arguments: args,
  })
})

test('embeddings: equal texts have equal vectors', async () => {
  const { data, usage } = await openai.embeddings.create({ model: 'm', input: ['a', 'b', 'a'] })
  expect(data.map(({ embedding }) => embedding.length)).toEqual([8, 8, 8])
  expect(data[0]?.embedding).toEqual(data[2]?.embedding)
  expect(data[0]?.embedding).not.toEqual(data[1]?.embedding)
  expect(usage).toEqual({ prompt_tokens: 3, total_tokens: 3 })
})

describe('messages', () => {
  test('whole, streamed, counted, cut', async () => {
    const ask = { model: 'm', max_tokens: 100, messages: HELLO }
    const whole = await anthropic.messages.create(ask)
    const final = await anthropic.messages.stream(ask).finalMessage()
    expect(final.content[0]).toMatchObject({ type: 'text', text: expect.stringContaining('👋') })
    expect(final.usage.output_tokens).toBe(whole.usage.output_tokens)
    const { max_tokens: _, ...free } = ask
    const { input_tokens } = await anthropic.messages.countTokens(free)
    expect(input_tokens).toBe(whole.usage.input_tokens)
    const cut = await anthropic.messages.create({ ...ask, max_tokens: 2 })
    expect(cut).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 2 } })
  })

  test('tools, streamed and not', async () => {
    const tools = [{ name: 'weather', input_schema: WEATHER }]
    const ask = { model: 'm', max_tokens: 100, messages: HELLO, tools }
    const wanted = { type: 'tool_use', name: 'weather', input: { city: 'sample', days: 3 } }
    const whole = await anthropic.messages.create(ask)
    expect(whole).toMatchObject({ stop_reason: 'tool_use', content: [wanted] })
    expect(await anthropic.messages.stream(ask).finalMessage()).toMatchObject({ content: [wanted] })
  })

  test('writes a marked prefix to the cache, then reads it; the three inputs are disjoint', async () => {
    const ask = {
      model: 'm',
      max_tokens: 10,
      system: [
        { type: 'text' as const, text: LONG, cache_control: { type: 'ephemeral' as const } },
      ],
      messages: HELLO,
    }
    const tokens = countTokens(LONG)
    const { usage: first } = await anthropic.messages.create(ask)
    expect(first).toMatchObject({
      cache_creation_input_tokens: tokens,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: tokens, ephemeral_1h_input_tokens: 0 },
    })
    const { usage: second } = await anthropic.messages.create(ask)
    expect(second).toMatchObject({
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: tokens,
    })
    expect(second.input_tokens).toBe(first.input_tokens)
  })
})

test('refuses what a provider refuses: no key, no such path, no JSON', async () => {
  const post = (path: string, headers: Record<string, string>, body: string) =>
    fetch(`${standIn.url}${path}`, { method: 'POST', headers, body })
  const key = { authorization: 'Bearer x' }
  expect((await post('/v1/chat/completions', {}, '{}')).status).toBe(401)
  expect((await post('/v1/audio', key, '{}')).status).toBe(404)
  expect((await post('/__proto__', key, '{}')).status).toBe(404)
  expect((await post('/v1/chat/completions', key, '{')).status).toBe(400)
})

describe('the pause', () => {
  test('a shut turnstile lets nothing pass until it is opened', async () => {
    const turnstile = createTurnstile()
    await turnstile.pass()
    turnstile.shut()
    const passed: number[] = []
    const waiting = [1, 2].map((who) => turnstile.pass().then(() => passed.push(who)))
    await new Promise((resolve) => setImmediate(resolve))
    expect(passed).toEqual([])
    turnstile.open()
    await Promise.all(waiting)
    expect(passed).toEqual([1, 2])
    await turnstile.pass()
  })

  test('answers that were held back come after it', async () => {
    standIn.pause()
    const call = openai.chat.completions.create({ model: 'm', messages: HELLO })
    const other = openai.embeddings.create({ model: 'm', input: 'x' })
    standIn.resume()
    const [{ choices }, { data }] = await Promise.all([call, other])
    expect([choices.length, data.length]).toEqual([1, 1])
  })
})

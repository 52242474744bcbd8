import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anthropicMessages } from '../../src/formats/anthropic-messages.ts'
import type { Format } from '../../src/formats/format.ts'
import { openAiChat } from '../../src/formats/openai-chat.ts'
import { openAiEmbeddings } from '../../src/formats/openai-embeddings.ts'
import { openAiResponses } from '../../src/formats/openai-responses.ts'
import { FORMATS } from '../../src/formats/registry.ts'
import { costText } from '../../src/formats/usage-cost.ts'
import {
  charge,
  NO_TOKENS,
  TOKEN_CLASSES,
  type TokenPrices,
  type Tokens,
  units,
} from '../../src/money.ts'

const bytes = (body: unknown): Buffer => Buffer.from(JSON.stringify(body))
const tokensOf = (format: Format, usage: unknown): Tokens | null =>
  format.readBody(bytes({ usage })).tokens

const chat = (usage: unknown) => tokensOf(openAiChat, usage)
const responses = (usage: unknown) => tokensOf(openAiResponses, usage)
const embeddings = (usage: unknown) => tokensOf(openAiEmbeddings, usage)
const messages = (usage: unknown) => tokensOf(anthropicMessages, usage)

const PROMPT = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 }

test.each<[(usage: unknown) => Tokens | null, unknown, Partial<Tokens> | null]>([
  [chat, PROMPT, { input: 100, output: 10 }],
  [
    chat,
    {
      ...PROMPT,
      prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 30, audio_tokens: 0 },
    },
    { input: 10, cached_input: 60, cache_write: 30, output: 10 },
  ],
  [
    chat,
    {
      ...PROMPT,
      completion_tokens_details: { reasoning_tokens: 9, rejected_prediction_tokens: 1 },
    },
    { input: 100, output: 10 },
  ],
  [
    chat,
    { ...PROMPT, prompt_tokens_details: { cached_tokens: 500 } },
    { cached_input: 100, output: 10 },
  ],
  [
    chat,
    { ...PROMPT, prompt_tokens_details: { cached_tokens: 70, cache_write_tokens: 70 } },
    { cached_input: 70, cache_write: 30, output: 10 },
  ],
  [chat, { ...PROMPT, prompt_tokens_details: { cached_tokens: -1 } }, { input: 100, output: 10 }],
  [chat, { ...PROMPT, prompt_tokens_details: null }, { input: 100, output: 10 }],
  [chat, { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, null],
  [responses, { input_tokens: 0, output_tokens: 0 }, null],
  [embeddings, { prompt_tokens: 0, total_tokens: 0 }, null],
  [messages, { input_tokens: 0, output_tokens: 0 }, null],
  [
    messages,
    { input_tokens: 0, cache_read_input_tokens: 9, output_tokens: 0 },
    { cached_input: 9 },
  ],
  [chat, { ...PROMPT, prompt_tokens: -1 }, null],
  [chat, { ...PROMPT, prompt_tokens: 1.5 }, null],
  [chat, { ...PROMPT, completion_tokens: 1e12 }, null],
  [chat, { ...PROMPT, completion_tokens: '10' }, null],
  [chat, { ...PROMPT, completion_tokens: null }, null],
  [chat, { input_tokens: 1, output_tokens: 1 }, null],
  [chat, null, null],
  [chat, [PROMPT], null],
  [
    responses,
    {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 40, cache_write_tokens: 20 },
      output_tokens: 10,
      output_tokens_details: { reasoning_tokens: 8 },
      total_tokens: 110,
    },
    { input: 40, cached_input: 40, cache_write: 20, output: 10 },
  ],
  [embeddings, { prompt_tokens: 8, total_tokens: 8 }, { input: 8 }],
  [embeddings, { total_tokens: 8 }, null],
  [messages, { input_tokens: 5, output_tokens: 6 }, { input: 5, output: 6 }],
  [
    messages,
    {
      input_tokens: 5,
      cache_read_input_tokens: 7,
      cache_creation_input_tokens: 9,
      output_tokens: 6,
    },
    { input: 5, cached_input: 7, cache_write: 9, output: 6 },
  ],
  [
    messages,
    {
      input_tokens: 5,
      cache_creation_input_tokens: 9,
      cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
      output_tokens: 6,
    },
    { input: 5, cache_write: 5, cache_write_1h: 4, output: 6 },
  ],
  [
    messages,
    {
      input_tokens: 5,
      cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
      output_tokens: 6,
    },
    { input: 5, cache_write: 3, cache_write_1h: 4, output: 6 },
  ],
  [
    messages,
    {
      input_tokens: 5,
      cache_creation_input_tokens: 9,
      cache_creation: { ephemeral_1h_input_tokens: 400 },
      output_tokens: 6,
    },
    { input: 5, cache_write_1h: 9, output: 6 },
  ],
  [
    messages,
    { input_tokens: 5, cache_read_input_tokens: null, output_tokens: 6 },
    { input: 5, output: 6 },
  ],
  [messages, { output_tokens: 6 }, null],
  [messages, { input_tokens: 5 }, null],
])('M2: each token is counted in one class (%#)', (read, usage, tokens) => {
  expect(read(usage)).toEqual(tokens && { ...NO_TOKENS, ...tokens })
})

test('M3: the input is known where the output is not', () => {
  const { tokens, inputTokens } = anthropicMessages.readBody(bytes({ usage: { input_tokens: 5 } }))
  expect([tokens, inputTokens]).toEqual([null, { ...NO_TOKENS, input: 5 }])
})

interface ChargeVector {
  readonly why: string
  readonly prices: { readonly [name: string]: string }
  readonly tokens: { readonly [name: string]: number }
  readonly charge: string
}

const VECTORS: readonly ChargeVector[] = JSON.parse(
  readFileSync(new URL('../vectors.json', import.meta.url), 'utf8'),
).charges

/** A usage of nothing at all is none that was said: it stands above. */
const SAID = VECTORS.filter(({ tokens }) => Object.values(tokens).some((count) => count > 0))

test.each(SAID.map((vector) => [vector.why, vector] as const))(
  'M2: charge vector, read from usage: %s',
  (_why, { prices, tokens, charge: expected }) => {
    const at = (name: string): number => tokens[name] ?? 0
    const priceOf = (name: string) => units(BigInt(prices[name] ?? prices['input'] ?? '0'))
    const all = Object.fromEntries(
      TOKEN_CLASSES.map((name) => [name, priceOf(name)]),
    ) as TokenPrices
    const read = messages({
      input_tokens: at('input'),
      cache_read_input_tokens: at('cached_input'),
      cache_creation_input_tokens: at('cache_write') + at('cache_write_1h'),
      cache_creation: { ephemeral_1h_input_tokens: at('cache_write_1h') },
      output_tokens: at('output'),
    })
    if (read === null) throw new Error('no tokens')
    expect(charge(read, all)).toBe(BigInt(expected))
    if (at('cache_write_1h') > 0) return
    const readOpenAi = chat({
      prompt_tokens: at('input') + at('cached_input') + at('cache_write'),
      completion_tokens: at('output'),
      prompt_tokens_details: {
        cached_tokens: at('cached_input'),
        cache_write_tokens: at('cache_write'),
      },
    })
    expect(readOpenAi).toEqual(read)
  },
)

test.each([
  [0n, '0'],
  [1n, '0.000001'],
  [10n, '0.00001'],
  [4_230_000n, '4.23'],
  [100_000_000n, '100'],
  [10_000_001n, '10.000001'],
])('%d units are written as %s USD', (amount, text) => {
  expect(costText(units(amount))).toBe(text)
  expect(Number(text)).toBe(Number(amount) / 1e6)
})

test.each([
  [
    '{"id":"a", "usage" : {"prompt_tokens":1 } , "x":1}',
    '{"id":"a", "usage" : {"prompt_tokens":1,"cost":0.000007 } , "x":1}',
  ],
  ['{"usage":{}}', '{"usage":{"cost":0.000007}}'],
  ['{"usage":{"cost":99,"n":{"cost":1}}}', '{"usage":{"cost":0.000007,"n":{"cost":1}}}'],
  ['{"a":{"usage":{}},"usage":null}', '{"a":{"usage":{}},"usage":null}'],
  ['{"choices":[]}', '{"choices":[]}'],
  ['not json', 'not json'],
  ['{"usage":{"a":1,"a":2}}', '{"usage":{"a":1,"a":2}}'],
])('the cost is added to %s and nothing else changes', (body, withCost) => {
  for (const format of FORMATS.filter(({ billed }) => billed)) {
    expect(Buffer.from(format.withCost(Buffer.from(body), units(7n))).toString('utf8')).toBe(
      withCost,
    )
  }
})

test.each([
  [
    openAiChat,
    { id: 'c', choices: [{ message: { role: 'assistant', content: 'Grüße', refusal: null } }] },
    'c',
    7,
  ],
  [
    openAiChat,
    {
      choices: [0, 1].map(() => ({
        message: {
          tool_calls: [{ id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
      })),
    },
    null,
    6,
  ],
  [
    openAiResponses,
    {
      id: 'r',
      output: [
        {
          type: 'message',
          id: 'm',
          content: [{ type: 'output_text', text: 'abc', annotations: [{ url: 'x' }] }],
        },
      ],
    },
    'r',
    3,
  ],
  [
    anthropicMessages,
    {
      id: 'm',
      content: [
        { type: 'thinking', thinking: 'ab', signature: 'zzz' },
        { type: 'tool_use', id: 't', name: 'f', input: { a: 'bc' } },
      ],
    },
    'm',
    5,
  ],
  [openAiEmbeddings, { data: [{ embedding: 'AAAA' }] }, null, 0],
])(
  'a body without usage is bounded by the bytes that were generated (%#)',
  (format, body, upstreamId, outputBytes) => {
    expect(format.readBody(bytes(body))).toEqual({
      tokens: null,
      inputTokens: null,
      upstreamId,
      outputBytes,
    })
  },
)

test('S3: readers take any value anywhere without throwing, and their counts can be charged', () => {
  const names = [
    'prompt_tokens',
    'completion_tokens',
    'input_tokens',
    'output_tokens',
    'prompt_tokens_details',
    'cached_tokens',
    'cache_creation',
    'ephemeral_1h_input_tokens',
    'cache_creation_input_tokens',
    'usage',
    'choices',
    'content',
    'id',
  ]
  const wild = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, 0, -1, 1.5, 2 ** 53, 1e300, '5', true, 12),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...names), tie('value')),
    ),
  })).value
  const prices = Object.fromEntries(TOKEN_CLASSES.map((name) => [name, units(10n)])) as TokenPrices
  fc.assert(
    fc.property(wild, wild, (usage, rest) => {
      for (const format of FORMATS) {
        const body = bytes({ usage, choices: rest, content: rest, output: rest, id: rest })
        const { tokens } = format.readBody(body)
        if (tokens !== null) expect(charge(tokens, prices)).toBeGreaterThanOrEqual(0n)
        JSON.parse(Buffer.from(format.withCost(body, units(1n))).toString('utf8'))
      }
    }),
    { numRuns: 1000 },
  )
})

test('S3: readers take arbitrary bytes, and nesting beyond any stack', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (body) => {
      for (const format of FORMATS) {
        format.readBody(body)
        expect(Buffer.from(format.withCost(body, units(1n))).equals(Buffer.from(body))).toBe(true)
      }
    }),
  )
  const deep = `{"choices":${'['.repeat(200_000)}${']'.repeat(200_000)},"usage":{"prompt_tokens":1,"completion_tokens":1}}`
  for (const format of FORMATS) {
    format.readBody(Buffer.from(deep))
    format.withCost(Buffer.from(deep), units(1n))
  }
})

test('the cost reaches answers of more values than a request may have', () => {
  const body = `{"data":[${'0.1,'.repeat(1_500_000)}0],"usage":{"prompt_tokens":1}}`
  const text = Buffer.from(openAiEmbeddings.withCost(Buffer.from(body), units(1n))).toString('utf8')
  expect(text.endsWith('"usage":{"prompt_tokens":1,"cost":0.000001}}')).toBe(true)
})

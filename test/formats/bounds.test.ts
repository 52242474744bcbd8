import { expect, test } from 'vitest'
import { anthropicMessages } from '../../src/formats/anthropic-messages.ts'
import { openAiChat } from '../../src/formats/openai-chat.ts'
import { openAiEmbeddings } from '../../src/formats/openai-embeddings.ts'
import { openAiResponses } from '../../src/formats/openai-responses.ts'
import {
  type Body,
  CHAT,
  EMBEDDINGS,
  MESSAGES,
  planOf,
  RESPONSES,
  refusalOf,
  SMALLEST,
} from './plans.ts'

const PNG = 'data:image/png;base64,iVBORw0KGgo='
const PDF = 'data:application/pdf;base64,JVBERi0='
const user = (...content: unknown[]): Body => ({ messages: [{ role: 'user', content }] })
const IMAGE = {
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0=' },
}
const DOCUMENT = {
  type: 'document',
  source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
}

test.each([
  [openAiChat, CHAT, {}, { cap: null, choices: 1, extra: 0 }],
  [openAiChat, CHAT, { max_tokens: 7 }, { cap: 7, choices: 1, extra: 0 }],
  [openAiChat, CHAT, { max_completion_tokens: 7 }, { cap: 7, choices: 1, extra: 0 }],
  [
    openAiChat,
    CHAT,
    { max_completion_tokens: 7, max_tokens: null },
    { cap: 7, choices: 1, extra: 0 },
  ],
  [
    openAiChat,
    CHAT,
    { max_tokens: null, max_completion_tokens: null },
    { cap: null, choices: 1, extra: 0 },
  ],
  [openAiChat, CHAT, { n: 5, max_tokens: 7 }, { cap: 7, choices: 5, extra: 0 }],
  [openAiChat, CHAT, { n: null }, { cap: null, choices: 1, extra: 0 }],
  [openAiResponses, RESPONSES, {}, { cap: null, choices: 1, extra: 0 }],
  [openAiResponses, RESPONSES, { max_output_tokens: null }, { cap: null, choices: 1, extra: 0 }],
  [openAiResponses, RESPONSES, { max_output_tokens: 64 }, { cap: 64, choices: 1, extra: 0 }],
  [openAiEmbeddings, EMBEDDINGS, {}, { cap: 0, choices: 1, extra: 0 }],
  [anthropicMessages, MESSAGES, {}, { cap: 9, choices: 1, extra: 0 }],
  [anthropicMessages, MESSAGES, { max_tokens: 0 }, { cap: 0, choices: 1, extra: 0 }],
  [
    anthropicMessages,
    MESSAGES,
    { thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 2048 },
    { cap: 2048, choices: 1, extra: 0 },
  ],
])('M5: what bounds the output: (%#)', (format, base, more, output) => {
  expect(planOf(format, { ...base, ...more }).output).toEqual(output)
})

test('M5: what bounds the output: a prediction may be rejected token by token, for every choice', () => {
  const prediction = { type: 'content', content: 'const x = 1'.repeat(20) }
  const { output } = planOf(openAiChat, { ...CHAT, n: 3, prediction })
  expect(output.extra).toBeGreaterThanOrEqual(3 * prediction.content.length)
})

test('M5: what bounds the output: two words for one cap are refused', () => {
  const body = { ...CHAT, max_tokens: 1, max_completion_tokens: 1 }
  expect(refusalOf(openAiChat, body)).toMatchObject({
    code: 'invalid_request',
    param: 'max_tokens',
  })
})

test("M5: what bounds the output: Anthropic's format requires the cap", () => {
  const { max_tokens: _, ...body } = MESSAGES
  for (const without of [body, { ...body, max_tokens: null }]) {
    expect(refusalOf(anthropicMessages, without)).toMatchObject({
      code: 'invalid_request',
      param: 'max_tokens',
    })
  }
})

const wrong = [0, -1, 1.5, 1e300, 2 ** 53, '100', true, [1], {}]
test.each([
  [openAiChat, CHAT, 'max_tokens', wrong],
  [openAiChat, CHAT, 'max_completion_tokens', wrong],
  [openAiChat, CHAT, 'n', [...wrong, 129]],
  [openAiResponses, RESPONSES, 'max_output_tokens', wrong],
  [anthropicMessages, MESSAGES, 'max_tokens', wrong.slice(1)],
])(
  'M5: what bounds the output: a count that is none is refused (%#)',
  (format, base, param, values) => {
    for (const value of values) {
      expect(refusalOf(format, { ...base, [param]: value })).toMatchObject({
        code: 'invalid_request',
        param,
      })
    }
  },
)
test.each(SMALLEST)(
  'M5: what bounds the input: %s: every byte of the body, as it was sent',
  (_name, format, body) => {
    const text = JSON.stringify(body, null, 3).replace('"hi"', '"\\u0068\\u0069 世界"')
    expect(planOf(format, text).input.bytes).toBe(Buffer.byteLength(text))
  },
)

test.each([
  [openAiChat, CHAT, user({ type: 'image_url', image_url: { url: PNG, detail: 'high' } }), 1],
  [
    openAiResponses,
    RESPONSES,
    {
      input: [
        { role: 'user', content: [0, 1].map(() => ({ type: 'input_image', image_url: PNG })) },
      ],
    },
    2,
  ],
  [
    openAiResponses,
    RESPONSES,
    {
      input: [
        {
          type: 'function_call_output',
          call_id: 'c',
          output: [{ type: 'input_image', image_url: PNG }],
        },
      ],
    },
    1,
  ],
  [anthropicMessages, MESSAGES, user(IMAGE, { type: 'text', text: 'x' }, IMAGE), 2],
  [
    anthropicMessages,
    MESSAGES,
    user({ type: 'tool_result', tool_use_id: 't', content: [IMAGE] }),
    1,
  ],
  [
    anthropicMessages,
    MESSAGES,
    user({ type: 'document', source: { type: 'content', content: [IMAGE, IMAGE, IMAGE] } }),
    3,
  ],
])('M5: what bounds the input: inline images are counted (%#)', (format, base, more, images) => {
  expect(planOf(format, { ...base, ...more }).input).toMatchObject({ images, documentPages: 0 })
})

test.each([
  [openAiChat, CHAT, user({ type: 'file', file: { filename: 'a.pdf', file_data: PDF } }), 1000],
  [
    openAiResponses,
    RESPONSES,
    { input: [{ role: 'user', content: [{ type: 'input_file', file_data: PDF }] }] },
    1000,
  ],
  [anthropicMessages, MESSAGES, user(DOCUMENT, DOCUMENT), 600],
  [
    anthropicMessages,
    MESSAGES,
    user({ type: 'tool_result', tool_use_id: 't', content: [DOCUMENT] }),
    600,
  ],
  [
    anthropicMessages,
    MESSAGES,
    user({ type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' } }),
    0,
  ],
])(
  'M5: what bounds the input: pages of inline documents are bounded (%#)',
  (format, base, more, documentPages) => {
    expect(planOf(format, { ...base, ...more }).input).toMatchObject({ documentPages, images: 0 })
  },
)

const schema = { type: 'json_schema', name: 'a', schema: {} }
test.each([
  [openAiChat, CHAT, {}, false],
  [openAiChat, CHAT, { tools: [] }, false],
  [openAiChat, CHAT, { tools: [{ type: 'function', function: { name: 'f' } }] }, true],
  [openAiChat, CHAT, { functions: [{ name: 'f' }] }, true],
  [openAiChat, CHAT, { response_format: { type: 'text' } }, false],
  [openAiChat, CHAT, { response_format: { type: 'json_object' } }, true],
  [openAiResponses, RESPONSES, { tools: [{ type: 'custom', name: 'f' }] }, true],
  [openAiResponses, RESPONSES, { text: { format: schema } }, true],
  [openAiResponses, RESPONSES, { text: { format: { type: 'text' } } }, false],
  [
    openAiResponses,
    RESPONSES,
    {
      input: [
        { type: 'additional_tools', role: 'developer', tools: [{ type: 'custom', name: 'f' }] },
      ],
    },
    true,
  ],
  [anthropicMessages, MESSAGES, { tools: [{ name: 'f', input_schema: {} }] }, true],
  [anthropicMessages, MESSAGES, { output_config: { format: schema } }, true],
  [anthropicMessages, MESSAGES, { output_config: { effort: 'low' } }, false],
])(
  "M5: what bounds the input: the provider's own prompt is reckoned with (%#)",
  (format, base, more, tools) => {
    expect(planOf(format, { ...base, ...more }).input.tools).toBe(tools)
  },
)

test('M5: what bounds the input: tools that the provider describes add their definition', () => {
  const tools = [
    { type: 'bash_20250124', name: 'bash' },
    { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' },
  ]
  const body = JSON.stringify({ ...MESSAGES, tools })
  expect(planOf(anthropicMessages, body).input.bytes).toBe(body.length + 2 * 2000)
})

const five = { cache_control: { type: 'ephemeral' } }
const hour = { cache_control: { type: 'ephemeral', ttl: '1h' } }
test.each([
  [{}, 'none'],
  [{ cache_control: null }, 'none'],
  [five, '5m'],
  [{ cache_control: { type: 'ephemeral', ttl: '5m' } }, '5m'],
  [hour, '1h'],
  [{ system: [{ type: 'text', text: 'x', ...five }] }, '5m'],
  [{ system: [{ type: 'text', text: 'x', ...hour }], ...five }, '1h'],
  [{ ...hour, ...user({ type: 'text', text: 'x', ...five }) }, '1h'],
  [{ tools: [{ name: 'f', input_schema: {}, ...hour }] }, '1h'],
  [{ tools: [{ type: 'bash_20250124', name: 'bash', ...five }] }, '5m'],
  [user({ ...IMAGE, ...hour }), '1h'],
  [user({ ...DOCUMENT, ...hour }), '1h'],
  [user({ type: 'tool_use', id: 'a', name: 'f', input: {}, ...five }), '5m'],
  [
    user({
      type: 'tool_result',
      tool_use_id: 'a',
      content: [{ type: 'text', text: '', ...hour }],
    }),
    '1h',
  ],
])('M5: what bounds the input: cache writes decide the dearest class (%#)', (more, cacheWrite) => {
  expect(planOf(anthropicMessages, { ...MESSAGES, ...more }).input.cacheWrite).toBe(cacheWrite)
})

test('M5: what bounds the input: OpenAI writes its cache unasked', () => {
  expect(planOf(openAiChat, CHAT).input.cacheWrite).toBe('5m')
  expect(planOf(openAiResponses, RESPONSES).input.cacheWrite).toBe('5m')
  expect(planOf(openAiEmbeddings, EMBEDDINGS).input.cacheWrite).toBe('none')
})

/** What costs more than tokens, or reaches beyond the body, is refused by name. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anthropicMessages } from '../../src/formats/anthropic-messages.ts'
import { MESSAGES_PARAMETERS } from '../../src/formats/anthropic-parameters.ts'
import type { Format } from '../../src/formats/format.ts'
import { openAiChat } from '../../src/formats/openai-chat.ts'
import { CHAT_PARAMETERS } from '../../src/formats/openai-chat-parameters.ts'
import { openAiResponses } from '../../src/formats/openai-responses.ts'
import { RESPONSES_PARAMETERS } from '../../src/formats/openai-responses-parameters.ts'
import { type Body, CHAT, MESSAGES, planOf, RESPONSES, refusalOf, SMALLEST } from './plans.ts'

const part = (content: unknown): Body => ({ messages: [{ role: 'user', content: [content] }] })
const item = (value: unknown): Body => ({ input: [value] })
const itemPart = (value: unknown): Body => item({ role: 'user', content: [value] })
const FIRST = 'messages[0].content[0]'
const URL = 'https://example.com/a.png'

type Row = readonly [format: Format, base: Body, more: Body, param: string]

const chat = (more: Body, param = Object.keys(more)[0] ?? ''): Row => [
  openAiChat,
  CHAT,
  more,
  param,
]
const responses = (more: Body, param = Object.keys(more)[0] ?? ''): Row => [
  openAiResponses,
  RESPONSES,
  more,
  param,
]
const messages = (more: Body, param = Object.keys(more)[0] ?? ''): Row => [
  anthropicMessages,
  MESSAGES,
  more,
  param,
]

const HOSTED_BY_OPENAI = [
  'web_search',
  'web_search_preview',
  'file_search',
  'code_interpreter',
  'image_generation',
  'computer_use_preview',
  'mcp',
  'shell',
  'tool_search',
  'not_invented_yet',
]
const HOSTED_BY_ANTHROPIC = [
  'web_search_20250305',
  'web_fetch_20250910',
  'code_execution_20250825',
  'tool_search_tool_regex',
  'computer_toolset_20260801',
  'not_invented_yet',
]

test.each<Row>([
  chat({ service_tier: 'priority' }),
  chat({ service_tier: 'flex' }),
  chat({ audio: { voice: 'alloy', format: 'mp3' } }),
  chat({ modalities: ['text', 'audio'] }, 'modalities[1]'),
  chat({ web_search_options: {} }),
  chat({ moderation: { model: 'x' } }),
  chat({ best_of: 5 }),
  chat({ max_output_tokens: 5 }),
  chat({ Max_Tokens: 5 }),
  chat({ tools: [{ type: 'web_search' }] }, 'tools[0].type'),
  chat({ stream_options: { new_option: 1 } }, 'stream_options.new_option'),
  chat(part({ type: 'image_url', image_url: { url: URL } }), `${FIRST}.image_url.url`),
  chat(
    part({ type: 'image_url', image_url: { url: ' data:image/png,' } }),
    `${FIRST}.image_url.url`,
  ),
  chat(part({ type: 'input_audio', input_audio: { data: '', format: 'wav' } }), `${FIRST}.type`),
  chat(part({ type: 'file', file: { file_id: 'file-1' } }), `${FIRST}.file.file_id`),
  chat(
    part({ type: 'file', file: { file_data: 'data:text/csv;base64,' } }),
    `${FIRST}.file.file_data`,
  ),
  chat(part({ type: 'video_url', video_url: {} }), `${FIRST}.type`),
  chat({ messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] }, 'messages[0].audio'),
  chat({ messages: [{ role: 'oracle', content: '' }] }, 'messages[0].role'),
  responses({ previous_response_id: 'resp_1' }),
  responses({ conversation: 'conv_1' }),
  responses({ prompt: { id: 'pmpt_1' } }),
  responses({ background: true }),
  responses({ context_management: [] }),
  responses({ reasoning: { mode: 'pro' } }, 'reasoning.mode'),
  responses({ service_tier: 'scale' }),
  responses(item({ type: 'item_reference', id: 'msg_1' }), 'input[0].type'),
  responses(item({ id: 'msg_1' }), 'input[0].type'),
  responses(itemPart({ type: 'input_image', image_url: URL }), 'input[0].content[0].image_url'),
  responses(itemPart({ type: 'input_image', file_id: 'file-1' }), 'input[0].content[0].file_id'),
  responses(itemPart({ type: 'input_file', file_url: URL }), 'input[0].content[0].file_url'),
  responses(itemPart({ type: 'input_file', file_id: 'file-1' }), 'input[0].content[0].file_id'),
  responses(item({ type: 'mcp_approval_response', approve: true }), 'input[0].type'),
  responses(
    { tools: [{ type: 'function', name: 'f', defer_loading: true }] },
    'tools[0].defer_loading',
  ),
  responses(
    { tools: [{ type: 'custom', name: 'f', allowed_callers: ['programmatic'] }] },
    'tools[0].allowed_callers[0]',
  ),
  responses(
    { tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'mcp' }] }] },
    'tools[0].tools[0].type',
  ),
  ...HOSTED_BY_OPENAI.map((type) => responses({ tools: [{ type }] }, 'tools[0].type')),
  messages({ container: 'container_1' }),
  messages({ mcp_servers: [{ type: 'url', url: URL }] }),
  messages({ context_management: {} }),
  messages({ speed: 'fast' }),
  messages({ inference_geo: 'us' }),
  messages({ service_tier: 'priority' }),
  messages({ diagnostics: { previous_message_id: 'msg_1' } }, 'diagnostics.previous_message_id'),
  messages({ workspace_id: 'wrkspc_1' }),
  messages({ max_completion_tokens: 5 }),
  messages({ output_config: { task_budget: {} } }, 'output_config.task_budget'),
  messages(part({ type: 'image', source: { type: 'url', url: URL } }), `${FIRST}.source.type`),
  messages(part({ type: 'document', source: { type: 'url', url: URL } }), `${FIRST}.source.type`),
  messages(
    part({ type: 'document', source: { type: 'file', file_id: 'f' } }),
    `${FIRST}.source.type`,
  ),
  messages(part({ type: 'container_upload', file_id: 'f' }), `${FIRST}.type`),
  messages(part({ type: 'server_tool_use' }), `${FIRST}.type`),
  messages(
    part({
      type: 'tool_result',
      tool_use_id: 't',
      content: [{ type: 'tool_reference', tool_name: 'f' }],
    }),
    `${FIRST}.content[0].type`,
  ),
  messages({ tools: [{ name: 'f', defer_loading: true }] }, 'tools[0].defer_loading'),
  ...HOSTED_BY_ANTHROPIC.map((type) => messages({ tools: [{ type, name: 'x' }] }, 'tools[0].type')),
])('M5: unsupported_parameter (%#)', (format, base, more, param) => {
  const { code, param: named, message } = refusalOf(format, { ...base, ...more })
  expect({ code, param: named }).toEqual({ code: 'unsupported_parameter', param })
  expect(message).toContain(param)
})

test.each<Row>([
  chat({ model: 5 }),
  chat({ model: '' }),
  chat({ stream: 'yes' }),
  chat({ stream: 1 }),
  chat({ store: 'no' }),
  chat({ messages: 'hi' }),
  chat({ messages: [{ content: 'hi' }] }, 'messages[0].role'),
  chat({ messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'),
  chat({ stream_options: [] }),
  chat({ stream_options: { include_usage: 1 } }, 'stream_options.include_usage'),
  chat({ tools: {} }),
  responses({ input: { role: 'user' } }),
  responses(item({ type: 'reasoning', id: 'rs_1', summary: [] }), 'input[0]'),
  messages({ cache_control: { type: 'ephemeral', ttl: '2h' } }, 'cache_control.ttl'),
  messages({ system: 5 }),
])('M5: invalid_request (%#)', (format, base, more, param) => {
  expect(refusalOf(format, { ...base, ...more })).toMatchObject({ code: 'invalid_request', param })
})

const INHERITED = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']

test.each(SMALLEST)(
  '%s: a parameter without a rule is refused, whatever its name',
  (_name, format, body) => {
    expect(planOf(format, body).model).toBe('m')
    const names = fc.oneof(
      fc.string().map((name) => `x${name}`),
      fc.constantFrom(...INHERITED),
    )
    fc.assert(
      fc.property(names, fc.jsonValue(), (name, value) => {
        const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`
        const text = `{${member},${JSON.stringify(body).slice(1)}`
        const refusal = refusalOf(format, text)
        expect(refusal).toMatchObject({ code: 'unsupported_parameter', param: name })
      }),
      { numRuns: 100 },
    )
  },
)

test('a refusal says which values would pass', () => {
  expect(refusalOf(openAiChat, { ...CHAT, service_tier: 'flex' }).message).toContain(
    '"auto", "default"',
  )
})

test.each(SMALLEST)('%s: the model must be named', (_name, format, body) => {
  const { model: _, ...rest } = body
  for (const without of [rest, { ...rest, model: null }]) {
    expect(refusalOf(format, without)).toMatchObject({ code: 'invalid_request', param: 'model' })
  }
})

test.each([
  [openAiChat, CHAT, CHAT_PARAMETERS],
  [openAiResponses, RESPONSES, RESPONSES_PARAMETERS],
  [anthropicMessages, MESSAGES, MESSAGES_PARAMETERS],
] as const)(
  'null is the same as absent, and any other value of a refused parameter is not (%#)',
  (format, base, table) => {
    for (const [name, rule] of Object.entries(table)) {
      if (rule.kind !== 'refused') continue
      expect(planOf(format, { ...base, [name]: null }).model).toBe('m')
      for (const value of [true, 1, 'x', [], ['x'], { id: 'x' }]) {
        expect(refusalOf(format, { ...base, [name]: value })).toMatchObject({
          code: 'unsupported_parameter',
          param: name,
        })
      }
    }
  },
)

test.each(SMALLEST)('S3: %s: no JSON makes the rules throw', (_name, format, body) => {
  const names = [
    'type',
    'role',
    'content',
    'source',
    'tools',
    'image_url',
    'url',
    'cache_control',
    'input',
  ]
  const wild = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom(
        null,
        0,
        '',
        'text',
        'user',
        'tool_result',
        'image',
        'base64',
        '__proto__',
        true,
      ),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 4 }),
    ),
  })).value
  const params = fc.constantFrom(
    'messages',
    'input',
    'tools',
    'system',
    'thinking',
    'stream_options',
    'text',
  )
  fc.assert(
    fc.property(params, wild, (name, value) => {
      const outcome = format.plan(Buffer.from(JSON.stringify({ ...body, [name]: value })))
      if (outcome.kind === 'planned') outcome.plan.forward(5)
      else expect(['invalid_request', 'unsupported_parameter']).toContain(outcome.refusal.code)
    }),
    { numRuns: 500 },
  )
})

import { expect, test } from 'vitest'
import { anthropicCountTokens } from '../../src/formats/anthropic-count-tokens.ts'
import { anthropicHeaders } from '../../src/formats/anthropic-headers.ts'
import { anthropicMessages } from '../../src/formats/anthropic-messages.ts'
import { openAiChat } from '../../src/formats/openai-chat.ts'
import { openAiEmbeddings } from '../../src/formats/openai-embeddings.ts'
import { openAiResponses } from '../../src/formats/openai-responses.ts'
import { FORMATS } from '../../src/formats/registry.ts'
import { forwarded, planOf } from './plans.ts'

const CHAT_TEXT =
  '{ "model":"m",\n"messages" : [{"role":"user","content":"h\\u0069 \\/ 1.0"}],"temperature":1.0'
const STREAMED = `${CHAT_TEXT},"stream":true,"max_tokens":5`

test.each([
  ['the cap', `${CHAT_TEXT} }`, `${CHAT_TEXT},"max_completion_tokens":77 }`],
  [
    'nothing where the client sent a cap',
    `${CHAT_TEXT},"max_tokens":5}`,
    `${CHAT_TEXT},"max_tokens":5}`,
  ],
  [
    'the cap in the place of a null',
    `${CHAT_TEXT},"max_completion_tokens" : null , "n":2}`,
    `${CHAT_TEXT},"max_completion_tokens" : 77 , "n":2}`,
  ],
  [
    'the cap beside the null of its older name',
    `${CHAT_TEXT},"max_tokens":null}`,
    `${CHAT_TEXT},"max_tokens":null,"max_completion_tokens":77}`,
  ],
  [
    '`store` as false',
    `${CHAT_TEXT},"store":true,"max_tokens":5}`,
    `${CHAT_TEXT},"store":false,"max_tokens":5}`,
  ],
  [
    'the question for usage',
    `${STREAMED}}`,
    `${STREAMED},"stream_options":{"include_usage":true}}`,
  ],
  [
    'the question for usage among other options',
    `${STREAMED},"stream_options":{ "include_obfuscation":false }}`,
    `${STREAMED},"stream_options":{ "include_obfuscation":false,"include_usage":true }}`,
  ],
  [
    'the question for usage in the place of a refusal',
    `${STREAMED},"stream_options":{"include_usage": false}}`,
    `${STREAMED},"stream_options":{"include_usage": true}}`,
  ],
  [
    'the question for usage in the place of a null',
    `${STREAMED},"stream_options":null}`,
    `${STREAMED},"stream_options":{"include_usage":true}}`,
  ],
  [
    'the question for usage in empty options',
    `${STREAMED},"stream_options":{}}`,
    `${STREAMED},"stream_options":{"include_usage":true}}`,
  ],
])('M5: chat gets %s, every other byte as it was', (_what, sent, upstream) => {
  expect(forwarded(openAiChat, sent, 77)).toBe(upstream)
})

test.each([
  ['{"model":"m","input":"é"}', '{"model":"m","input":"é","max_output_tokens":77,"store":false}'],
  ['{"store":true,"model":"m"}', '{"store":false,"model":"m","max_output_tokens":77}'],
  [
    '{"max_output_tokens":20,"store":null,"model":"m"}',
    '{"max_output_tokens":20,"store":false,"model":"m"}',
  ],
  [
    '{"max_output_tokens":null,"model":"m","stream":true}',
    '{"max_output_tokens":77,"model":"m","stream":true,"store":false}',
  ],
])('M5: Responses never store and always have a cap: %s', (sent, upstream) => {
  expect(forwarded(openAiResponses, sent, 77)).toBe(upstream)
})

test.each([
  [openAiEmbeddings, '{"model":"m" , "input":[[1,2,3]],"encoding_format":"base64"}'],
  [
    anthropicMessages,
    '{"max_tokens":1e1,"model":"m","messages":[{"role":"user","content":"\\u00e9"}],"stream":true}',
  ],
  [anthropicCountTokens, '{"model":"m","messages":[{"role":"user","content":"é"}]}'],
])('these go upstream byte for byte (%#)', (format, sent) => {
  expect(forwarded(format, sent, 77)).toBe(sent)
})

test.each([
  [{}, false],
  [{ stream_options: null }, false],
  [{ stream_options: {} }, false],
  [{ stream_options: { include_usage: false } }, false],
  [{ stream_options: { include_usage: true } }, true],
])('the client sees the usage chunk only if it asked (%#)', (more, wants) => {
  const body = { model: 'm', messages: [], stream: true, ...more }
  expect(planOf(openAiChat, body)).toMatchObject({ stream: true, clientWantsUsage: wants })
})

const get = (headers: { [name: string]: string }) => (name: string) => headers[name]

test.each([
  [{}, { 'anthropic-version': '2023-06-01' }],
  [{ 'anthropic-version': '2023-01-01' }, { 'anthropic-version': '2023-01-01' }],
  [
    {
      'anthropic-beta': ' prompt-caching-2024-07-31,, pdfs-2024-09-25',
      'x-api-key': 'k',
      authorization: 'a',
    },
    {
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'prompt-caching-2024-07-31,pdfs-2024-09-25',
    },
  ],
  [{ 'anthropic-beta': '' }, { 'anthropic-version': '2023-06-01' }],
])('only allow-listed headers reach Anthropic (%#)', (sent, headers) => {
  expect(anthropicHeaders(get(sent))).toEqual({ kind: 'forward', headers })
})

test.each([
  [{ 'anthropic-beta': 'pdfs-2024-09-25,context-1m-2025-08-07' }, 'context-1m-2025-08-07'],
  [{ 'anthropic-beta': 'code-execution-2025-05-22' }, 'code-execution-2025-05-22'],
  [{ 'anthropic-beta': 'fast-mode-2026-02-01' }, 'fast-mode-2026-02-01'],
  [{ 'anthropic-beta': 'constructor' }, 'constructor'],
  [{ 'anthropic-version': '2023-06-01\r\nx-evil: 1' }, 'anthropic-version'],
])('other betas are refused by name (%#)', (sent, named) => {
  const outcome = anthropicHeaders(get(sent))
  expect(outcome).toMatchObject({ kind: 'refused' })
  expect(JSON.stringify(outcome)).toContain(named)
})

test("OpenAI's formats forward no header of the client", () => {
  for (const format of FORMATS.filter(({ dialect }) => dialect === 'openai')) {
    expect(format.forwardHeaders(() => 'x')).toEqual({ kind: 'forward', headers: {} })
  }
})

test('the registry: every path once, counting tokens is free', () => {
  expect(
    FORMATS.map(({ name, target, upstreamPath, billed }) => [name, target, upstreamPath, billed]),
  ).toEqual([
    ['openai-chat', '/v1/chat/completions', '/chat/completions', true],
    ['openai-responses', '/v1/responses', '/responses', true],
    ['openai-embeddings', '/v1/embeddings', '/embeddings', true],
    ['anthropic-messages', '/v1/messages', '/messages', true],
    ['anthropic-count-tokens', '/v1/messages/count_tokens', '/messages/count_tokens', false],
  ])
})

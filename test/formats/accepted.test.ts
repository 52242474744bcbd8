/** What clients of the official SDKs send every day must pass. */
import { expect, test } from 'vitest'
import { anthropicCountTokens } from '../../src/formats/anthropic-count-tokens.ts'
import { anthropicMessages } from '../../src/formats/anthropic-messages.ts'
import type { Format } from '../../src/formats/format.ts'
import { openAiChat } from '../../src/formats/openai-chat.ts'
import { openAiEmbeddings } from '../../src/formats/openai-embeddings.ts'
import { openAiResponses } from '../../src/formats/openai-responses.ts'
import { type Body, CHAT, EMBEDDINGS, MESSAGES, planOf, RESPONSES } from './plans.ts'

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const EPHEMERAL = { cache_control: { type: 'ephemeral' } }

test.each<[string, Format, Body]>([
  [
    'chat: a conversation with tools, as the SDK echoes it',
    openAiChat,
    {
      model: 'm',
      messages: [
        { role: 'developer', content: 'Be brief.', name: 'app' },
        { role: 'system', content: [{ type: 'text', text: 'x' }] },
        { role: 'user', content: [{ type: 'text', text: 'Weather?' }] },
        {
          role: 'assistant',
          content: null,
          refusal: null,
          annotations: [],
          audio: null,
          function_call: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: '21' },
        { role: 'function', name: 'f', content: '21' },
      ],
      tools: [
        {
          type: 'function',
          function: { name: 'f', description: 'd', parameters: SCHEMA, strict: true },
        },
        { type: 'custom', custom: { name: 'sql', format: { type: 'text' } } },
      ],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
    },
  ],
  [
    'chat: every knob',
    openAiChat,
    {
      ...CHAT,
      stream: true,
      stream_options: { include_usage: true, include_obfuscation: false },
      max_completion_tokens: 5,
      n: 2,
      temperature: 0.5,
      top_p: 1,
      frequency_penalty: 0,
      presence_penalty: 0,
      logit_bias: { '50256': -100 },
      logprobs: true,
      top_logprobs: 5,
      seed: 1,
      stop: ['\n'],
      user: 'u',
      safety_identifier: 's',
      metadata: { a: 'b' },
      store: true,
      service_tier: 'auto',
      reasoning_effort: 'low',
      verbosity: 'low',
      modalities: ['text'],
      prompt_cache_key: 'k',
      prompt_cache_retention: '24h',
      prompt_cache_options: { mode: 'explicit', ttl: '30m' },
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'a', schema: SCHEMA, strict: true },
      },
    },
  ],
  ['chat: service tier default', openAiChat, { ...CHAT, service_tier: 'default' }],
  [
    'responses: items as they were answered, without storage',
    openAiResponses,
    {
      model: 'm',
      instructions: 'Be brief.',
      input: [
        { role: 'user', content: 'Weather?' },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'in Zürich' }] },
        { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'gAAA', status: null },
        {
          id: 'fc_1',
          type: 'function_call',
          status: 'completed',
          call_id: 'c',
          name: 'f',
          arguments: '{}',
        },
        { type: 'function_call_output', call_id: 'c', output: '21' },
        { type: 'custom_tool_call', call_id: 'd', name: 'sql', input: 'select 1' },
        {
          type: 'custom_tool_call_output',
          call_id: 'd',
          output: [{ type: 'input_text', text: '1' }],
        },
        {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: '21', annotations: [], logprobs: [] }],
        },
      ],
      include: ['reasoning.encrypted_content'],
      tools: [
        { type: 'function', name: 'f', description: null, parameters: SCHEMA, strict: true },
        {
          type: 'custom',
          name: 'sql',
          format: { type: 'grammar', syntax: 'lark', definition: 'x' },
        },
        { type: 'namespace', name: 'n', description: 'd', tools: [{ type: 'custom', name: 'x' }] },
      ],
      tool_choice: { type: 'function', name: 'f' },
      parallel_tool_calls: true,
      reasoning: { effort: 'medium', summary: 'auto' },
      text: {
        format: { type: 'json_schema', name: 'a', schema: SCHEMA, strict: true },
        verbosity: 'low',
      },
      max_output_tokens: 100,
      stream: true,
      store: false,
      truncation: 'auto',
      temperature: 1,
      top_p: 1,
      top_logprobs: 2,
      service_tier: 'default',
      metadata: { a: 'b' },
      user: 'u',
      background: false,
      previous_response_id: null,
      conversation: null,
    },
  ],
  [
    'embeddings',
    openAiEmbeddings,
    { ...EMBEDDINGS, dimensions: 8, encoding_format: 'base64', user: 'u' },
  ],
  ['embeddings of several', openAiEmbeddings, { ...EMBEDDINGS, input: ['a', 'b'] }],
  ['embeddings of tokens', openAiEmbeddings, { ...EMBEDDINGS, input: [[1, 2], [3]] }],
  [
    'messages: tools, caching, thinking, documents',
    anthropicMessages,
    {
      model: 'm',
      max_tokens: 4096,
      system: [
        { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } },
      ],
      messages: [
        {
          role: 'user',
          content: [
            {
              type: 'document',
              source: { type: 'text', media_type: 'text/plain', data: 'x' },
              title: 't',
              context: 'c',
              citations: { enabled: true },
              ...EPHEMERAL,
            },
            {
              type: 'search_result',
              source: 's',
              title: 't',
              content: [{ type: 'text', text: 'x' }],
            },
            { type: 'text', text: 'Weather?' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: '…', signature: 'EqQB' },
            { type: 'redacted_thinking', data: 'Emwk' },
            { type: 'text', text: 'Let me see.', citations: null },
            {
              type: 'tool_use',
              id: 't',
              name: 'f',
              input: { city: 'Zürich' },
              caller: { type: 'direct' },
            },
          ],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 't',
              is_error: false,
              content: [{ type: 'text', text: '21' }],
            },
            { type: 'tool_result', tool_use_id: 'u', content: '21', ...EPHEMERAL },
          ],
        },
        { role: 'system', content: 'Now in German.' },
      ],
      tools: [
        { name: 'f', description: 'd', input_schema: SCHEMA, ...EPHEMERAL },
        {
          type: 'custom',
          name: 'g',
          input_schema: SCHEMA,
          strict: true,
          eager_input_streaming: true,
        },
        {
          type: null,
          name: 'h',
          input_schema: SCHEMA,
          allowed_callers: ['direct'],
          defer_loading: false,
        },
        { type: 'memory_20250818', name: 'memory' },
      ],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      thinking: { type: 'enabled', budget_tokens: 1024, display: 'summarized' },
      output_config: { effort: 'high', format: { type: 'json_schema', schema: SCHEMA } },
      metadata: { user_id: 'u' },
      stop_sequences: ['\n'],
      stream: true,
      temperature: 1,
      top_k: 5,
      top_p: 0.9,
      service_tier: 'auto',
      speed: 'standard',
      inference_geo: 'global',
      container: null,
      diagnostics: null,
    },
  ],
  [
    'messages: adaptive thinking',
    anthropicMessages,
    { ...MESSAGES, thinking: { type: 'adaptive' } },
  ],
  [
    'messages: top-level caching',
    anthropicMessages,
    { ...MESSAGES, ...EPHEMERAL, service_tier: 'standard_only' },
  ],
  [
    'counting tokens',
    anthropicCountTokens,
    {
      model: 'm',
      system: 's',
      messages: [{ role: 'user', content: 'x' }],
      tools: [{ name: 'f', input_schema: SCHEMA }],
      thinking: { type: 'disabled' },
    },
  ],
  ['responses: no input but instructions', openAiResponses, { model: 'm', instructions: 'x' }],
  ['responses: plain', openAiResponses, RESPONSES],
])('%s', (_what, format, body) => {
  expect(planOf(format, body).model).toBe('m')
})

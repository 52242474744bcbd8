/** OpenAI chat completions as the provider writes them. Source: the API reference; the SDK's types. */
import { isObject, listOf, memberOf, objectsOf, parseJson, textOf } from '../json-values.ts'
import {
  type AnswerReading,
  type CallAsk,
  PLAYED_MODEL,
  type StreamAnswer,
  type StreamEvent,
  type StreamFormat,
  type TokenCounts,
} from './wire-format.ts'

const HEAD = { id: 'chatcmpl-played', created: 1_790_000_000, model: PLAYED_MODEL }
export const DONE: StreamEvent = { name: null, data: '[DONE]' }

export const openAiChat: StreamFormat = {
  format: 'openai-chat',
  path: '/v1/chat/completions',
  ask: ({ model, prompt, stream, cap }: CallAsk) => ({
    model,
    messages: [{ role: 'user', content: prompt }],
    ...(cap === null ? {} : { max_tokens: cap }),
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  }),
  usage: chatUsage,
  body: ({ text, usage }) => ({
    ...HEAD,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: text, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    ...(usage === undefined ? {} : { usage }),
  }),
  events,
  failure: () => ({
    name: null,
    data: JSON.stringify({
      error: { message: 'The server had an error.', type: 'server_error', param: null, code: null },
    }),
  }),
  readBody(body) {
    const [choice] = listOf(memberOf(body, 'choices'))
    return {
      text: textOf(memberOf(memberOf(choice, 'message'), 'content')),
      ended: typeof memberOf(choice, 'finish_reason') === 'string',
      failed: isObject(memberOf(body, 'error')),
      usages: objectsOf([memberOf(body, 'usage')]),
    }
  },
  readEvents,
}

function chatUsage(counts: TokenCounts): object {
  const prompt = counts.input + counts.cachedInput + counts.cacheWrite
  return {
    prompt_tokens: prompt,
    completion_tokens: counts.output,
    total_tokens: prompt + counts.output,
    prompt_tokens_details: {
      cached_tokens: counts.cachedInput,
      cache_write_tokens: counts.cacheWrite,
      audio_tokens: 0,
    },
    completion_tokens_details: {
      reasoning_tokens: counts.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

/** A chunk with one choice. `usage` undefined: without the member. */
export function chatChunk(
  delta: object,
  finishReason: string | null,
  usage: unknown = null,
): StreamEvent {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finishReason }]
  return chunk({ choices, ...(usage === undefined ? {} : { usage }) })
}

/** The chunk that carries nothing but usage. */
export function chatUsageChunk(usage: unknown): StreamEvent {
  return chunk({ choices: [], usage })
}

function chunk(members: object): StreamEvent {
  return {
    name: null,
    data: JSON.stringify({ ...HEAD, object: 'chat.completion.chunk', ...members }),
  }
}

function events({ pieces, usage }: StreamAnswer): StreamEvent[] {
  return [
    chatChunk({ role: 'assistant', content: '', refusal: null }, null),
    ...pieces.map((content) => chatChunk({ content }, null)),
    chatChunk({}, 'stop'),
    ...(usage === undefined ? [] : [chatUsageChunk(usage)]),
    DONE,
  ]
}

function readEvents(events: readonly StreamEvent[]): AnswerReading {
  let text = ''
  let ended = false
  let failed = false
  const usages: unknown[] = []
  for (const { name, data } of events) {
    if (data.trim() === DONE.data) ended = true
    const value = parseJson(data)
    usages.push(...objectsOf([memberOf(value, 'usage')]))
    if (name === 'error' || isObject(memberOf(value, 'error'))) failed = true
    for (const choice of listOf(memberOf(value, 'choices'))) {
      text += textOf(memberOf(memberOf(choice, 'delta'), 'content'))
      if (typeof memberOf(choice, 'finish_reason') === 'string') ended = true
    }
  }
  return { text, ended, failed, usages }
}

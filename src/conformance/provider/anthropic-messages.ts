/** Anthropic messages as the provider writes them. Source: the API reference, "Streaming messages"; the SDK's types. */
import { isObject, listOf, memberOf, objectsOf, parseJson, textOf } from '../json-values.ts'
import {
  type AnswerReading,
  PLAYED_MODEL,
  type StreamEvent,
  type StreamFormat,
  type TokenCounts,
} from './wire-format.ts'

const HEAD = { id: 'msg_played', type: 'message', role: 'assistant', model: PLAYED_MODEL }
const ERROR = { type: 'error', error: { type: 'api_error', message: 'Internal server error' } }

export const anthropicMessages: StreamFormat = {
  format: 'anthropic-messages',
  path: '/v1/messages',
  ask: ({ model, prompt, stream, cap }) => ({
    model,
    messages: [{ role: 'user', content: prompt }],
    ...(cap === null ? {} : { max_tokens: cap }),
    ...(stream ? { stream: true } : {}),
  }),
  usage: messagesUsage,
  body: ({ text, usage }) => ({
    ...HEAD,
    content: [{ type: 'text', text, citations: null }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    ...(usage === undefined ? {} : { usage }),
  }),
  events: ({ pieces, usage }) => [
    ...opening(pieces, startUsage(usage)),
    delta(isObject(usage) ? { output_tokens: usage['output_tokens'] } : usage),
    STOP,
  ],
  failure: () => ({ name: 'error', data: JSON.stringify(ERROR) }),
  readBody(body) {
    const blocks = listOf(memberOf(body, 'content'))
    return {
      text: blocks.map((block) => textOf(memberOf(block, 'text'))).join(''),
      ended: typeof memberOf(body, 'stop_reason') === 'string',
      failed: memberOf(body, 'type') === 'error' || isObject(memberOf(body, 'error')),
      usages: objectsOf([memberOf(body, 'usage')]),
    }
  },
  readEvents,
}

function messagesUsage(counts: TokenCounts): object {
  return {
    input_tokens: counts.input,
    cache_creation_input_tokens: counts.cacheWrite + counts.cacheWriteHour,
    cache_read_input_tokens: counts.cachedInput,
    cache_creation: {
      ephemeral_5m_input_tokens: counts.cacheWrite,
      ephemeral_1h_input_tokens: counts.cacheWriteHour,
    },
    output_tokens: counts.output,
    service_tier: 'standard',
  }
}

/** At the start little is generated yet. */
function startUsage(usage: unknown): unknown {
  return isObject(usage) ? { ...usage, output_tokens: 1 } : usage
}

/** The members of an event, its type among them. */
type TypedValue = { readonly type: string } & Readonly<Record<string, unknown>>

function event(value: TypedValue): StreamEvent {
  return { name: value.type, data: JSON.stringify(value) }
}

export const STOP = event({ type: 'message_stop' })

/** Everything before the final `message_delta`. `usage` undefined: without the member. */
export function opening(pieces: readonly string[], usage: unknown): StreamEvent[] {
  const message = { ...HEAD, content: [], stop_reason: null, stop_sequence: null }
  const values = [
    { type: 'message_start', message: { ...message, ...(usage === undefined ? {} : { usage }) } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'ping' },
    ...pieces.map((text) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text },
    })),
    { type: 'content_block_stop', index: 0 },
  ]
  return values.map(event)
}

/** A `message_delta`; its usage is what was counted so far, all in all. */
export function delta(usage: unknown, stopReason: string | null = 'end_turn'): StreamEvent {
  return event({
    type: 'message_delta',
    delta: { stop_reason: stopReason, stop_sequence: null },
    ...(usage === undefined ? {} : { usage }),
  })
}

function readEvents(events: readonly StreamEvent[]): AnswerReading {
  let text = ''
  let ended = false
  let failed = false
  const usages: unknown[] = []
  for (const { name, data } of events) {
    const value = parseJson(data)
    const started = memberOf(memberOf(value, 'message'), 'usage')
    usages.push(...objectsOf([started, memberOf(value, 'usage')]))
    const type = textOf(memberOf(value, 'type')) || (name ?? '')
    if (type === 'content_block_delta') text += textOf(memberOf(memberOf(value, 'delta'), 'text'))
    if (type === 'message_stop') ended = true
    if (type === 'error' || isObject(memberOf(value, 'error'))) failed = true
  }
  return { text, ended, failed, usages }
}

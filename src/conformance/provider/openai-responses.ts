/** OpenAI Responses as the provider writes them. Source: the API reference, "Streaming events"; the SDK's types. */
import { isObject, listOf, memberOf, objectsOf, parseJson, textOf } from '../json-values.ts'
import {
  type AnswerReading,
  PLAYED_MODEL,
  type StreamAnswer,
  type StreamEvent,
  type StreamFormat,
  type TokenCounts,
} from './wire-format.ts'

const ENDS = new Set(['response.completed', 'response.incomplete'])
const FAILURES = new Set(['response.failed', 'error'])
const ITEM = 'msg_played'
const FAILURE = { code: 'server_error', message: 'The server had an error.' }

export const openAiResponses: StreamFormat = {
  format: 'openai-responses',
  path: '/v1/responses',
  ask: ({ model, prompt, stream, cap }) => ({
    model,
    input: prompt,
    ...(cap === null ? {} : { max_output_tokens: cap }),
    ...(stream ? { stream: true } : {}),
  }),
  usage: responsesUsage,
  body: ({ text, usage }) => response('completed', [message(text, 'completed')], usage),
  events: (answer) => [...opening(answer.pieces), terminal('completed', answer)],
  failure: () => event(99, { type: 'error', ...FAILURE, param: null }),
  readBody(body) {
    const parts = listOf(memberOf(body, 'output')).flatMap((item) =>
      listOf(memberOf(item, 'content')),
    )
    const status = memberOf(body, 'status')
    return {
      text: parts.map((part) => textOf(memberOf(part, 'text'))).join(''),
      ended: status === 'completed' || status === 'incomplete',
      failed: status === 'failed' || isObject(memberOf(body, 'error')),
      usages: objectsOf([memberOf(body, 'usage')]),
    }
  },
  readEvents,
}

function responsesUsage(counts: TokenCounts): object {
  const input = counts.input + counts.cachedInput + counts.cacheWrite
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: counts.cachedInput,
      cache_write_tokens: counts.cacheWrite,
    },
    output_tokens: counts.output,
    output_tokens_details: { reasoning_tokens: counts.reasoning },
    total_tokens: input + counts.output,
  }
}

type Status = 'in_progress' | 'completed' | 'incomplete' | 'failed'

/** A response object. `usage` undefined: without the member. */
function response(status: Status, output: readonly object[], usage: unknown): object {
  return {
    id: 'resp_played',
    object: 'response',
    created_at: 1_790_000_000,
    status,
    error: status === 'failed' ? FAILURE : null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    max_output_tokens: null,
    model: PLAYED_MODEL,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: false,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    ...(usage === undefined ? {} : { usage }),
    metadata: {},
  }
}

function message(text: string, status: 'in_progress' | 'completed' | 'incomplete'): object {
  const content = status === 'in_progress' ? [] : [textPart(text)]
  return { id: ITEM, type: 'message', status, role: 'assistant', content }
}

function textPart(text: string): object {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

/** The members of an event, its type among them. */
type TypedValue = { readonly type: string } & Readonly<Record<string, unknown>>

function event(sequence: number, value: TypedValue): StreamEvent {
  return { name: value.type, data: JSON.stringify({ ...value, sequence_number: sequence }) }
}

/** Everything before the event that ends the stream. */
export function opening(pieces: readonly string[]): StreamEvent[] {
  const at = { item_id: ITEM, output_index: 0, content_index: 0 }
  const text = pieces.join('')
  const started = response('in_progress', [], null)
  const values = [
    { type: 'response.created', response: started },
    { type: 'response.in_progress', response: started },
    { type: 'response.output_item.added', output_index: 0, item: message('', 'in_progress') },
    { type: 'response.content_part.added', ...at, part: textPart('') },
    ...pieces.map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...at, text, logprobs: [] },
    { type: 'response.content_part.done', ...at, part: textPart(text) },
    { type: 'response.output_item.done', output_index: 0, item: message(text, 'completed') },
  ]
  return values.map((value, sequence) => event(sequence, value))
}

/** The event that ends the stream. */
export function terminal(
  status: Exclude<Status, 'in_progress'>,
  { pieces, usage }: StreamAnswer,
): StreamEvent {
  const output = [message(pieces.join(''), status === 'completed' ? 'completed' : 'incomplete')]
  const value = { type: `response.${status}`, response: response(status, output, usage) }
  return event(opening(pieces).length, value)
}

function readEvents(events: readonly StreamEvent[]): AnswerReading {
  let text = ''
  let ended = false
  let failed = false
  const usages: unknown[] = []
  for (const { name, data } of events) {
    const value = parseJson(data)
    usages.push(...objectsOf([memberOf(memberOf(value, 'response'), 'usage')]))
    const type = textOf(memberOf(value, 'type')) || (name ?? '')
    if (type === 'response.output_text.delta') text += textOf(memberOf(value, 'delta'))
    if (ENDS.has(type)) ended = true
    if (FAILURES.has(type) || isObject(memberOf(value, 'error'))) failed = true
  }
  return { text, ended, failed, usages }
}

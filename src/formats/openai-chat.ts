/** OpenAI's chat completions, as OpenAI and compatible providers speak them. */
import { refusal } from '../errors.ts'
import type { CallPlan, Format, PlanOutcome, UsageReading } from './format.ts'
import { generatedBytes } from './generated-bytes.ts'
import {
  asBuffer,
  isObject,
  type JsonText,
  parseObject,
  readJsonObject,
  type Splice,
  setMember,
  spliced,
} from './json.ts'
import { CHAT_PARAMETERS } from './openai-chat-parameters.ts'
import { ChatStreamObserver } from './openai-chat-stream.ts'
import { PDF_PAGES_MAX } from './openai-rules.ts'
import { CHAT_USAGE } from './openai-usage.ts'
import { type Call, inputBounds, readCall } from './read-call.ts'
import { EventMeter } from './stream-meter.ts'
import { bodyWithCost } from './usage-cost.ts'
import { NOTHING_READ, readOpenAiUsage, upstreamId } from './usage-counts.ts'

export const openAiChat: Format = {
  name: 'openai-chat',
  dialect: 'openai',
  target: '/v1/chat/completions',
  upstreamPath: '/chat/completions',
  billed: true,
  plan,
  forwardHeaders: () => ({ kind: 'forward', headers: {} }),
  readBody,
  withCost: bodyWithCost,
  meterStream: (terms) => new EventMeter(new ChatStreamObserver(terms)),
}

function plan(body: Uint8Array): PlanOutcome {
  const read = readCall(body, CHAT_PARAMETERS)
  if (read.kind === 'refused') return read
  const { value } = read.call.json
  if (value['max_tokens'] != null && value['max_completion_tokens'] != null) {
    const message =
      '`max_tokens` and `max_completion_tokens` are two words for one cap: send one of them.'
    return { kind: 'refused', refusal: refusal('invalid_request', message, 'max_tokens') }
  }
  return { kind: 'planned', plan: planned(read.call) }
}

function planned(call: Call): CallPlan {
  const { json, tally } = call
  const cap = (json.value['max_completion_tokens'] ?? json.value['max_tokens'] ?? null) as
    | number
    | null
  const choices = (json.value['n'] ?? 1) as number
  const options = json.value['stream_options']
  return {
    model: call.model,
    stream: call.stream,
    // OpenAI caches prompts unasked, and some models bill the write: it is always reckoned with.
    input: { ...inputBounds(call, PDF_PAGES_MAX), cacheWrite: '5m' },
    output: { cap, choices, extra: tally.predictionBytes * choices },
    clientWantsUsage: isObject(options) && options['include_usage'] === true,
    forward: (granted) => forward(call, cap === null ? granted : null),
  }
}

/** `cap` is null where the client sent one. `store` is false at the provider unless asked for. */
function forward({ json, stream }: Call, cap: number | null): Uint8Array {
  const splices: Splice[] = []
  // Newer models refuse `max_tokens`; OpenAI's older ones and the compatible servers in use take this name too.
  if (cap !== null) splices.push(setMember(json, 'max_completion_tokens', String(cap)))
  if (json.members.has('store')) splices.push(setMember(json, 'store', 'false'))
  if (stream) splices.push(setMember(json, 'stream_options', usageAskedFor(json)))
  return spliced(json.bytes, splices)
}

/** The client's stream options with `include_usage` true. */
function usageAskedFor({ bytes, members }: JsonText): string {
  const span = members.get('stream_options')
  const options = span && readJsonObject(bytes.subarray(span.start, span.end))
  if (options?.kind !== 'read') return '{"include_usage":true}'
  const asked = spliced(options.json.bytes, [setMember(options.json, 'include_usage', 'true')])
  return asBuffer(asked).toString('utf8')
}

function readBody(body: Uint8Array): UsageReading {
  const answer = parseObject(asBuffer(body).toString('utf8'))
  if (answer === null) return NOTHING_READ
  const choices = Array.isArray(answer['choices']) ? answer['choices'] : []
  return {
    ...readOpenAiUsage(answer['usage'], CHAT_USAGE),
    upstreamId: upstreamId(answer),
    outputBytes: generatedBytes(choices),
  }
}

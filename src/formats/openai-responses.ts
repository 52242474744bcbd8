/** OpenAI's Responses. */
import type { Format, PlanOutcome, UsageReading } from './format.ts'
import { generatedBytes } from './generated-bytes.ts'
import { asBuffer, parseObject, setMember, spliced } from './json.ts'
import { RESPONSES_PARAMETERS } from './openai-responses-parameters.ts'
import { ResponsesStreamObserver } from './openai-responses-stream.ts'
import { PDF_PAGES_MAX } from './openai-rules.ts'
import { RESPONSES_USAGE } from './openai-usage.ts'
import { type Call, inputBounds, readCall } from './read-call.ts'
import { EventMeter } from './stream-meter.ts'
import { bodyWithCost } from './usage-cost.ts'
import { NOTHING_READ, readOpenAiUsage, upstreamId } from './usage-counts.ts'

export const openAiResponses: Format = {
  name: 'openai-responses',
  dialect: 'openai',
  target: '/v1/responses',
  upstreamPath: '/responses',
  billed: true,
  plan,
  forwardHeaders: () => ({ kind: 'forward', headers: {} }),
  readBody,
  withCost: bodyWithCost,
  meterStream: (terms) => new EventMeter(new ResponsesStreamObserver(terms)),
}

function plan(body: Uint8Array): PlanOutcome {
  const read = readCall(body, RESPONSES_PARAMETERS)
  if (read.kind === 'refused') return read
  const { call } = read
  const sent = call.json.value['max_output_tokens']
  const cap = typeof sent === 'number' ? sent : null
  return {
    kind: 'planned',
    plan: {
      model: call.model,
      stream: call.stream,
      // OpenAI caches prompts unasked, and some models bill the write: it is always reckoned with.
      input: { ...inputBounds(call, PDF_PAGES_MAX), cacheWrite: '5m' },
      output: { cap, choices: 1, extra: 0 },
      clientWantsUsage: true,
      forward: (granted) => forward(call, cap === null ? granted : null),
    },
  }
}

/** `cap` is null where the client sent one. `store` is true at the provider unless it is told otherwise. */
function forward({ json }: Call, cap: number | null): Uint8Array {
  const store = setMember(json, 'store', 'false')
  if (cap === null) return spliced(json.bytes, [store])
  return spliced(json.bytes, [setMember(json, 'max_output_tokens', String(cap)), store])
}

function readBody(body: Uint8Array): UsageReading {
  const answer = parseObject(asBuffer(body).toString('utf8'))
  if (answer === null) return NOTHING_READ
  return {
    ...readOpenAiUsage(answer['usage'], RESPONSES_USAGE),
    upstreamId: upstreamId(answer),
    outputBytes: generatedBytes(answer['output']),
  }
}

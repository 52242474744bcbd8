/** Anthropic's messages. */
import { anthropicHeaders } from './anthropic-headers.ts'
import { MESSAGES_PARAMETERS } from './anthropic-parameters.ts'
import { AnthropicStreamObserver } from './anthropic-stream.ts'
import { anthropicTokens, merged, NO_COUNTS } from './anthropic-usage.ts'
import type { Format, PlanOutcome, UsageReading } from './format.ts'
import { generatedBytes } from './generated-bytes.ts'
import { asBuffer, parseObject } from './json.ts'
import { inputBounds, missing, readCall } from './read-call.ts'
import { EventMeter } from './stream-meter.ts'
import { bodyWithCost } from './usage-cost.ts'
import { NOTHING_READ, upstreamId } from './usage-counts.ts'

/** "Maximum pages per request" (Anthropic, "PDF support"); models with a smaller window read fewer. */
export const PDF_PAGES_MAX = 600

export const anthropicMessages: Format = {
  name: 'anthropic-messages',
  dialect: 'anthropic',
  target: '/v1/messages',
  upstreamPath: '/messages',
  billed: true,
  plan,
  forwardHeaders: anthropicHeaders,
  readBody,
  withCost: bodyWithCost,
  meterStream: (terms) => new EventMeter(new AnthropicStreamObserver(terms)),
}

/** The client's bytes go upstream as they are: the format requires a cap, and nothing in it is stateful. */
function plan(body: Uint8Array): PlanOutcome {
  const read = readCall(body, MESSAGES_PARAMETERS)
  if (read.kind === 'refused') return read
  const { call } = read
  const cap = call.json.value['max_tokens']
  if (typeof cap !== 'number') return missing('max_tokens')
  return {
    kind: 'planned',
    plan: {
      model: call.model,
      stream: call.stream,
      input: inputBounds(call, PDF_PAGES_MAX),
      output: { cap, choices: 1, extra: 0 },
      clientWantsUsage: true,
      forward: () => body,
    },
  }
}

function readBody(body: Uint8Array): UsageReading {
  const answer = parseObject(asBuffer(body).toString('utf8'))
  if (answer === null) return NOTHING_READ
  return {
    ...anthropicTokens(merged(NO_COUNTS, answer['usage'])),
    upstreamId: upstreamId(answer),
    outputBytes: generatedBytes(answer['content']),
  }
}

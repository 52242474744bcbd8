/** Anthropic's token counting: free, forwarded, never estimated. Its input obeys the same rules as a call's. */
import { anthropicHeaders } from './anthropic-headers.ts'
import { anthropicMessages, PDF_PAGES_MAX } from './anthropic-messages.ts'
import { COUNT_TOKENS_PARAMETERS } from './anthropic-parameters.ts'
import type { Format, PlanOutcome } from './format.ts'
import { inputBounds, readCall } from './read-call.ts'
import { NOTHING_READ } from './usage-counts.ts'

export const anthropicCountTokens: Format = {
  name: 'anthropic-count-tokens',
  dialect: 'anthropic',
  target: '/v1/messages/count_tokens',
  upstreamPath: '/messages/count_tokens',
  billed: false,
  plan,
  forwardHeaders: anthropicHeaders,
  readBody: () => NOTHING_READ,
  withCost: (body) => body,
  meterStream: anthropicMessages.meterStream,
}

function plan(body: Uint8Array): PlanOutcome {
  const read = readCall(body, COUNT_TOKENS_PARAMETERS)
  if (read.kind === 'refused') return read
  return {
    kind: 'planned',
    plan: {
      model: read.call.model,
      stream: false,
      input: inputBounds(read.call, PDF_PAGES_MAX),
      output: { cap: 0, choices: 1, extra: 0 },
      clientWantsUsage: true,
      forward: () => body,
    },
  }
}

/** OpenAI's embeddings: input only. Source: wire contract, "Calls"; the parameter types of OpenAI's SDK. */
import type { Format, PlanOutcome, UsageReading } from './format.ts'
import { asBuffer, parseObject } from './json.ts'
import { ChatStreamObserver } from './openai-chat-stream.ts'
import { EMBEDDINGS_USAGE } from './openai-usage.ts'
import { inputBounds, missing, readCall } from './read-call.ts'
import { free, MODEL, type Parameters } from './rules.ts'
import { EventMeter } from './stream-meter.ts'
import { bodyWithCost } from './usage-cost.ts'
import { NOTHING_READ, readOpenAiUsage, upstreamId } from './usage-counts.ts'

export const EMBEDDINGS_PARAMETERS: Parameters = {
  model: MODEL,
  input: free('texts or token numbers, bounded by their bytes'),
  dimensions: free('the length of the vectors, not billed'),
  encoding_format: free('how vectors are written, not billed'),
  user: free('a label, not billed'),
}

export const openAiEmbeddings: Format = {
  name: 'openai-embeddings',
  dialect: 'openai',
  target: '/v1/embeddings',
  upstreamPath: '/embeddings',
  billed: true,
  plan,
  forwardHeaders: () => ({ kind: 'forward', headers: {} }),
  readBody,
  withCost: bodyWithCost,
  meterStream: (terms) => new EventMeter(new ChatStreamObserver(terms)),
}

function plan(body: Uint8Array): PlanOutcome {
  const read = readCall(body, EMBEDDINGS_PARAMETERS)
  if (read.kind === 'refused') return read
  const { call } = read
  if (call.json.value['input'] == null) return missing('input')
  return {
    kind: 'planned',
    plan: {
      model: call.model,
      stream: false,
      input: inputBounds(call, 0),
      output: { cap: 0, choices: 1, extra: 0 },
      clientWantsUsage: true,
      forward: () => body,
    },
  }
}

function readBody(body: Uint8Array): UsageReading {
  const answer = parseObject(asBuffer(body).toString('utf8'))
  if (answer === null) return NOTHING_READ
  const counted = readOpenAiUsage(answer['usage'], EMBEDDINGS_USAGE)
  return { ...counted, upstreamId: upstreamId(answer), outputBytes: 0 }
}

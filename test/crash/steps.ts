/** The steps of a call at which its gateway is killed, and what the published policy says of each. */
import { vi } from 'vitest'
import { OUTPUT_PRICE } from '../support/crash-site.ts'
import {
  CHAT_USAGE,
  chatChunk,
  chatReply,
  chatStream,
  jsonReply,
  silence,
  streamReply,
} from '../support/provider.ts'
import {
  type Act,
  armWhen,
  type Chain,
  type Charges,
  clientHas,
  commit,
  connectionToProvider,
  type Death,
  killWhen,
} from './deaths.ts'

const CONTENTS = ['Hello', ' there.'] as const
const STREAM = chatStream(CONTENTS)
const FIRST_CHUNK = streamReply(STREAM.slice(0, 1), 'stall')
const ALL_CONTENT = streamReply(STREAM.slice(0, 2), 'stall')
const ALL_BUT_THE_END = streamReply([...STREAM.slice(0, 2), chatChunk('', CHAT_USAGE)], 'stall')

const USAGE = BigInt(CHAT_USAGE.prompt_tokens + OUTPUT_PRICE * CHAT_USAGE.completion_tokens)
const priceOf = (content: string): bigint => BigInt(OUTPUT_PRICE * Buffer.byteLength(content))
const FIRST = priceOf(CONTENTS[0])
const BOTH = priceOf(CONTENTS.join(''))

const AS_USED: Charges = () => [USAGE]
const INPUT_BOUND: Charges = (inputBound) => [inputBound]

/** On a machine so slow that a lease was renewed meanwhile, what had been delivered by then is noted too. */
const boundAndWhatWasNoted =
  (...contents: bigint[]): Charges =>
  (inputBound) => [inputBound, ...contents.map((content) => inputBound + content)]

const leaveAtFirstChunk: Act = async ({ answer }) => {
  await answer.has(CONTENTS[0])
  answer.leave()
}

export const PROVIDER_HAS_IT: Death = {
  step: 'when the provider has the request',
  provider: silence,
  act: killWhen(async ({ provider }) => {
    await vi.waitUntil(() => provider.seen.length === 1, { timeout: 30_000, interval: 10 })
  }),
  asked: 1,
  received: 'nothing',
  remains: { kind: 'hold', charges: INPUT_BOUND },
}

const BEFORE_THE_ANSWER: readonly Death[] = [
  {
    step: 'before the hold is committed',
    provider: silence,
    point: commit('hold', 'before'),
    asked: 0,
    received: 'nothing',
    remains: { kind: 'nothing' },
  },
  {
    step: 'after the hold is committed',
    provider: silence,
    point: commit('hold', 'after'),
    asked: 0,
    received: 'nothing',
    remains: { kind: 'hold', charges: INPUT_BOUND },
  },
  {
    step: 'before the first byte goes to the provider',
    provider: silence,
    point: connectionToProvider,
    asked: 0,
    received: 'nothing',
    remains: { kind: 'hold', charges: INPUT_BOUND },
  },
  PROVIDER_HAS_IT,
  {
    step: 'before the release of a failed call is committed',
    provider: jsonReply(500, {}),
    point: commit('end', 'before'),
    asked: 1,
    received: 'nothing',
    remains: { kind: 'hold', charges: INPUT_BOUND },
  },
  {
    step: 'after the release of a failed call is committed',
    provider: jsonReply(500, {}),
    point: commit('end', 'after'),
    asked: 1,
    received: 'nothing',
    remains: { kind: 'release', reason: 'upstream_error' },
  },
]

const WHOLE_ANSWERS: readonly Death[] = [
  {
    step: 'before the charge is committed',
    provider: chatReply(),
    point: commit('end', 'before'),
    asked: 1,
    received: 'nothing',
    remains: { kind: 'hold', charges: INPUT_BOUND },
  },
  {
    step: 'after the charge is committed',
    provider: chatReply(),
    point: commit('end', 'after'),
    asked: 1,
    received: 'nothing',
    remains: { kind: 'charge', outcome: 'completed', charges: AS_USED },
  },
  {
    step: 'when the client has the whole answer',
    provider: chatReply(),
    act: killWhen(async ({ answer }) => void (await answer.ended)),
    asked: 1,
    received: 'all',
    remains: { kind: 'charge', outcome: 'completed', charges: AS_USED },
  },
]

const IN_A_STREAM = { stream: true, asked: 1, received: 'a part' } as const

const LIVE_STREAMS: readonly Death[] = [
  {
    ...IN_A_STREAM,
    step: 'when the client has the first chunk',
    provider: FIRST_CHUNK,
    act: killWhen(clientHas(CONTENTS[0])),
    remains: { kind: 'hold', charges: boundAndWhatWasNoted(FIRST) },
  },
  {
    ...IN_A_STREAM,
    step: 'before a renewal is committed',
    provider: ALL_CONTENT,
    point: commit('renewal', 'before', { armed: false }),
    act: armWhen(clientHas(CONTENTS[1])),
    remains: { kind: 'hold', charges: boundAndWhatWasNoted(FIRST, BOTH) },
  },
  {
    ...IN_A_STREAM,
    step: 'after a renewal is committed',
    provider: ALL_CONTENT,
    point: commit('renewal', 'after', { armed: false }),
    act: armWhen(clientHas(CONTENTS[1])),
    remains: { kind: 'hold', charges: (inputBound) => [inputBound + BOTH] },
  },
  {
    ...IN_A_STREAM,
    step: 'when the usage has been read',
    provider: ALL_BUT_THE_END,
    act: killWhen(clientHas('prompt_tokens')),
    remains: {
      kind: 'hold',
      charges: (inputBound) => [...boundAndWhatWasNoted(FIRST, BOTH)(inputBound), USAGE],
    },
  },
  {
    ...IN_A_STREAM,
    step: 'after a renewal that knows the usage is committed',
    provider: ALL_BUT_THE_END,
    point: commit('renewal', 'after', { armed: false }),
    act: armWhen(clientHas('prompt_tokens')),
    remains: { kind: 'hold', charges: AS_USED },
  },
]

const ENDED_STREAMS: readonly Death[] = [
  {
    ...IN_A_STREAM,
    step: 'before the charge of a stream is committed',
    provider: streamReply(STREAM),
    point: commit('end', 'before'),
    remains: { kind: 'hold', charges: INPUT_BOUND },
  },
  {
    ...IN_A_STREAM,
    step: 'after the charge of a stream is committed',
    provider: streamReply(STREAM),
    point: commit('end', 'after'),
    remains: { kind: 'charge', outcome: 'completed', charges: AS_USED },
  },
  {
    ...IN_A_STREAM,
    step: 'before the charge of a client that left is committed',
    provider: FIRST_CHUNK,
    point: commit('end', 'before'),
    act: leaveAtFirstChunk,
    remains: { kind: 'hold', charges: boundAndWhatWasNoted(FIRST) },
  },
  {
    ...IN_A_STREAM,
    step: 'after the charge of a client that left is committed',
    provider: FIRST_CHUNK,
    point: commit('end', 'after'),
    act: leaveAtFirstChunk,
    remains: {
      kind: 'charge',
      outcome: 'client_left',
      charges: (inputBound) => [inputBound + FIRST],
    },
  },
]

export const CHAINS: readonly Chain[] = [
  { name: 'before the answer', deaths: BEFORE_THE_ANSWER, lastStarts: 'at once' },
  { name: 'whole answers', deaths: WHOLE_ANSWERS, lastStarts: 'when the leases have ended' },
  { name: 'streams', deaths: LIVE_STREAMS, lastStarts: 'at once' },
  { name: 'ends of streams', deaths: ENDED_STREAMS, lastStarts: 'when the leases have ended' },
]

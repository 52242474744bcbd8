/** The steps of a call at which its gateway is killed, and what the published policy says of each. */
import { vi } from 'vitest'
import type { LiveAnswer } from '../support/crash-call.ts'
import type { CrashPoint } from '../support/crash-preload.ts'
import type { DoomedProcess } from '../support/crash-process.ts'
import { OUTPUT_PRICE } from '../support/crash-site.ts'
import {
  type Behaviour,
  CHAT_USAGE,
  chatChunk,
  chatReply,
  chatStream,
  jsonReply,
  silence,
  streamReply,
  type TestProvider,
} from '../support/provider.ts'

/** What a test sees while the gateway still lives. */
export interface Scene {
  readonly answer: LiveAnswer
  readonly provider: TestProvider
  readonly gateway: DoomedProcess
}

/** Charges in units; given the input bound, every byte of the body as a token. */
type Charges = (inputBound: bigint) => readonly bigint[]

/** What is found on the books, at the crash and for good. */
type Remains =
  /** As if it had not been asked. */
  | { readonly kind: 'nothing' }
  /** The hold is open, and recovered at one of these: which one is noted with it. */
  | { readonly kind: 'hold'; readonly charges: Charges }
  | { readonly kind: 'charge'; readonly outcome: string; readonly charges: Charges }
  | { readonly kind: 'release'; readonly reason: string }

export interface Death {
  readonly step: string
  readonly stream?: true
  readonly provider: Behaviour
  /** Where the process kills itself; absent where the test does. */
  readonly point?: (provider: TestProvider) => CrashPoint
  /** What has to happen besides the call. */
  readonly act?: (scene: Scene) => Promise<void>
  /** Requests that reached the provider. */
  readonly asked: 0 | 1
  readonly received: 'nothing' | 'a part' | 'all'
  readonly remains: Remains
}

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

type Commit = Extract<CrashPoint, { commit: string }>

function commit(which: Commit['commit'], side: Commit['side'], armed = true): () => CrashPoint {
  return () => ({ commit: which, side, nth: 1, armed })
}

function connectionToProvider({ url }: TestProvider): CrashPoint {
  return { connectionTo: Number(new URL(url).port), nth: 1, armed: true }
}

type Act = (scene: Scene) => Promise<void>

const clientHas =
  (text: string): Act =>
  ({ answer }) =>
    answer.has(text)

const killWhen =
  (moment: Act): Act =>
  async (scene) => {
    await moment(scene)
    scene.gateway.kill()
  }

/** The next renewal knows all that has been seen by then. */
const armWhen =
  (moment: Act): Act =>
  async (scene) => {
    await moment(scene)
    scene.gateway.arm()
  }

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
    point: commit('renewal', 'before', false),
    act: armWhen(clientHas(CONTENTS[1])),
    remains: { kind: 'hold', charges: boundAndWhatWasNoted(FIRST, BOTH) },
  },
  {
    ...IN_A_STREAM,
    step: 'after a renewal is committed',
    provider: ALL_CONTENT,
    point: commit('renewal', 'after', false),
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
    point: commit('renewal', 'after', false),
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

/** Lives that end one after the other on the same books. */
export interface Chain {
  readonly name: string
  readonly deaths: readonly Death[]
  /** When the last gateway starts: its sweeps resolve what is open, or it does so before it serves. */
  readonly lastStarts: 'at once' | 'when the leases have ended'
}

export const CHAINS: readonly Chain[] = [
  { name: 'before the answer', deaths: BEFORE_THE_ANSWER, lastStarts: 'at once' },
  { name: 'whole answers', deaths: WHOLE_ANSWERS, lastStarts: 'when the leases have ended' },
  { name: 'streams', deaths: LIVE_STREAMS, lastStarts: 'at once' },
  { name: 'ends of streams', deaths: ENDED_STREAMS, lastStarts: 'when the leases have ended' },
]

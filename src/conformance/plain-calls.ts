/** The plainest calls: for checks that are about money and identity, not about a format. */
import type { CheckSite } from './check.ts'
import type { Play, Script } from './play.ts'
import { bodyScript, callWith, type Served, served, streamScript } from './played-calls.ts'
import { writeEvents } from './provider/event-stream.ts'
import type { StreamFormat, TokenCounts, WireFormat } from './provider/wire-format.ts'
import type { Ask, Target } from './target.ts'

const COUNTS: TokenCounts = {
  input: 12,
  cachedInput: 0,
  cacheWrite: 0,
  cacheWriteHour: 0,
  output: 5,
  reasoning: 0,
}
const TEXT = 'Hello there.'

/** The format that such checks ask for: the first that is served and generates; null where none is. */
export function plainFormat(target: Target): Served | null {
  return served(target).find(({ wire }) => wire.format !== 'openai-embeddings') ?? null
}

export interface PlainAnswer {
  /** Instead of a few tokens of the plainest kinds; undefined: without the member. */
  readonly usage?: unknown
  /** Waits for a `go` each time, before the first byte of the body. */
  readonly waits?: boolean
}

/** A whole answer that is no stream. */
export function plainBody(wire: WireFormat, answer: PlainAnswer = {}): Script {
  const usage = 'usage' in answer ? answer.usage : wire.usage(COUNTS)
  return waiting(bodyScript(wire.body({ text: TEXT, usage })), answer)
}

/** A whole stream. */
export function plainStream(wire: StreamFormat, answer: PlainAnswer = {}): Script {
  const usage = 'usage' in answer ? answer.usage : wire.usage(COUNTS)
  const events = wire.events({ pieces: TEXT.split(/(?= )/), usage })
  return waiting(streamScript([writeEvents(events)]), answer)
}

function waiting(script: Script, { waits = false }: PlainAnswer): Script {
  return waits ? { ...script, acts: [{ kind: 'wait' }, ...script.acts] } : script
}

/** A call of the plainest kind, and the play that answers it where the provider is played. */
export function plainCall(
  { provider }: Pick<CheckSite, 'provider'>,
  format: Served,
  answer: PlainAnswer = {},
): { readonly ask: Ask; readonly play: Play | null } {
  const play = provider?.play(plainBody(format.wire, answer)) ?? null
  return { ask: callWith(format, play?.marker ?? '', { stream: false, cap: PLAIN_CAP }), play }
}

/** Output tokens. */
const PLAIN_CAP = 16

/** What a provider that fails answers. */
export function failure(status: number): Script {
  return bodyScript({ error: { message: 'Played.', type: 'server_error', code: null } }, status)
}

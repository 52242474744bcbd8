/** What a provider's format is to the checks: how a call is asked, and how an answer looks on the wire. */
import type { CallFormat } from '../play.ts'

/** Tokens of an answer. Disjoint but for `reasoning`, which is a part of `output`. */
export interface TokenCounts {
  readonly input: number
  readonly cachedInput: number
  readonly cacheWrite: number
  /** Anthropic's writes that are kept for an hour; other formats have none. */
  readonly cacheWriteHour: number
  readonly output: number
  readonly reasoning: number
}

export interface CallAsk {
  readonly model: string
  readonly prompt: string
  readonly stream: boolean
  /** Output cap in tokens; null: none is sent. Embeddings have none. */
  readonly cap: number | null
}

/** One server-sent event. `name` null: it has no `event` line. */
export interface StreamEvent {
  readonly name: string | null
  readonly data: string
}

/** What a client reads of a whole answer. */
export interface AnswerReading {
  readonly text: string
  /** Whether it says that the model came to its end (a finish reason, or the event that ends the format's streams). */
  readonly ended: boolean
  /** Whether it says that something failed. */
  readonly failed: boolean
  /** Every usage object in it, in their order. */
  readonly usages: readonly unknown[]
}

/** An answer with the usage object that it carries; undefined: without the member. */
interface BodyAnswer {
  readonly text: string
  readonly usage: unknown
}

export interface StreamAnswer {
  readonly pieces: readonly string[]
  readonly usage: unknown
}

export interface WireFormat {
  readonly format: CallFormat
  /** Where it is asked at a gateway that has it where the provider has it. */
  readonly path: string
  /** The body of a call. */
  ask(ask: CallAsk): Record<string, unknown>
  /** The usage object of an answer that is no stream. */
  usage(counts: TokenCounts): object
  body(answer: BodyAnswer): object
  readBody(body: unknown): AnswerReading
}

export interface StreamFormat extends WireFormat {
  events(answer: StreamAnswer): StreamEvent[]
  /** An event that says that the provider failed. */
  failure(): StreamEvent
  readEvents(events: readonly StreamEvent[]): AnswerReading
}

/** What every answer of the played provider says of its model. */
export const PLAYED_MODEL = 'played-model'

export const CONTENT_JSON: Readonly<Record<string, string>> = { 'content-type': 'application/json' }
export const CONTENT_EVENTS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
}

/** The two ends of a call as the path sees them: what came in, and who waits for the answer. No HTTP library here. */
import type { Refusal } from '../errors.ts'
import type { ReadHeader } from '../identity/credentials.ts'
import type { Units } from '../money.ts'
import type { StopSignal } from '../providers/provider.ts'

export type BodyOutcome =
  | {
      readonly kind: 'read'
      readonly bytes: Uint8Array
      /** SHA-256 of the bytes, taken as they came in. */
      readonly sha256: Uint8Array
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** One request. */
export interface Incoming {
  /** The gateway's own id of it: `req_…`. */
  readonly requestId: string
  readonly method: string
  /** Path plus query exactly as on the request line. */
  readonly target: string
  readonly header: ReadHeader
  /** Reads the body up to the limit. Call once. */
  readBody(): Promise<BodyOutcome>
}

/** What a 402 tells beside its code, in units; the deposit instructions are added where it is rendered. */
export interface PaymentNeeded {
  readonly agent: string
  /** The worst case that had to be held. */
  readonly required: Units
  readonly available: Units
  readonly shortfall: Units
  /** The highest output cap that would not be refused for this reason now; 0 where not even the input can be held. */
  readonly affordableMaxTokens: number
  /** What the agent is to sign, where that is all that is missing. */
  readonly authorize?: Authorize
}

/** The total that a voucher must reach, and the highest that is held, in units. */
interface Authorize {
  readonly cumulative: Units
  readonly signed: Units
}

/** Why nobody waits for the answer any more: the client closed, or the gateway must stop. */
export type LeaveReason = 'client_left' | 'gateway_stops'

export type ResponseHeaders = Readonly<Record<string, string>>

/** Who waits for the answer. Exactly one of `refuse`, `answer` and `start` … `finish` or `cut` ends it. */
export interface Client {
  /** Aborts with a `LeaveReason` when nobody waits any more. */
  readonly signal: StopSignal
  /** Answers with an error in the caller's dialect. */
  refuse(refusal: Refusal, payment?: PaymentNeeded): void | Promise<void>
  /** Headers that the answer carries, whatever it will be. */
  tell(headers: ResponseHeaders): void
  /** Answers whole. */
  answer(status: number, headers: ResponseHeaders, body: Uint8Array): void
  /** Begins a stream: the headers leave at once. */
  start(status: number, headers: ResponseHeaders): void
  /** False: the client reads slower than this; wait for `onDrain`. */
  write(bytes: Uint8Array): boolean
  /** `listener` is called whenever a client that fell behind has caught up. */
  onDrain(listener: () => void): void
  /** `listener` is called when the client has taken the whole answer, or is gone; perhaps more than once. */
  onClose(listener: () => void): void
  /** Ends a stream that is complete. */
  finish(): void
  /** Ends a stream so that the client sees that it is not complete. */
  cut(): void
}

/** The reason that a client's signal carries. */
export function leaveReason(signal: StopSignal): LeaveReason {
  return signal.reason === 'gateway_stops' ? 'gateway_stops' : 'client_left'
}

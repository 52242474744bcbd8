/** What was asked under an Idempotency-Key before, and what it was answered. Source: wire contract, "Calls"; property A4. */
import type { Units } from '../money.ts'
import type { AgentKey } from './ledger.ts'

/** The largest answer that is kept, in bytes. */
export const ANSWER_BYTES_MAX = 4_194_304
/** What is kept of one agent's answers, in bytes: beyond it the oldest go, and stay charged. */
export const AGENT_ANSWER_BYTES_MAX = 67_108_864
/** How long a key that was charged is remembered. */
export const KEY_KEPT_MS = 86_400_000

/** A call that names itself, so that it is charged once however often it is sent. */
export interface KeyedRequest {
  /** 16 to 128 of `[A-Za-z0-9_-]`; the agent's own. */
  readonly key: string
  /** `sha256:<hex>` over method, target and body digest. */
  readonly fingerprint: string
}

/** An answer as it was sent. */
export interface KeptAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
  readonly streamed: boolean
  /** False: the stream was cut after these bytes. */
  readonly whole: boolean
}

/** What a key was taken for. */
export type Recalled =
  | { readonly kind: 'other_request' }
  | { readonly kind: 'running'; readonly requestId: string }
  | ChargedBefore

export interface ChargedBefore {
  readonly kind: 'charged'
  readonly requestId: string
  readonly charge: Units
  /** Null: nothing of it was sent, nobody lived to say what was, or it is kept no more. */
  readonly answer: KeptAnswer | null
}

export interface IdempotencyLedger {
  /** Null: the agent's key is free. */
  recall(agent: AgentKey, keyed: KeyedRequest): Promise<Recalled | null>
}

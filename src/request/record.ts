/**
 * Step 7: says what became of a call. The durable record is the journal row that `settle` or `release` wrote in its
 * own transaction; what is added here is the log line, and nothing waits for it.
 */
import type { ErrorCode } from '../errors.ts'
import type { Outcome } from '../ledger/ledger.ts'
import type { Tokens, Units } from '../money.ts'
import type { HeldCall } from './hold.ts'
import type { Settled } from './settle.ts'

/** How a held call ended, for the log. */
export type CallEnd =
  | {
      readonly kind: 'charged'
      readonly outcome: Outcome
      readonly charge: Units
      readonly tokens: Tokens
    }
  /** Resolved by the sweeper before this process could. */
  | { readonly kind: 'already_ended' }
  /** The ledger stayed unavailable: the sweeper will resolve it. */
  | { readonly kind: 'unsettled' }
  | { readonly kind: 'released'; readonly reason: ErrorCode | 'client_left' | 'rejected' }

/** One line about one call. Ids, counts and amounts only. */
export interface CallLine {
  readonly requestId: string
  readonly agent: string
  readonly provider: string
  readonly model: string
  readonly format: string
  readonly stream: boolean
  readonly held: Units
  readonly durationMs: number
  readonly end: CallEnd
  /** What the provider did, where it failed: a status or a network error's code. */
  readonly detail?: string
}

/** What a settlement came to. */
export function endOf(settled: Settled): CallEnd {
  switch (settled.kind) {
    case 'settled': {
      const { outcome, charge, tokens } = settled.price
      return { kind: 'charged', outcome, charge, tokens }
    }
    case 'already_ended':
      return { kind: 'already_ended' }
    case 'unavailable':
      return { kind: 'unsettled' }
  }
}

/** Builds the line; `now` is Unix milliseconds. */
export function callLine(call: HeldCall, end: CallEnd, now: number, detail?: string): CallLine {
  const line = {
    requestId: call.requestId,
    agent: call.caller.agent,
    provider: call.model.provider,
    model: call.model.id,
    format: call.format.name,
    stream: call.plan.stream,
    held: call.terms.held,
    durationMs: now - call.startedAt,
    end,
  }
  return detail === undefined ? line : { ...line, detail }
}

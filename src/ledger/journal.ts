/** The journal: what became of each agent's money and of each call. Append-only. Times are Unix milliseconds. */
import type { Tokens, Units } from '../money.ts'
import type { CallAuth, Outcome } from '../proof/receipt.ts'
import type { AgentKey } from './ledger.ts'

/** One row of `GET /v1/transactions`. Amounts are positive; the type gives the direction. */
export interface Transaction {
  /** Increasing; the page cursor. */
  readonly id: number
  readonly type: 'DEPOSIT' | 'DEBIT' | 'WITHDRAWAL'
  readonly amount: Units
  readonly balanceAfter: Units
  readonly timestamp: number
  readonly requestId: string | null
  readonly signature: string | null
  readonly usage: Usage | null
}

/** A debit's `usage_json`: everything needed to recompute the charge. */
export interface Usage {
  readonly provider: string
  readonly model: string
  readonly outcome: Outcome
  readonly tokens: Tokens
  readonly price_version: string
  readonly held: string
  readonly upstream_id: string | null
  readonly request_digest: string
  /** Null where the call was recovered: nobody lived to say what the agent was sent. */
  readonly response_digest: string | null
}

/** One ended call of the append-only journal, read by cursor. */
export type CallRecord = EndedCall &
  (
    | { readonly state: 'settled'; readonly charge: Units; readonly usage: Usage }
    /** `reason`: the error code that the client was answered with. Nothing was charged. */
    | { readonly state: 'released'; readonly reason: string }
  )

interface EndedCall {
  /** Increasing in the order in which calls ended, over all agents. */
  readonly seq: number
  readonly requestId: string
  readonly agent: AgentKey
  readonly provider: string
  readonly model: string
  readonly priceVersion: string
  readonly held: Units
  readonly requestDigest: string
  readonly auth: CallAuth
  readonly startedAt: number
  readonly endedAt: number
}

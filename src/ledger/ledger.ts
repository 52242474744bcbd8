/**
 * The ledger: the mirror of the agents' vaults and the truth about what was spent.
 *
 * Invariants, at every instant and after any crash (spec ids in brackets):
 * - per agent `deposited = available + held + frozen + spent + withdrawn − owed`; none is negative [L1]
 * - the journal re-sums to the balance: Σ DEPOSIT − Σ DEBIT − Σ WITHDRAWAL = available + held + frozen − owed [L1]
 * - whatever becomes available (a deposit, money freed by the end of a hold) pays what is owed first; who owes holds nothing [C8]
 * - a hold exists durably before `hold` resolves, and ends exactly once, settled or released [L3, L4]
 * - a charge never exceeds its own hold [L3]; Σ holds of a session + its spending never exceed its limit [A3]
 * - where vouchers are required, `spent + held` never passes what the agent signed for [C8, C9]
 * - while a withdrawal is pending, whatever becomes available freezes first, up to the pending amount [C8]
 * - each settled call has one receipt, written with it; an agent's receipts form a chain without gaps
 * - a nonce is spent in the transaction of the hold it asked for; the second is `replayed_nonce` [A2]
 * - an idempotency key is of one call from its hold on: a release frees it, a charge binds it until it is forgotten [A4]
 * - a deposit credits once per (vault, deposit_index) and per (signature, instruction path) [C4]
 * - what a call resolved with is on disk before the promise resolves [L8]
 *
 * Every write throws `LedgerUnavailable` when it cannot be made durable; then nothing has changed [L6].
 * Broken invariants throw; expected outcomes are tagged unions. Times are Unix milliseconds and passed in.
 */
import type { Tokens, Units } from '../money.ts'
import type { CallAuth, Outcome } from '../proof/receipt.ts'
import type { AuditLedger } from './audit-ledger.ts'
import type { ChainLedger } from './chain-ledger.ts'
import type { IdempotencyLedger, KeptAnswer, KeyedRequest, Recalled } from './idempotency-ledger.ts'
import type { CallRecord, Transaction, Usage } from './journal.ts'
import type { IssuedReceipt, ReceiptLedger } from './receipt-ledger.ts'
import type { SessionLedger } from './session-ledger.ts'
import type { OfferedVoucher, VoucherLedger } from './voucher-ledger.ts'

/** Base58 ed25519 public key. */
export type AgentKey = string

/** The ledger cannot be written now (busy beyond the bounded retry, disk full, closed): 503, nothing changed. */
export class LedgerUnavailable extends Error {
  override readonly name = 'LedgerUnavailable'
}

/** A finalized-only view of one agent's money, in units; `available` is what admission may hold. */
export interface Balance {
  readonly available: Units
  readonly held: Units
  readonly frozen: Units
  readonly spent: Units
  readonly deposited: Units
  readonly settled: Units
  readonly withdrawn: Units
  readonly owed: Units
}

export type { CallAuth, CallRecord, Outcome, Transaction, Usage }

/** What a hold is charged at if nobody lives to settle it (`recovered`). */
export interface RecoveryTerms {
  readonly tokens: Tokens
  readonly charge: Units
}

export interface HoldRequest {
  /** The call's id (`req_…`); unique. */
  readonly requestId: string
  readonly agent: AgentKey
  readonly amount: Units
  readonly at: number
  readonly leaseUntil: number
  /** Null for sessions. `forgetAt`: when no clock can accept the nonce any more. */
  readonly nonce: { readonly value: string; readonly forgetAt: number } | null
  readonly sessionId: string | null
  readonly provider: string
  readonly model: string
  readonly priceVersion: string
  /** `sha256:<hex>` of the body bytes that the agent sent. */
  readonly requestDigest: string
  readonly auth: CallAuth
  readonly recovery: RecoveryTerms
  /** Null: the call came without an Idempotency-Key. */
  readonly keyed: KeyedRequest | null
  /** Came with the request and verified; kept, where it is the highest, unless nonce or session are refused. Null: none came. */
  readonly voucher: OfferedVoucher | null
  /** Whether only what a voucher covers may be held. */
  readonly requireVoucher: boolean
  /** Kept for settling before a withdrawal's delay ends, in seconds: no call may outlast the rest of the delay. */
  readonly settleMarginSeconds: number
}

/** As much of a hold as bounds its amount. */
export type HoldQuestion = Pick<
  HoldRequest,
  'agent' | 'at' | 'sessionId' | 'requireVoucher' | 'settleMarginSeconds'
>

/** Of one instant, in units. */
export interface Room {
  /** The balance, under the limit of the session. */
  readonly spendable: Units
  /** The most that a hold could take: 0 where it would be refused whatever its amount. */
  readonly holdable: Units
}

export type HoldOutcome =
  /** `callSecondsMax`: how long the call may take, from the vault's delay; null while the ledger has not read the vault. */
  | { readonly kind: 'held'; readonly available: Units; readonly callSecondsMax: number | null }
  /** `needed`: the total that a voucher must reach for this call. `signed`: the highest that is held, 0 without one. */
  | { readonly kind: 'authorization_required'; readonly needed: Units; readonly signed: Units }
  /** The vault's delay leaves no time for a call beside the margin. */
  | { readonly kind: 'delay_too_short'; readonly delaySeconds: number }
  | { readonly kind: 'insufficient'; readonly available: Units; readonly owed: Units }
  | { readonly kind: 'session_limit'; readonly remaining: Units }
  | { readonly kind: 'session_gone' }
  | { readonly kind: 'replayed_nonce' }
  /** The key is taken: this is what it was taken for. */
  | { readonly kind: 'recalled'; readonly recalled: Recalled }
  /** The agent's deposit address is frozen: what is available cannot be collected. */
  | { readonly kind: 'vault_frozen' }

/** Keeps a live hold from being swept, and notes what it would be recovered at by now. */
export interface Lease {
  readonly requestId: string
  readonly leaseUntil: number
  readonly recovery: RecoveryTerms
}

export interface Settlement {
  readonly requestId: string
  /** At most the hold; more throws. */
  readonly charge: Units
  readonly tokens: Tokens
  readonly outcome: Outcome
  readonly upstreamId: string | null
  /** `sha256:<hex>` of the body bytes that the agent was sent. */
  readonly responseDigest: string
  /** What the agent was sent, for a call with an Idempotency-Key; null: nothing, or more than is kept. Else not looked at. */
  readonly answer: KeptAnswer | null
  readonly at: number
}

export type SettleOutcome =
  | {
      readonly kind: 'settled'
      readonly charge: Units
      /** Cumulative total after this call. */
      readonly spent: Units
      /** deposited − withdrawn − spent. */
      readonly balanceAfter: Units
      /** Written in the same transaction. */
      readonly receipt: IssuedReceipt
    }
  | { readonly kind: 'already_ended'; readonly state: 'settled' | 'released' }

export type ReleaseOutcome =
  | { readonly kind: 'released' }
  | { readonly kind: 'already_ended'; readonly state: 'settled' | 'released' }

/** The end of a call that is not charged. */
export interface Release {
  readonly requestId: string
  readonly at: number
  /** Why nothing is owed: the error code that the client was answered with. */
  readonly reason: string
}

/** A price list as it is kept. */
export interface StoredPrices {
  /** Since when its version is known here: RFC 3339 UTC with milliseconds. */
  readonly effectiveAt: string
  /** The text that the version is the digest of. */
  readonly json: string
}

export interface SpendLedger {
  balance(agent: AgentKey): Promise<Balance>
  /** Newest first; `before` is the id of the last row of the page before. */
  transactions(agent: AgentKey, before: number | null, limit: number): Promise<Transaction[]>
  /** Calls that ended after `seq`, ascending: readers tail it and nothing on the path waits for them. */
  calls(afterSeq: number, limit: number): Promise<CallRecord[]>
  /** Whether a hold has spent this nonce (durable ones only). */
  nonceSpent(agent: AgentKey, nonce: string): Promise<boolean>
  /** Only `held` changes anything but the voucher, which is kept unless nonce or session are refused. Throws when the request id was ever used, or the price version is not stored. */
  hold(request: HoldRequest): Promise<HoldOutcome>
  /** What a hold could be asked for now. */
  room(question: HoldQuestion): Promise<Room>
  /** Leases never get shorter; calls that have ended are passed over. */
  renew(leases: readonly Lease[]): Promise<void>
  /**
   * Charges the hold and frees the rest; of all ends of a hold only the first counts. Throws where there never was one, and
   * on a ledger that was opened without an issuer of receipts.
   */
  settle(settlement: Settlement): Promise<SettleOutcome>
  /** Frees the whole hold; else as `settle`. */
  release(release: Release): Promise<ReleaseOutcome>
  /** Settles every open hold whose lease ended at or before `at` as `recovered`, at its recovery terms but never above the hold; returns their request ids. */
  resolveExpired(at: number): Promise<string[]>
  /** Forgets nonces and session challenges that no clock accepts any more, and keys that were charged a day ago with their answers. */
  forgetExpired(at: number): Promise<void>
  /** Stores a price list's version before anything is held under it; idempotent. Answers since when it is known here. */
  storePrices(version: string, effectiveAt: string, json: string): Promise<string>
  /** A stored version, or null. */
  prices(version: string): Promise<StoredPrices | null>
}

/** What a health check may ask. */
interface LedgerHealth {
  /** Makes one durable write; throws LedgerUnavailable. */
  probe(at: number): Promise<void>
  /** Commits since opening, for the group-commit test and metrics. */
  readonly commits: number
  close(): Promise<void>
}

export interface Ledger
  extends SpendLedger,
    SessionLedger,
    VoucherLedger,
    ReceiptLedger,
    IdempotencyLedger,
    ChainLedger,
    AuditLedger,
    LedgerHealth {}

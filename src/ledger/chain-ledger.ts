/** What the watcher writes: the mirror of the vaults. Source: chain contract, "The mirror". */
import type { Units } from '../money.ts'
import type { AgentKey } from './ledger.ts'

/** The one chain, program, gateway and mint that a ledger belongs to, fixed at creation [C10]. */
export interface ChainBinding {
  readonly genesisHash: string
  readonly program: string
  readonly gateway: string
  readonly mint: string
}

export type BindOutcome =
  | { readonly kind: 'bound' }
  | {
      readonly kind: 'other_chain'
      readonly field: keyof ChainBinding
      readonly ledger: string
      readonly chain: string
    }

/** A finalized, successful deposit as its event states it. */
export interface DepositFact {
  readonly vault: string
  readonly agent: AgentKey
  readonly amount: Units
  /** The vault's `deposited` after it. */
  readonly cumulative: Units
  /** Counts from 1 per vault. */
  readonly depositIndex: bigint
  readonly depositor: string
  readonly signature: string
  /** Where in the transaction: `outer` or `outer.inner`, both from 0. */
  readonly instructionPath: string
  readonly slot: number
}

export type CreditOutcome =
  | { readonly kind: 'credited'; readonly available: Units }
  /** The same fact is on the books already: nothing changed. */
  | { readonly kind: 'exists' }
  /** The books hold something else under this vault and index, or this signature and path: drift, nothing changed. */
  | { readonly kind: 'exists_different'; readonly detail: string }
  /** Crediting of this vault is stopped [C6], or the amount is beyond what a ledger holds. Nothing changed. */
  | { readonly kind: 'stopped'; readonly reason: string }

/** A finalized event that took money out of a vault, as it states it. `cumulative` is the total of its kind after it. */
export interface PayoutFact {
  readonly vault: string
  readonly agent: AgentKey
  readonly amount: Units
  readonly cumulative: Units
  readonly signature: string
  /** As of a deposit. */
  readonly instructionPath: string
  readonly slot: number
}

export type PayoutOutcome =
  | { readonly kind: 'booked' }
  /** The same fact is on the books already: nothing changed. */
  | { readonly kind: 'exists' }
  /** An earlier one of its kind is missing (its cumulative is not the books' plus the amount): nothing changed. */
  | { readonly kind: 'gap'; readonly booked: Units }
  /** It contradicts the books (another fact of this total or instruction, a settlement beyond `spent`, a vault that is not known): drift, nothing changed. */
  | { readonly kind: 'impossible'; readonly detail: string }

/** What the chain says of a vault's withdrawal, at two commitments. Times are Unix seconds. */
export interface WithdrawalReading {
  readonly vault: string
  /** The finalized slot that was read; that of `confirmed` where it alone was: such a reading freezes and never thaws. */
  readonly slot: number
  /** The slot at which `confirmed` was read; 0 where it was not. */
  readonly confirmedSlot: number
  /** The account's totals at the finalized slot that was read. */
  readonly withdrawn: Units
  readonly settled: Units
  /** `pending_withdrawal` at that slot with what was withdrawn by then and is not on the books yet; `withdrawable_at`. */
  readonly pending: Units
  readonly withdrawableAt: number
  /** The same at `confirmed`, or null where it could not be read: then what is frozen stays so. */
  readonly confirmedPending: Units | null
  readonly confirmedWithdrawableAt: number
  readonly withdrawalDelaySeconds: number
}

/** A vault that the ledger knows, with what it has credited to it. */
export interface KnownVault {
  readonly vault: string
  readonly agent: AgentKey
  readonly deposited: Units
  readonly depositIndex: bigint
  /** Why crediting is stopped, or null. */
  readonly stopped: string | null
  /** Whether the mint's authority has frozen the deposit address: the vault can pay nobody, so its agent holds nothing. */
  readonly addressFrozen: boolean
  /** Totals of the payouts that are on the books. */
  readonly settled: Units
  readonly withdrawn: Units
  /** What the agent's money is to be frozen up to. */
  readonly pendingWithdrawal: Units
}

/** A deposit seen at `confirmed`: shown, never spendable. */
export interface PendingDeposit {
  readonly agent: AgentKey
  readonly signature: string
  readonly amount: Units
}

/** A transaction that could not be read; it is reported and never blocks the cursor [C5]. */
export interface Quarantined {
  readonly signature: string
  readonly slot: number
  readonly reason: string
  readonly at: number
}

/** How far the chain has been read: everything at or before it is on the books. */
export interface Cursor {
  readonly slot: number
  readonly signature: string | null
}

export interface ChainLedger {
  /** Binds a new ledger; on an old one compares and changes nothing. */
  bind(binding: ChainBinding): Promise<BindOutcome>
  cursor(): Promise<Cursor | null>
  /** Never moves backwards: a lower slot changes nothing. */
  advance(cursor: Cursor): Promise<void>
  /** Credits a deposit once; knows its agent and vault from then on. Throws for an amount below 1. */
  credit(deposit: DepositFact, at: number): Promise<CreditOutcome>
  /** Learns of a vault that was opened; idempotent. Throws when it is another agent's. */
  knowVault(vault: string, agent: AgentKey): Promise<void>
  /**
   * Mirrors a settlement: `settled` is what the operator has taken of `spent`.
   * One that would bring it above `spent` is `impossible`.
   */
  bookSettlement(settlement: PayoutFact, at: number): Promise<PayoutOutcome>
  /**
   * Mirrors a withdrawal: takes it from `frozen`, then from `available`; the rest is `owed`. What is pending falls by
   * the amount in the same transaction, so that nothing thaws in between [C8].
   */
  bookWithdrawal(withdrawal: PayoutFact, at: number): Promise<PayoutOutcome>
  /**
   * Freezes up to the higher of the two pending amounts, at once and from whatever becomes available later. Thaws only
   * when both are lower, every withdrawal up to the reading is on the books (its `withdrawn` equals the books'), and
   * `slot` is not before the slot at which the pending amount was last seen: an older view proves no cancel.
   * Answers what is pending on the books now. Throws when the vault is not known.
   */
  noteWithdrawal(reading: WithdrawalReading, at: number): Promise<Units>
  vaults(): Promise<KnownVault[]>
  /** Stops (reason) or resumes (null) crediting of a vault. Throws when it is not known. */
  stopVault(vault: string, reason: string | null): Promise<void>
  /** Notes whether a vault's deposit address is frozen; idempotent. Throws when the vault is not known. */
  noteFrozen(vault: string, frozen: boolean): Promise<void>
  quarantine(item: Quarantined): Promise<void>
  /** A quarantined transaction that could be read after all. */
  unquarantine(signature: string): Promise<void>
  quarantined(): Promise<Quarantined[]>
  /** Replaces the whole set of pending deposits. */
  replacePending(pending: readonly PendingDeposit[]): Promise<void>
  pending(agent: AgentKey): Promise<PendingDeposit[]>
}

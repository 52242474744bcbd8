/** What the agents have signed away, and what the operator may collect of it. Source: chain contract, "Voucher". */
import type { Units } from '../money.ts'
import type { AgentKey } from './ledger.ts'

/** A voucher that verified strictly and never expires. */
export interface OfferedVoucher {
  /** Base58 address of the agent's vault. */
  readonly vault: string
  /** A u64: may be more than there is. */
  readonly cumulative: Units
  /** Base64 of 64 bytes. */
  readonly signature: string
}

export type KeepOutcome =
  /** `signed`: the highest that is held now. `raised`: whether it is this one and was not held before. */
  | { readonly kind: 'kept'; readonly signed: Units; readonly raised: boolean }
  /** The agent has no vault that the ledger knows: nothing was written. */
  | { readonly kind: 'no_vault' }

/** One agent's money as far as settling goes. */
export interface Settleable {
  readonly agent: AgentKey
  readonly vault: string
  readonly spent: Units
  readonly held: Units
  /** As mirrored from the vault. */
  readonly deposited: Units
  readonly settled: Units
  readonly withdrawn: Units
  readonly owed: Units
  readonly pendingWithdrawal: Units
  /** Unix seconds; 0 where nothing is pending. */
  readonly withdrawableAt: number
  /** The highest voucher that is held, or null. */
  readonly voucher: OfferedVoucher | null
}

export interface VoucherLedger {
  /** Keeps a voucher where it is higher than the one that is held. */
  keepVoucher(agent: AgentKey, voucher: OfferedVoucher, at: number): Promise<KeepOutcome>
  /** The highest that is held, or null. */
  voucher(agent: AgentKey): Promise<OfferedVoucher | null>
  /** Every agent whose charges are not all settled, by the mirror; those of one agent where it is named. */
  unsettled(agent?: AgentKey): Promise<Settleable[]>
}

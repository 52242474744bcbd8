/**
 * What a check of an agent's history starts from: what the gateway delivered, as it came, and what the chain says.
 * Amounts are units, times of the chain Unix seconds, other times Unix milliseconds. Source: proof contract.
 */
import type { Audience } from '../identity/signed-text.ts'
import type { Units } from '../money.ts'

/** Whose history it is, by the agent's own configuration. Addresses are base58. */
export interface Party extends Audience {
  readonly agent: string
  readonly gateway: string
}

/** Where on the chain something stands. */
interface Place {
  readonly transaction: string
  readonly slot: number
  /** Null where the node does not say. */
  readonly timeSeconds: number | null
}

export interface ChainDeposit extends Place {
  readonly amount: Units
  /** The total of deposits after it. */
  readonly cumulative: Units
  /** From 1, without gaps. */
  readonly depositIndex: bigint
}

/** A settlement or a withdrawal. */
export interface ChainPayout extends Place {
  readonly amount: Units
  /** The total of its kind after it. */
  readonly cumulative: Units
}

/** A `GatewayChangedEvent`. */
export interface ChainReceiptKey extends Place {
  /** Base58. */
  readonly receiptKey: string
}

/** The totals of the vault's account. */
export interface VaultTotals {
  readonly address: string
  readonly deposited: Units
  readonly settled: Units
  readonly withdrawn: Units
}

/** The vault's history and state; everything finalized. */
export interface ChainHistory {
  /** Slot at which accounts were read. */
  readonly slot: number
  /** Null where the agent has no vault. */
  readonly vault: VaultTotals | null
  /** What the deposit address holds. */
  readonly tokens: Units
  /** Each in the order of its totals. */
  readonly deposits: readonly ChainDeposit[]
  readonly settlements: readonly ChainPayout[]
  readonly withdrawals: readonly ChainPayout[]
  /** In the order of the chain. */
  readonly receiptKeys: readonly ChainReceiptKey[]
  /** The Gateway account's own `receipt_key`, base58, and its address. */
  readonly receiptKey: string
  readonly gateway: string
  /** Whether `receiptKeys` reaches back to the gateway's creation, or before the first receipt. */
  readonly keysComplete: boolean
}

/** An answer of the gateway: its JSON, or why there is none. `target` names what was asked. */
export type Answered =
  | { readonly kind: 'answered'; readonly target: string; readonly body: unknown }
  | { readonly kind: 'unanswered'; readonly target: string; readonly problem: string }

export interface Evidence {
  readonly party: Party
  /** Each `{"receipt","signature"}` as it was delivered, in that order. */
  readonly receipts: readonly unknown[]
  /** Pages of the list that could not be had or read. */
  readonly receiptTroubles: readonly Extract<Answered, { kind: 'unanswered' }>[]
  /** Receipts that the agent kept of its own answers (`X-Receipt`). */
  readonly kept: readonly unknown[]
  /** Answers of `GET /v1/pricing` (`asked` null), and of `?version=` for each version that charged. */
  readonly prices: readonly { readonly asked: string | null; readonly answer: Answered }[]
  /** `GET /v1/balance`. */
  readonly balance: Answered
  /** `GET /v1/sessions/{id}`, by the ids that receipts name. */
  readonly sessions: ReadonlyMap<string, Answered>
  /** `GET /v1/sessions`; null where receipts name none. */
  readonly listedSessions: Answered | null
  /** Every session that the agent opened, where it kept a list; else null. */
  readonly openedSessions: readonly string[] | null
  readonly chain: ChainHistory
  /** When collecting began and ended, by the agent's clock. */
  readonly collectedFrom: number
  readonly collectedUntil: number
}

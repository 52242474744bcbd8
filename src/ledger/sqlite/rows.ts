/** Rows as SQLite returns them (integers are bigint), and what the ledger's interfaces make of them. */
import { units, ZERO } from '../../money.ts'
import type { KnownVault, PendingDeposit, Quarantined } from '../chain-ledger.ts'
import type { Balance, CallAuth, CallRecord, Transaction, Usage } from '../ledger.ts'
import type { Session } from '../session-ledger.ts'

/** What an agent has: admission asks on the writing connection, `GET /v1/balance` on the reading one. */
export const BALANCE_QUERY = `
SELECT balance, held, frozen, spent, deposited, settled, withdrawn, owed FROM agents WHERE pubkey = ?`

export interface BalanceRow {
  readonly balance: bigint
  readonly held: bigint
  readonly frozen: bigint
  readonly spent: bigint
  readonly deposited: bigint
  readonly settled: bigint
  readonly withdrawn: bigint
  readonly owed: bigint
}

export const NO_BALANCE: Balance = {
  available: ZERO,
  held: ZERO,
  frozen: ZERO,
  spent: ZERO,
  deposited: ZERO,
  settled: ZERO,
  withdrawn: ZERO,
  owed: ZERO,
}

export function balanceOf(row: BalanceRow): Balance {
  return {
    available: units(row.balance),
    held: units(row.held),
    frozen: units(row.frozen),
    spent: units(row.spent),
    deposited: units(row.deposited),
    settled: units(row.settled),
    withdrawn: units(row.withdrawn),
    owed: units(row.owed),
  }
}

export interface TransactionRow {
  readonly id: bigint
  readonly type: Transaction['type']
  readonly amount: bigint
  readonly balance_after: bigint
  readonly usage_json: string | null
  readonly request_id: string | null
  readonly signature: string | null
  readonly timestamp: bigint
}

export function transactionOf(row: TransactionRow): Transaction {
  return {
    id: Number(row.id),
    type: row.type,
    amount: units(row.amount),
    balanceAfter: units(row.balance_after),
    timestamp: Number(row.timestamp),
    requestId: row.request_id,
    signature: row.signature,
    usage: row.usage_json === null ? null : (JSON.parse(row.usage_json) as Usage),
  }
}

export interface CallRow {
  readonly seq: bigint
  readonly request_id: string
  readonly agent_pubkey: string
  readonly held: bigint
  readonly charge: bigint
  readonly usage_json: string | null
  readonly reason: string | null
  readonly provider: string
  readonly model: string
  readonly price_version: string
  readonly request_digest: string
  readonly auth_json: string
  readonly started_at: bigint
  readonly ended_at: bigint
}

export function callOf(row: CallRow): CallRecord {
  const call = {
    seq: Number(row.seq),
    requestId: row.request_id,
    agent: row.agent_pubkey,
    provider: row.provider,
    model: row.model,
    priceVersion: row.price_version,
    held: units(row.held),
    requestDigest: row.request_digest,
    auth: JSON.parse(row.auth_json) as CallAuth,
    startedAt: Number(row.started_at),
    endedAt: Number(row.ended_at),
  }
  if (row.usage_json === null) return { ...call, state: 'released', reason: row.reason ?? '' }
  const usage = JSON.parse(row.usage_json) as Usage
  return { ...call, state: 'settled', charge: units(row.charge), usage }
}

export interface SessionRow {
  readonly id: string
  readonly agent_pubkey: string
  readonly spend_limit: bigint | null
  readonly models_json: string | null
  readonly label: string | null
  readonly created_at: bigint
  readonly expires_at: bigint
  readonly spent: bigint
  readonly held: bigint
}

export function sessionOf(row: SessionRow): Session {
  return {
    id: row.id,
    agent: row.agent_pubkey,
    spendLimit: row.spend_limit === null ? null : units(row.spend_limit),
    models: row.models_json === null ? null : (JSON.parse(row.models_json) as string[]),
    label: row.label,
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    spent: units(row.spent),
    held: units(row.held),
  }
}

export interface VaultRow {
  readonly vault: string
  readonly agent_pubkey: string
  readonly deposited: bigint
  readonly deposit_index: bigint
  readonly stopped: string | null
  readonly address_frozen: bigint
  readonly settled: bigint
  readonly withdrawn: bigint
  readonly pending_withdrawal: bigint
}

export const VAULT_COLUMNS = `vault, agent_pubkey, deposited, deposit_index, stopped, address_frozen, settled, withdrawn,
  pending_withdrawal`

export function vaultOf(row: VaultRow): KnownVault {
  return {
    vault: row.vault,
    agent: row.agent_pubkey,
    deposited: units(row.deposited),
    depositIndex: row.deposit_index,
    stopped: row.stopped,
    addressFrozen: row.address_frozen === 1n,
    settled: units(row.settled),
    withdrawn: units(row.withdrawn),
    pendingWithdrawal: units(row.pending_withdrawal),
  }
}

export interface PendingRow {
  readonly agent_pubkey: string
  readonly signature: string
  readonly amount: bigint
}

export function pendingOf(row: PendingRow): PendingDeposit {
  return { agent: row.agent_pubkey, signature: row.signature, amount: units(row.amount) }
}

export interface QuarantineRow {
  readonly signature: string
  readonly slot: bigint
  readonly reason: string
  readonly at: bigint
}

export function quarantinedOf(row: QuarantineRow): Quarantined {
  return {
    signature: row.signature,
    slot: Number(row.slot),
    reason: row.reason,
    at: Number(row.at),
  }
}

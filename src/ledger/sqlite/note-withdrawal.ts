/** Freezes and thaws for an open withdrawal. Runs inside a transaction of the group commit. */
import type Database from 'better-sqlite3'
import { least, type Units, units } from '../../money.ts'
import type { WithdrawalReading } from '../chain-ledger.ts'
import { type PendingWithdrawal, pendingWithdrawal } from '../withdrawal-rule.ts'
import { AMOUNT_MAX } from './storable.ts'

interface VaultRow {
  readonly agent_pubkey: string
  readonly withdrawn: bigint
  readonly pending_withdrawal: bigint
  readonly withdrawable_at: bigint
  readonly withdrawal_delay: bigint | null
  readonly pending_seen_slot: bigint
}

const VAULT = `
SELECT agent_pubkey, withdrawn, pending_withdrawal, withdrawable_at, withdrawal_delay, pending_seen_slot
FROM vaults WHERE vault = ?`

/** Whoever owes has neither, so all that is there freezes first. */
const FREEZE = `
UPDATE agents SET
  frozen = min(frozen + balance, @pending),
  balance = frozen + balance - min(frozen + balance, @pending),
  pending_withdrawal = @pending,
  updated_at = @at
WHERE pubkey = @agent`

export class NoteWithdrawal {
  readonly #vault: Database.Statement<[string], VaultRow>
  readonly #vaultNow: Database.Statement<[string], VaultRow>
  readonly #knowAgent: Database.Statement<[string, number]>
  readonly #freeze: Database.Statement<[{ pending: bigint; at: number; agent: string }]>
  readonly #note: Database.Statement<[bigint, number, number, number, string]>

  constructor(db: Database.Database, reader: Database.Database) {
    this.#vault = db.prepare(VAULT)
    this.#vaultNow = reader.prepare(VAULT)
    this.#knowAgent = db.prepare(
      'INSERT INTO agents (pubkey, updated_at) VALUES (?, ?) ON CONFLICT (pubkey) DO NOTHING',
    )
    this.#freeze = db.prepare(FREEZE)
    this.#note = db.prepare(
      `UPDATE vaults SET pending_withdrawal = ?, withdrawable_at = ?, pending_seen_slot = ?, withdrawal_delay = ?
       WHERE vault = ?`,
    )
  }

  /** Answers what is pending now. Throws when the vault is not known. */
  run(reading: WithdrawalReading, at: number): Units {
    const row = this.#vault.get(reading.vault)
    if (row === undefined) throw new Error(`no vault ${reading.vault} is known`)
    const { pending, withdrawableAt, seenSlot } = notedOn(row, reading)
    const agent = row.agent_pubkey
    if (pending !== row.pending_withdrawal) {
      this.#knowAgent.run(agent, at)
      this.#freeze.run({ pending, at, agent })
    }
    const { vault, withdrawalDelaySeconds } = reading
    this.#note.run(pending, withdrawableAt, seenSlot, withdrawalDelaySeconds, vault)
    return pending
  }

  /** What is pending, where the last commit says all of this already; else null. */
  standing(reading: WithdrawalReading): Units | null {
    const row = this.#vaultNow.get(reading.vault)
    if (row === undefined) return null
    const { pending, withdrawableAt, seenSlot } = notedOn(row, reading)
    const stands =
      pending === row.pending_withdrawal &&
      withdrawableAt === Number(row.withdrawable_at) &&
      seenSlot === Number(row.pending_seen_slot) &&
      row.withdrawal_delay === BigInt(reading.withdrawalDelaySeconds)
    return stands ? pending : null
  }
}

function notedOn(row: VaultRow, reading: WithdrawalReading): PendingWithdrawal {
  const books = {
    withdrawn: units(row.withdrawn),
    pending: units(row.pending_withdrawal),
    withdrawableAt: Number(row.withdrawable_at),
    seenSlot: Number(row.pending_seen_slot),
  }
  const noted = pendingWithdrawal(books, reading)
  return { ...noted, pending: least(noted.pending, units(AMOUNT_MAX)) }
}

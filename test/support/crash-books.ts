/** What a ledger's files say: those of a running gateway, or a copy of what a dead one left. */
import { cpSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { CallRecord, Ledger } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/sqlite/open-ledger.ts'

export interface OpenHold {
  readonly request_id: string
  readonly amount: bigint
  readonly started_at: bigint
  readonly lease_until: bigint
  /** What it is charged at if nobody settles it. */
  readonly recovery_charge: bigint
}

export interface BookedDeposit {
  readonly signature: string
  readonly amount: bigint
  readonly slot: bigint
}

export interface Books {
  readonly ledger: Ledger
  holds(agent: string): OpenHold[]
  calls(agent: string): Promise<CallRecord[]>
  /** All that was credited, oldest first. */
  deposits(): BookedDeposit[]
  close(): Promise<void>
}

/** Opens the ledger beside whoever else has it open. */
export function openBooks(dataDir: string): Books {
  const file = join(dataDir, 'ledger.sqlite')
  const ledger = openLedger(file, null)
  const db = new Database(file, { readonly: true })
  db.defaultSafeIntegers(true)
  return {
    ledger,
    holds: (agent) =>
      db
        .prepare<[string], OpenHold>(
          `SELECT request_id, amount, started_at, lease_until, recovery_charge FROM holds
           WHERE agent_pubkey = ?`,
        )
        .all(agent),
    calls: async (agent) => (await ledger.calls(0, 1_000)).filter((call) => call.agent === agent),
    deposits: () =>
      db
        .prepare<[], BookedDeposit>('SELECT signature, amount, slot FROM deposits ORDER BY slot')
        .all(),
    async close() {
      db.close()
      await ledger.close()
    },
  }
}

/** Keeps every other process from writing, until it is called. */
export function lockBooks(dataDir: string): () => void {
  const db = new Database(join(dataDir, 'ledger.sqlite'))
  db.exec('BEGIN IMMEDIATE')
  return () => {
    db.exec('ROLLBACK')
    db.close()
  }
}

/** Opens a copy, so that the files themselves stay as the dead process left them. */
export function openCopyOfBooks(dataDir: string): Books {
  const copy = mkdtempSync(`${dataDir}-copy-`)
  cpSync(dataDir, copy, { recursive: true })
  return openBooks(copy)
}

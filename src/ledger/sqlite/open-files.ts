/** Opens the two connections to a ledger file: one that writes, one that only reads. */
import { closeSync, openSync } from 'node:fs'
import Database from 'better-sqlite3'
import { migrate } from './migrate.ts'

export interface LedgerFiles {
  /** Used by the group commit alone. */
  readonly writer: Database.Database
  /** Sees the last commit and never waits for a writer (WAL). */
  readonly reader: Database.Database
}

/** A whole file may be migrated or recovered meanwhile; nobody is served yet, so waiting blocks no one. */
const OPENING_TIMEOUT_MS = 5_000
/** SQLite would sleep on the event loop while it waits: the group commit asks again without blocking. */
const WRITE_TIMEOUT_MS = 0
/** Readers meet a lock only in the moment in which another process recovers or closes the file. */
const READ_TIMEOUT_MS = 50

/**
 * Opens or creates the file, readable by its owner alone, and migrates it.
 * Throws when it can't be opened or belongs to a newer version.
 */
export function openFiles(path: string): LedgerFiles {
  closeSync(openSync(path, 'a', 0o600))
  const writer = new Database(path, { timeout: OPENING_TIMEOUT_MS })
  try {
    writer.pragma('journal_mode = WAL')
    writer.pragma('synchronous = FULL')
    writer.pragma('wal_autocheckpoint = 10000')
    writer.pragma('foreign_keys = ON')
    migrate(writer)
    writer.pragma(`busy_timeout = ${WRITE_TIMEOUT_MS}`)
    writer.defaultSafeIntegers(true)
    const reader = new Database(path, { readonly: true, timeout: READ_TIMEOUT_MS })
    reader.defaultSafeIntegers(true)
    return { writer, reader }
  } catch (error) {
    writer.close()
    throw error
  }
}

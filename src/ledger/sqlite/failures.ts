/** What SQLite's errors mean to the ledger. */
import Database from 'better-sqlite3'
import { LedgerUnavailable } from '../ledger.ts'

/** Another connection writes: the same transaction can succeed in a moment. */
export function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code)
}

const FILE_TROUBLE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|NOMEM|CORRUPT|NOTADB|PERM)/

/** Whether the file, and not what was asked of it, is at fault. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof Database.SqliteError) return FILE_TROUBLE.test(error.code)
  return error instanceof TypeError && error.message === 'The database connection is not open'
}

/** The error to throw at the caller: LedgerUnavailable for file trouble, else the error itself. */
export function asThrown(error: unknown): unknown {
  if (!isUnavailable(error)) return error
  const why = error instanceof Error ? error.message : String(error)
  return new LedgerUnavailable(`the ledger cannot be used now: ${why}`, { cause: error })
}

/** A ledger file that a test may also reach by SQL. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { onTestFinished } from 'vitest'
import { type LedgerFiles, openFiles } from '../../../src/ledger/sqlite/open-files.ts'
import { newFolder } from '../backends.ts'

/** The path of a file that is not there yet. */
export function newPath(): string {
  return join(newFolder(), 'ledger.sqlite')
}

export function openedFiles(path = newPath()): LedgerFiles {
  const files = openFiles(path)
  onTestFinished(() => {
    files.reader.close()
    files.writer.close()
  })
  return files
}

/** A connection of somebody else. */
export function rawConnection(path: string): Database.Database {
  const db = new Database(path, { timeout: 0 })
  onTestFinished(() => {
    db.close()
  })
  return db
}

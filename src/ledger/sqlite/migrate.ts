/** Brings a file to the newest schema: numbered steps, forward only, each in one transaction. */
import type Database from 'better-sqlite3'
import { FIRST_LEDGER } from './migrations/0001-ledger.ts'
import { EXIT } from './migrations/0002-exit.ts'
import { IDEMPOTENCY } from './migrations/0003-idempotency.ts'

/** The SQL of each schema version, from 1 on. A published step is never changed: the next one corrects it. */
export const MIGRATIONS: readonly string[] = [FIRST_LEDGER, EXIT, IDEMPOTENCY]

/** `l5l1` in the file's header: this file is a ledger of ours. */
const APPLICATION_ID = 0x6c356c31

/**
 * Runs the steps that the file has not had. Several processes may do so at once.
 * Throws when the file is of a newer version of the program, or is another program's database; then it is untouched.
 */
export function migrate(db: Database.Database, steps: readonly string[] = MIGRATIONS): void {
  while (true) {
    db.exec('BEGIN IMMEDIATE')
    try {
      const version = schemaVersion(db, steps.length)
      const step = steps[version]
      if (step === undefined) return
      db.exec(step)
      db.pragma(`application_id = ${APPLICATION_ID}`)
      db.pragma(`user_version = ${version + 1}`)
      db.exec('COMMIT')
    } finally {
      if (db.inTransaction) db.exec('ROLLBACK')
    }
  }
}

function schemaVersion(db: Database.Database, newest: number): number {
  const version = Number(db.pragma('user_version', { simple: true }))
  const application = Number(db.pragma('application_id', { simple: true }))
  const tables = Number(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get())
  if (application !== APPLICATION_ID && (version !== 0 || tables !== 0)) {
    throw new Error(`${db.name} is a database of another program: name a new file`)
  }
  if (version > newest) {
    throw new Error(
      `${db.name} has schema ${version}, this version of level5 knows ${newest}: start the newer version`,
    )
  }
  return version
}

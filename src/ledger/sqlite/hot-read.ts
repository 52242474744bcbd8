/**
 * A query that every call makes, on the connection that writes: its pages stay in memory from commit to commit, while
 * the other connection reads them anew after each.
 */
import type Database from 'better-sqlite3'
import { isBusy } from './failures.ts'
import type { LedgerFiles } from './open-files.ts'

export class HotRead<Parameters extends unknown[], Row> {
  readonly #writer: Database.Database
  readonly #hot: Database.Statement<Parameters, Row>
  readonly #patient: Database.Statement<Parameters, Row>

  constructor({ writer, reader }: LedgerFiles, query: string) {
    this.#writer = writer
    this.#hot = writer.prepare<Parameters, Row>(query)
    this.#patient = reader.prepare<Parameters, Row>(query)
  }

  /**
   * Sees the last commit. The connection that only reads is asked where a transaction could not be rolled back, whose
   * rows nobody may see, and where the file is locked: it waits.
   */
  get(...parameters: Parameters): Row | undefined {
    if (this.#writer.inTransaction) return this.#patient.get(...parameters)
    try {
      return this.#hot.get(...parameters)
    } catch (error) {
      if (!isBusy(error)) throw error
      return this.#patient.get(...parameters)
    }
  }
}

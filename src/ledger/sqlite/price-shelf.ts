/** Every price list that ever charged anyone. */
import type Database from 'better-sqlite3'
import type { StoredPrices } from '../ledger.ts'
import type { GroupCommit } from './group-commit.ts'
import { reading } from './reading.ts'

interface ShelvedPrices {
  readonly effective_at: string
  readonly json: string
}

export class PriceShelf {
  readonly #commit: GroupCommit
  readonly #insert: Database.Statement<[string, string, string]>
  readonly #find: Database.Statement<[string], ShelvedPrices>

  constructor(writer: Database.Database, reader: Database.Database, commit: GroupCommit) {
    this.#commit = commit
    this.#insert = writer.prepare(
      'INSERT INTO prices (version, effective_at, json) VALUES (?, ?, ?) ON CONFLICT (version) DO NOTHING',
    )
    this.#find = reader.prepare('SELECT effective_at, json FROM prices WHERE version = ?')
  }

  /**
   * Answers the first `effectiveAt` that the version was stored with. Throws when it is on the shelf with another text:
   * a version is a digest of its list.
   */
  async store(version: string, effectiveAt: string, json: string): Promise<string> {
    await this.#commit.run(() => this.#insert.run(version, effectiveAt, json))
    const shelved = await reading(() => this.#find.get(version))
    if (shelved?.json !== json) {
      throw new Error(`price list ${version} is stored with other prices`)
    }
    return shelved.effective_at
  }

  find(version: string): Promise<StoredPrices | null> {
    return reading(() => {
      const shelved = this.#find.get(version)
      return shelved === undefined
        ? null
        : { effectiveAt: shelved.effective_at, json: shelved.json }
    })
  }
}

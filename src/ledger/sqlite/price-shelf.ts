/** Every price list that ever charged anyone. */
import type Database from 'better-sqlite3'
import type { GroupCommit } from './group-commit.ts'
import { reading } from './reading.ts'

export class PriceShelf {
  readonly #commit: GroupCommit
  readonly #insert: Database.Statement<[string, string, string]>
  readonly #find: Database.Statement<[string], string>

  constructor(writer: Database.Database, reader: Database.Database, commit: GroupCommit) {
    this.#commit = commit
    this.#insert = writer.prepare(
      'INSERT INTO prices (version, effective_at, json) VALUES (?, ?, ?) ON CONFLICT (version) DO NOTHING',
    )
    this.#find = reader
      .prepare<[string], string>('SELECT json FROM prices WHERE version = ?')
      .pluck()
  }

  /** Throws when the version is on the shelf with another text: a version is a digest of its list. */
  async store(version: string, effectiveAt: string, json: string): Promise<void> {
    await this.#commit.run(() => this.#insert.run(version, effectiveAt, json))
    if ((await this.find(version)) !== json) {
      throw new Error(`price list ${version} is stored with other prices`)
    }
  }

  find(version: string): Promise<string | null> {
    return reading(() => this.#find.get(version) ?? null)
  }
}

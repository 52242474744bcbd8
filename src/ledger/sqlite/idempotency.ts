/** Idempotency keys on a file. Implements IdempotencyLedger; holds take keys and their ends free or bind them. */
import type Database from 'better-sqlite3'
import type { IdempotencyLedger, KeyedRequest, Recalled } from '../idempotency-ledger.ts'
import type { AgentKey } from '../ledger.ts'
import type { GroupCommit } from './group-commit.ts'
import type { LedgerFiles } from './open-files.ts'
import { reading } from './reading.ts'
import { RecallKey } from './recall-key.ts'

/** Keys are forgotten in transactions of this many: each may have megabytes of an answer. */
const KEYS_PER_WRITE = 20

export class Idempotency implements IdempotencyLedger {
  readonly #commit: GroupCommit
  readonly #recall: RecallKey
  readonly #forget: Database.Statement<[number, number]>

  constructor({ writer, reader }: LedgerFiles, commit: GroupCommit) {
    this.#commit = commit
    this.#recall = new RecallKey(reader)
    this.#forget = writer.prepare(
      `DELETE FROM idempotency_keys WHERE id IN
         (SELECT id FROM idempotency_keys WHERE forget_at <= ? LIMIT ?)`,
    )
  }

  recall(agent: AgentKey, keyed: KeyedRequest): Promise<Recalled | null> {
    return reading(() => this.#recall.run(agent, keyed))
  }

  /** Forgets keys, with their answers, whose time has come. */
  async forgetExpired(at: number): Promise<void> {
    let forgotten: number
    do {
      forgotten = await this.#commit.run(() => this.#forget.run(at, KEYS_PER_WRITE).changes)
    } while (forgotten === KEYS_PER_WRITE)
  }
}

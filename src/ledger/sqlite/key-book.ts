/** Takes idempotency keys, and ends them with their calls. Runs inside the transactions of hold, settle and release. */
import type Database from 'better-sqlite3'
import {
  AGENT_ANSWER_BYTES_MAX,
  ANSWER_BYTES_MAX,
  KEY_KEPT_MS,
  type KeptAnswer,
  type KeyedRequest,
} from '../idempotency-ledger.ts'

type AnswerColumns = [bigint, string, number, string, number, number, number, Uint8Array]

export class KeyBook {
  readonly #take: Database.Statement<[string, string, string, string]>
  readonly #free: Database.Statement<[bigint]>
  readonly #end: Database.Statement<[number, bigint]>
  readonly #keep: Database.Statement<AnswerColumns>
  readonly #kept: Database.Statement<[string], bigint>
  readonly #dropOldest: Database.Statement<[string], bigint>

  constructor(db: Database.Database) {
    this.#take = db.prepare(
      'INSERT INTO idempotency_keys (agent_pubkey, key, fingerprint, request_id) VALUES (?, ?, ?, ?)',
    )
    this.#free = db.prepare('DELETE FROM idempotency_keys WHERE id = ?')
    this.#end = db.prepare('UPDATE idempotency_keys SET forget_at = ? WHERE id = ?')
    this.#keep = db.prepare(
      `INSERT INTO kept_answers (key_id, agent_pubkey, status, content_type, streamed, whole, bytes, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#kept = db
      .prepare<[string], bigint>('SELECT bytes FROM kept_bytes WHERE agent_pubkey = ?')
      .pluck()
    this.#dropOldest = db
      .prepare<[string], bigint>(
        `DELETE FROM kept_answers WHERE key_id =
           (SELECT key_id FROM kept_answers WHERE agent_pubkey = ? ORDER BY key_id LIMIT 1)
         RETURNING bytes`,
      )
      .pluck()
  }

  /** Takes a key that is free; the id under which its hold names it. */
  take(agent: string, { key, fingerprint }: KeyedRequest, requestId: string): bigint {
    return BigInt(this.#take.run(agent, key, fingerprint, requestId).lastInsertRowid)
  }

  /** Nothing was charged: the key is free again. */
  free(keyId: bigint): void {
    this.#free.run(keyId)
  }

  /** The call of the key was charged, and is on record. `answer` is kept unless it is too large. */
  charged(keyId: bigint, agent: string, answer: KeptAnswer | null, at: number): void {
    this.#end.run(at + KEY_KEPT_MS, keyId)
    if (answer === null || answer.body.length > ANSWER_BYTES_MAX) return
    const { status, contentType, streamed, whole, body } = answer
    this.#makeRoom(agent, body.length)
    const { length } = body
    this.#keep.run(keyId, agent, status, contentType, +streamed, +whole, length, body)
  }

  #makeRoom(agent: string, bytes: number): void {
    let kept = this.#kept.get(agent) ?? 0n
    while (kept > BigInt(AGENT_ANSWER_BYTES_MAX - bytes)) {
      const dropped = this.#dropOldest.get(agent)
      if (dropped === undefined) throw new Error(`${agent}: ${kept} bytes are kept in no answer`)
      kept -= dropped
    }
  }
}

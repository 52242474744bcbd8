/** What is known of an Idempotency-Key. On a connection that writes or one that only reads. */
import type Database from 'better-sqlite3'
import { units } from '../../money.ts'
import type { KeptAnswer, KeyedRequest, Recalled } from '../idempotency-ledger.ts'

interface KeyRow extends AnswerRow {
  readonly fingerprint: string
  readonly request_id: string
  readonly forget_at: bigint | null
  readonly charge: bigint | null
}

/** Null, all of it, where no answer is kept. */
interface AnswerRow {
  readonly status: bigint | null
  readonly content_type: string | null
  readonly streamed: bigint | null
  readonly whole: bigint | null
  readonly body: Buffer | null
}

export class RecallKey {
  readonly #find: Database.Statement<[string, string], KeyRow>

  constructor(db: Database.Database) {
    this.#find = db.prepare(
      `SELECT k.fingerprint, k.request_id, k.forget_at, c.charge, a.status, a.content_type, a.streamed, a.whole, a.body
       FROM idempotency_keys k
       LEFT JOIN calls c ON c.request_id = k.request_id
       LEFT JOIN kept_answers a ON a.key_id = k.id
       WHERE k.agent_pubkey = ? AND k.key = ?`,
    )
  }

  /** Null: the key is free. */
  run(agent: string, { key, fingerprint }: KeyedRequest): Recalled | null {
    const row = this.#find.get(agent, key)
    if (row === undefined) return null
    if (row.fingerprint !== fingerprint) return { kind: 'other_request' }
    const { request_id: requestId, forget_at, charge } = row
    if (forget_at === null) return { kind: 'running', requestId }
    if (charge === null) throw new Error(`the key of ${requestId} ended without a charge`)
    return { kind: 'charged', requestId, charge: units(charge), answer: answerOf(row) }
  }
}

function answerOf({ status, content_type, streamed, whole, body }: AnswerRow): KeptAnswer | null {
  if (content_type === null || body === null) return null
  return {
    status: Number(status),
    contentType: content_type,
    body,
    streamed: streamed === 1n,
    whole: whole === 1n,
  }
}

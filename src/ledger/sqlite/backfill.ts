/** Gives the calls that were settled before there were receipts theirs, so that each chain begins at the first charge. */
import type Database from 'better-sqlite3'
import type { Receipt } from '../../proof/receipt.ts'
import { storedAuthText } from '../charge-receipt.ts'
import type { Usage } from '../ledger.ts'
import type { ReceiptIssuer } from '../receipt-ledger.ts'
import { IssueReceipt } from './issue-receipt.ts'

interface OldCallRow {
  readonly transaction_id: bigint
  readonly request_id: string
  readonly agent_pubkey: string
  readonly provider: string
  readonly model: string
  readonly price_version: string
  readonly held: bigint
  readonly charge: bigint
  readonly request_digest: string
  readonly auth_json: string
  readonly started_at: bigint
  readonly ended_at: bigint
  readonly balance_after: bigint
  readonly usage_json: string
}

const ROWS_PER_WRITE = 200
/** Nobody is served yet, so waiting for other writers blocks no one. */
const BUSY_TIMEOUT_MS = 5_000

/** Runs before the ledger settles anything; several processes may run it at once. */
export function backfillReceipts(db: Database.Database, issuer: ReceiptIssuer): void {
  const anyDue = db.prepare('SELECT 1 FROM calls_without_receipt LIMIT 1')
  if (anyDue.get() === undefined) return
  const backfill = new Backfill(db, issuer)
  const timeout = Number(db.pragma('busy_timeout', { simple: true }))
  db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
  try {
    while (anyDue.get() !== undefined) db.transaction(() => backfill.some()).immediate()
  } finally {
    db.pragma(`busy_timeout = ${timeout}`)
  }
}

class Backfill {
  readonly #issue: IssueReceipt
  readonly #due: Database.Statement<[number], OldCallRow>
  readonly #done: Database.Statement<[bigint]>
  readonly #last: Database.Statement<[string], string>

  constructor(db: Database.Database, issuer: ReceiptIssuer) {
    this.#issue = new IssueReceipt(db, issuer)
    this.#due = db.prepare(
      `SELECT c.*, t.balance_after, t.usage_json FROM calls_without_receipt d
       JOIN calls c ON c.transaction_id = d.transaction_id
       JOIN transactions t ON t.id = d.transaction_id
       ORDER BY d.transaction_id LIMIT ?`,
    )
    this.#done = db.prepare('DELETE FROM calls_without_receipt WHERE transaction_id = ?')
    this.#last = db
      .prepare<[string], string>(
        'SELECT text FROM receipts WHERE agent_pubkey = ? ORDER BY seq DESC LIMIT 1',
      )
      .pluck()
  }

  some(): void {
    for (const row of this.#due.all(ROWS_PER_WRITE)) {
      this.#backfill(row)
      this.#done.run(row.transaction_id)
    }
  }

  #backfill(row: OldCallRow): void {
    const usage = JSON.parse(row.usage_json) as Usage
    this.#issue.run(row.transaction_id, {
      agent: row.agent_pubkey,
      requestId: row.request_id,
      provider: row.provider,
      upstreamId: usage.upstream_id,
      model: row.model,
      outcome: usage.outcome,
      tokens: usage.tokens,
      priceVersion: row.price_version,
      held: row.held,
      charge: row.charge,
      spent: this.#spentBefore(row.agent_pubkey) + row.charge,
      balanceAfter: row.balance_after,
      requestDigest: row.request_digest,
      responseDigest: usage.response_digest,
      authText: storedAuthText(row.auth_json),
      startedAt: Number(row.started_at),
      endedAt: Number(row.ended_at),
    })
  }

  #spentBefore(agent: string): bigint {
    const last = this.#last.get(agent)
    return last === undefined ? 0n : BigInt((JSON.parse(last) as Receipt).spent)
  }
}

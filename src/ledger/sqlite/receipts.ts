/** The receipts on a file. Implements ReceiptLedger; `IssueReceipt` writes them. */
import type Database from 'better-sqlite3'
import type { AgentKey } from '../ledger.ts'
import type { IssuedReceipt, ReceiptLedger } from '../receipt-ledger.ts'
import type { GroupCommit } from './group-commit.ts'
import type { LedgerFiles } from './open-files.ts'
import { reading } from './reading.ts'

interface ReceiptRow {
  readonly agent_pubkey: string
  readonly seq: bigint
  readonly text: string
  readonly signature: string | null
}

const SELECT = 'SELECT r.agent_pubkey, r.seq, r.text, r.signature FROM receipts r'

export class Receipts implements ReceiptLedger {
  readonly #commit: GroupCommit
  readonly #ofCall: Database.Statement<[string, string], ReceiptRow>
  readonly #after: Database.Statement<[string, number, number], ReceiptRow>
  readonly #unsigned: Database.Statement<[number], ReceiptRow>
  readonly #sign: Database.Statement<[string, string, number]>

  constructor({ writer, reader }: LedgerFiles, commit: GroupCommit) {
    this.#commit = commit
    this.#ofCall = reader.prepare(
      `${SELECT} JOIN calls c ON c.transaction_id = r.transaction_id
       WHERE c.agent_pubkey = ? AND c.request_id = ?`,
    )
    this.#after = reader.prepare(
      `${SELECT} WHERE r.agent_pubkey = ? AND r.seq > ? ORDER BY r.seq LIMIT ?`,
    )
    this.#unsigned = reader.prepare(
      `${SELECT} WHERE r.signature IS NULL ORDER BY r.transaction_id LIMIT ?`,
    )
    this.#sign = writer.prepare(
      'UPDATE receipts SET signature = ? WHERE agent_pubkey = ? AND seq = ? AND signature IS NULL',
    )
  }

  receipt(agent: AgentKey, requestId: string): Promise<IssuedReceipt | null> {
    return reading(() => {
      const row = this.#ofCall.get(agent, requestId)
      return row === undefined ? null : issuedOf(row)
    })
  }

  receipts(agent: AgentKey, afterSeq: number, limit: number): Promise<IssuedReceipt[]> {
    return reading(() => this.#after.all(agent, afterSeq, limit).map(issuedOf))
  }

  unsignedReceipts(limit: number): Promise<IssuedReceipt[]> {
    return reading(() => this.#unsigned.all(limit).map(issuedOf))
  }

  async signReceipts(signed: Parameters<ReceiptLedger['signReceipts']>[0]): Promise<void> {
    if (signed.length === 0) return
    await this.#commit.run(() => {
      for (const { agent, seq, signature } of signed) this.#sign.run(signature, agent, seq)
    })
  }
}

function issuedOf(row: ReceiptRow): IssuedReceipt {
  const { agent_pubkey: agent, text, signature } = row
  return { agent, seq: Number(row.seq), text, signature }
}

/** Writes the receipt of a charge, chained to the agent's last one. Runs inside the settling transaction. */
import type Database from 'better-sqlite3'
import { receiptBytes, receiptDigest } from '../../proof/receipt.ts'
import { type ChainHead, type Charge, chargeReceiptText, NO_RECEIPT } from '../charge-receipt.ts'
import type { IssuedReceipt, ReceiptIssuer } from '../receipt-ledger.ts'

type HeadRow = readonly [seq: bigint, digest: string]

export class IssueReceipt {
  readonly #issuer: ReceiptIssuer | null
  readonly #head: Database.Statement<[string], HeadRow>
  readonly #insert: Database.Statement<
    [bigint, string, number, string, string, string, string | null]
  >

  constructor(db: Database.Database, issuer: ReceiptIssuer | null) {
    this.#issuer = issuer
    this.#head = db
      .prepare<[string], HeadRow>(
        'SELECT seq, digest FROM receipts WHERE agent_pubkey = ? ORDER BY seq DESC LIMIT 1',
      )
      .raw()
    this.#insert = db.prepare(
      `INSERT INTO receipts (transaction_id, agent_pubkey, seq, prev, digest, text, signature)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
  }

  /** `transactionId` is the debit's. Throws where the ledger was opened without an issuer: nothing is charged then. */
  run(transactionId: bigint, charge: Charge): IssuedReceipt {
    const issuer = this.#issuer
    if (issuer === null) {
      throw new Error('this ledger was opened without an issuer of receipts: it settles nothing')
    }
    const head = this.#headOf(charge.agent)
    const seq = head.seq + 1
    const text = chargeReceiptText(issuer.gateway, head, charge)
    const bytes = receiptBytes(text)
    const signature =
      issuer.sign === null ? null : Buffer.from(issuer.sign(bytes)).toString('base64')
    const { agent } = charge
    this.#insert.run(transactionId, agent, seq, head.digest, receiptDigest(bytes), text, signature)
    return { agent, seq, text, signature }
  }

  #headOf(agent: string): ChainHead {
    const row = this.#head.get(agent)
    if (row === undefined) return NO_RECEIPT
    const [seq, digest] = row
    return { seq: Number(seq), digest }
  }
}

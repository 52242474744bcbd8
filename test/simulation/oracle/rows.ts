/** What the simulation reads of the ledger's file, by queries of its own and past the product's code. */
import type Database from 'better-sqlite3'

export interface AgentRow {
  readonly pubkey: string
  readonly balance: bigint
  readonly held: bigint
  readonly frozen: bigint
  readonly spent: bigint
  readonly deposited: bigint
  readonly settled: bigint
  readonly withdrawn: bigint
  readonly owed: bigint
}

export interface HoldRow {
  readonly request_id: string
  readonly agent_pubkey: string
  readonly session_id: string | null
  readonly amount: bigint
  readonly lease_until: bigint
  readonly auth_json: string
}

export interface JournalRow {
  readonly id: bigint
  readonly agent_pubkey: string
  readonly type: 'DEPOSIT' | 'DEBIT' | 'WITHDRAWAL'
  readonly amount: bigint
  readonly balance_after: bigint
  readonly signature: string | null
  /** Of the deposit, where it is one. */
  readonly deposit_index: bigint | null
  readonly cumulative: bigint | null
}

export interface EndedRow {
  readonly seq: bigint
  readonly request_id: string
  readonly agent_pubkey: string
  readonly session_id: string | null
  readonly state: 'settled' | 'released'
  readonly held: bigint
  readonly charge: bigint
  readonly reason: string | null
  readonly auth_json: string
  readonly usage_json: string | null
  readonly receipt_seq: bigint | null
  readonly receipt_text: string | null
}

export interface SessionRow {
  readonly id: string
  readonly spend_limit: bigint | null
  readonly spent: bigint
  readonly held: bigint
}

const JOURNAL = `
SELECT t.id, t.agent_pubkey, t.type, t.amount, t.balance_after, t.signature, d.deposit_index, d.cumulative
FROM transactions t LEFT JOIN deposits d ON d.transaction_id = t.id AND d.signature = t.signature
WHERE t.id > ? ORDER BY t.id`

const ENDED = `
SELECT c.seq, c.request_id, c.agent_pubkey, c.session_id, c.state, c.held, c.charge, c.reason, c.auth_json,
  t.usage_json, r.seq AS receipt_seq, r.text AS receipt_text
FROM calls c LEFT JOIN transactions t ON t.id = c.transaction_id
  LEFT JOIN receipts r ON r.transaction_id = c.transaction_id
WHERE c.seq > ? ORDER BY c.seq`

export class Rows {
  readonly #agents: Database.Statement<[], AgentRow>
  readonly #holds: Database.Statement<[], HoldRow>
  readonly #hold: Database.Statement<[string], HoldRow>
  readonly #journal: Database.Statement<[bigint], JournalRow>
  readonly #ended: Database.Statement<[bigint], EndedRow>
  readonly #charge: Database.Statement<[string], bigint>
  readonly #sessions: Database.Statement<[], SessionRow>
  readonly #cursor: Database.Statement<[], bigint>
  readonly #stopped: Database.Statement<[], string>
  readonly #voucher: Database.Statement<[string], string>
  readonly #version: Database.Statement<[], bigint>

  constructor(db: Database.Database) {
    this.#agents = db.prepare(
      'SELECT pubkey, balance, held, frozen, spent, deposited, settled, withdrawn, owed FROM agents',
    )
    const holds =
      'SELECT request_id, agent_pubkey, session_id, amount, lease_until, auth_json FROM holds'
    this.#holds = db.prepare(holds)
    this.#hold = db.prepare(`${holds} WHERE request_id = ?`)
    this.#journal = db.prepare(JOURNAL)
    this.#ended = db.prepare(ENDED)
    this.#charge = db
      .prepare<[string], bigint>(
        "SELECT charge FROM calls WHERE request_id = ? AND state = 'settled'",
      )
      .pluck()
    this.#sessions = db.prepare('SELECT id, spend_limit, spent, held FROM sessions')
    this.#cursor = db.prepare<[], bigint>('SELECT slot FROM cursor').pluck()
    this.#stopped = db
      .prepare<[], string>('SELECT agent_pubkey FROM vaults WHERE stopped IS NOT NULL')
      .pluck()
    this.#voucher = db
      .prepare<[string], string>('SELECT cumulative FROM vouchers WHERE agent_pubkey = ?')
      .pluck()
    this.#version = db.prepare<[], bigint>('PRAGMA data_version').pluck()
  }

  agents = (): AgentRow[] => this.#agents.all()
  holds = (): HoldRow[] => this.#holds.all()
  hold = (requestId: string): HoldRow | undefined => this.#hold.get(requestId)
  journalAfter = (id: bigint): JournalRow[] => this.#journal.all(id)
  endedAfter = (seq: bigint): EndedRow[] => this.#ended.all(seq)
  /** What a call was charged, where it is settled. */
  chargeOf = (requestId: string): bigint | undefined => this.#charge.get(requestId)
  sessions = (): SessionRow[] => this.#sessions.all()
  /** The slot up to which the chain was read. */
  cursor = (): number => Number(this.#cursor.get() ?? 0n)
  /** Agents whose vaults are not credited for now. */
  stopped = (): string[] => this.#stopped.all()
  /** The highest total that the gateway keeps an agent's voucher for. */
  signedBy = (agent: string): bigint => BigInt(this.#voucher.get(agent) ?? 0)
  /** Another number after each commit of anybody. */
  version = (): bigint => this.#version.get() ?? 0n
}

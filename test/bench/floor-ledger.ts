/**
 * The floor's ledger: the minimum that is still a durable hold and settle. WAL, synchronous=FULL, one BEGIN IMMEDIATE for all
 * writes of a turn of the event loop; a hold is one UPDATE and one INSERT, a settle is two UPDATEs, the first of them the
 * compare-and-set that lets a hold end once.
 */
import Database from 'better-sqlite3'

const TABLES = `
CREATE TABLE agents (
  pubkey TEXT PRIMARY KEY,
  balance INTEGER NOT NULL CHECK (balance >= 0),
  held INTEGER NOT NULL CHECK (held >= 0)
) STRICT, WITHOUT ROWID;
CREATE TABLE holds (
  id INTEGER PRIMARY KEY,
  agent TEXT NOT NULL,
  amount INTEGER NOT NULL,
  charge INTEGER
) STRICT;`
const HOLD = `
UPDATE agents SET balance = balance - ?, held = held + ? WHERE pubkey = ? AND balance >= ?`
const SETTLE = 'UPDATE holds SET charge = ? WHERE id = ? AND charge IS NULL'
const RETURN_REST = `
UPDATE agents SET balance = balance + ?, held = held - ? WHERE pubkey = ?`
/** More than any run spends. */
const FUNDS = 1_000_000_000_000

export interface Hold {
  readonly id: number | bigint
  readonly agent: string
  readonly amount: number
}

export class FloorLedger {
  readonly #begin: Database.Statement
  readonly #commit: Database.Statement
  readonly #hold: Database.Statement
  readonly #open: Database.Statement
  readonly #settle: Database.Statement
  readonly #returnRest: Database.Statement
  #queue: { write: () => unknown; resolve: (value: never) => void }[] = []

  constructor(file: string, agent: string) {
    const db = new Database(file)
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('wal_autocheckpoint = 10000')
    db.exec(TABLES)
    db.prepare('INSERT INTO agents VALUES (?, ?, 0)').run(agent, FUNDS)
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#commit = db.prepare('COMMIT')
    this.#hold = db.prepare(HOLD)
    this.#open = db.prepare('INSERT INTO holds (agent, amount) VALUES (?, ?)')
    this.#settle = db.prepare(SETTLE)
    this.#returnRest = db.prepare(RETURN_REST)
  }

  /** Null where the balance is too small. */
  hold(agent: string, amount: number): Promise<Hold | null> {
    return this.#grouped(() => {
      if (this.#hold.run(amount, amount, agent, amount).changes === 0) return null
      return { id: this.#open.run(agent, amount).lastInsertRowid, agent, amount }
    })
  }

  settle(hold: Hold, charge: number): Promise<void> {
    return this.#grouped(() => {
      if (this.#settle.run(charge, hold.id).changes === 0) return
      this.#returnRest.run(hold.amount - charge, hold.amount, hold.agent)
    })
  }

  #grouped<T>(write: () => T): Promise<T> {
    return new Promise<T>((resolve) => {
      if (this.#queue.length === 0) setImmediate(() => this.#flush())
      this.#queue.push({ write, resolve })
    })
  }

  #flush(): void {
    const batch = this.#queue
    this.#queue = []
    this.#begin.run()
    const results = batch.map(({ write }) => write() as never)
    this.#commit.run()
    for (const [index, { resolve }] of batch.entries()) resolve(results[index] as never)
  }
}

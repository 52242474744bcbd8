/**
 * Sums of each agent's history, a slice at a time. History is only ever added to, so what was summed stays summed.
 * The sums are kept in temporary tables: 100 bytes an agent, in memory up to the size of a page cache and in a file beyond it.
 */
import type Database from 'better-sqlite3'

/** Read in about a millisecond: as long as one slice may keep the event loop. */
const ROWS_PER_SLICE = 250

/** How far the sums go. */
export interface Reach {
  /** The row of the journal up to which everything that belongs to its rows is summed. */
  readonly row: bigint
  /** So many rows of it. */
  readonly rows: number
  /** Whether the walk over the settlements of before has ended. */
  readonly settlements: boolean
  /** The oldest charge that still misses its receipt when this was summed; `null`: none, `undefined`: nothing is summed. */
  readonly due: bigint | null | undefined
  /** Nothing is left to be summed. */
  readonly atEnd: boolean
}

const BEFORE_ALL_ROWS = -(2n ** 63n)

export const NOTHING_SUMMED: Reach = {
  row: BEFORE_ALL_ROWS,
  rows: 0,
  settlements: false,
  due: undefined,
  atEnd: false,
}

const JOURNAL_SUMS = [
  'deposits',
  'debits',
  'withdrawals',
  'charges',
  'settled_calls',
  'receipts',
  'receipts_due',
]

const TABLES = `
CREATE TEMP TABLE IF NOT EXISTS summed (
  agent_pubkey TEXT PRIMARY KEY,
  ${[...JOURNAL_SUMS, 'credits', 'payouts'].map((name) => `${name} INTEGER NOT NULL DEFAULT 0`).join(',\n  ')}
) STRICT, WITHOUT ROWID;
CREATE TEMP TABLE IF NOT EXISTS summed_settlements (
  vault  TEXT PRIMARY KEY,
  amount INTEGER NOT NULL,
  up_to  INTEGER NOT NULL  -- the vault's total after the last of them
) STRICT, WITHOUT ROWID;
`

const FORGET = 'DELETE FROM temp.summed; DELETE FROM temp.summed_settlements'

const of = (type: string): string => `sum(CASE t.type WHEN '${type}' THEN t.amount ELSE 0 END)`

const JOURNAL = `
SELECT t.agent_pubkey, ${['DEPOSIT', 'DEBIT', 'WITHDRAWAL'].map(of).join(', ')},
  coalesce(sum(c.charge), 0), count(c.seq), count(r.transaction_id), count(d.transaction_id)
FROM transactions t NOT INDEXED
LEFT JOIN calls c ON c.transaction_id = t.id
LEFT JOIN receipts r ON r.transaction_id = t.id AND r.agent_pubkey = t.agent_pubkey
LEFT JOIN calls_without_receipt d ON d.transaction_id = t.id
WHERE t.id > @after AND t.id <= @upTo GROUP BY t.agent_pubkey`

const DEPOSITS = `
SELECT agent_pubkey, sum(amount) FROM deposits
WHERE transaction_id > @after AND transaction_id <= @upTo GROUP BY agent_pubkey`

const PAYOUTS = `
SELECT v.agent_pubkey, sum(w.amount) FROM withdrawals w CROSS JOIN vaults v ON v.vault = w.vault
WHERE w.transaction_id > @after AND w.transaction_id <= @upTo GROUP BY v.agent_pubkey`

/** Vaults in the order of their addresses, settlements in that of their totals: the last one that was summed says where to go on. */
const SETTLEMENTS = `
INSERT INTO temp.summed_settlements (vault, amount, up_to)
SELECT vault, sum(amount), max(cumulative) FROM (
  SELECT vault, amount, cumulative FROM settlements
  WHERE (vault, cumulative) > (@vault, @cumulative) ORDER BY vault, cumulative LIMIT ${ROWS_PER_SLICE})
GROUP BY vault
ON CONFLICT (vault) DO UPDATE SET amount = amount + excluded.amount, up_to = excluded.up_to`

function added(columns: readonly string[], sums: string): string {
  const additions = columns.map((name) => `${name} = ${name} + excluded.${name}`)
  return `INSERT INTO temp.summed (agent_pubkey, ${columns.join(', ')}) ${sums}
    ON CONFLICT (agent_pubkey) DO UPDATE SET ${additions.join(', ')}`
}

type Range = { readonly after: bigint; readonly upTo: bigint }
type Place = { readonly vault: string; readonly cumulative: bigint }

export class AuditSums {
  readonly #db: Database.Database
  readonly #next: Database.Statement<[bigint], { upTo: bigint | null; rows: bigint }>
  readonly #add: readonly Database.Statement<[Range]>[]
  readonly #lastSettlement: Database.Statement<[], Place>
  readonly #addSettlements: Database.Statement<[Place]>
  readonly #moreSettlements: Database.Statement<[Place]>
  readonly #firstDue: Database.Statement<[], bigint | null>

  /** Makes temporary tables on the connection. */
  constructor(db: Database.Database) {
    // What a slice changes is copied first, so that it can be taken back: in memory, a third of the time.
    db.pragma('temp.journal_mode = MEMORY')
    db.exec(TABLES)
    this.#db = db
    this.#next = db.prepare(
      `SELECT max(id) AS upTo, count(*) AS rows
       FROM (SELECT id FROM transactions WHERE id > ? ORDER BY id LIMIT ${ROWS_PER_SLICE})`,
    )
    this.#add = [
      db.prepare(added(JOURNAL_SUMS, JOURNAL)),
      db.prepare(added(['credits'], DEPOSITS)),
      db.prepare(added(['payouts'], PAYOUTS)),
    ]
    this.#lastSettlement = db.prepare(
      'SELECT vault, up_to AS cumulative FROM temp.summed_settlements ORDER BY vault DESC LIMIT 1',
    )
    this.#addSettlements = db.prepare(SETTLEMENTS)
    this.#moreSettlements = db.prepare(
      'SELECT 1 FROM settlements WHERE (vault, cumulative) > (@vault, @cumulative) LIMIT 1',
    )
    this.#firstDue = db
      .prepare<[], bigint | null>('SELECT min(transaction_id) FROM calls_without_receipt')
      .pluck()
  }

  /** Adds the next slice to what reaches `from`, inside the caller's transaction; answers how far that reaches. */
  advance(from: Reach): Reach {
    const due = this.#firstDue.get() ?? null
    if (due !== from.due) {
      // Receipts of rows that are summed are being made up for: everything anew.
      this.#db.exec(FORGET)
      return this.#advance({ ...NOTHING_SUMMED, due })
    }
    return this.#advance(from)
  }

  #advance(from: Reach): Reach {
    const next = this.#next.get(from.row)
    const rows = Number(next?.rows ?? 0)
    const row = next?.upTo ?? from.row
    if (rows > 0) for (const add of this.#add) add.run({ after: from.row, upTo: row })
    const settlements = from.settlements || this.#walkSettlements()
    const atEnd = rows < ROWS_PER_SLICE && settlements
    return { row, rows: from.rows + rows, settlements, due: from.due, atEnd }
  }

  /** True: those were the last. */
  #walkSettlements(): boolean {
    this.#addSettlements.run(this.#summedUpTo())
    return this.#moreSettlements.get(this.#summedUpTo()) === undefined
  }

  #summedUpTo(): Place {
    return this.#lastSettlement.get() ?? { vault: '', cumulative: 0n }
  }
}

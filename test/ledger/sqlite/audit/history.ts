/** Histories of a few agents, made through the ledger; and what somebody with the file may do to them. */
import type Database from 'better-sqlite3'
import fc from 'fast-check'
import type { Ledger } from '../../../../src/ledger/ledger.ts'
import { units } from '../../../../src/money.ts'
import { depositFact, holdRequest, NOW, payoutFact, settlement } from '../../facts.ts'

export const AGENTS = ['alice', 'bob', 'carol']

export type Deed =
  | { readonly does: 'deposit' | 'call' | 'hold' | 'settle' | 'withdraw'; readonly agent: string }
  | { readonly does: 'pass' }

export const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: deedOf('call') },
    { weight: 5, arbitrary: deedOf('deposit', 'hold', 'settle', 'withdraw') },
    { weight: 2, arbitrary: fc.constant<Deed>({ does: 'pass' }) },
  ),
  { minLength: 3, maxLength: 25 },
)

function deedOf(...kinds: Exclude<Deed['does'], 'pass'>[]): fc.Arbitrary<Deed> {
  return fc.record({ does: fc.constantFrom(...kinds), agent: fc.constantFrom(...AGENTS) })
}

let serial = 0

/** Books it, where the agent's money allows it. */
export async function book(ledger: Ledger, deed: Exclude<Deed, { does: 'pass' }>): Promise<void> {
  const { agent } = deed
  const { available, spent, settled, withdrawn, deposited } = await ledger.balance(agent)
  serial += 1
  const id = serial
  const paid = { signature: `payout ${id}` }
  switch (deed.does) {
    case 'deposit': {
      const known = (await ledger.vaults()).find((vault) => vault.agent === agent)
      const index = Number(known?.depositIndex ?? 0n) + 1
      const cumulative = units(deposited + 1_000n)
      await ledger.credit(depositFact(index, { agent, cumulative }), NOW)
      return
    }
    case 'call':
    case 'hold': {
      if (available < 100n) return
      await ledger.hold(holdRequest(`r${id}`, { agent }))
      if (deed.does === 'call') await ledger.settle(settlement(`r${id}`))
      return
    }
    case 'settle':
      if (spent - settled < 20n) return
      await ledger.bookSettlement(payoutFact(20n, settled + 20n, { agent, ...paid }), NOW)
      return
    case 'withdraw':
      if (available < 10n) return
      await ledger.bookWithdrawal(payoutFact(10n, withdrawn + 10n, { agent, ...paid }), NOW)
  }
}

/** What is done to a row behind the ledger's back. */
interface Tampering {
  readonly table: string
  /** What orders the rows of history as they came; null: the row is read at each pass. */
  readonly order: 'id' | 'transaction_id' | null
  readonly sql: string
}

export const TAMPERINGS: readonly Tampering[] = [
  { table: 'transactions', order: 'id', sql: 'UPDATE transactions SET amount = amount + 1' },
  { table: 'transactions', order: 'id', sql: 'DELETE FROM transactions' },
  { table: 'transactions', order: 'id', sql: "UPDATE transactions SET agent_pubkey = 'bob'" },
  {
    table: 'transactions',
    order: 'id',
    sql: "UPDATE transactions SET type = iif(type = 'DEPOSIT', 'DEBIT', 'DEPOSIT')",
  },
  { table: 'calls', order: 'transaction_id', sql: 'UPDATE calls SET charge = charge + 1' },
  { table: 'calls', order: 'transaction_id', sql: 'DELETE FROM calls' },
  { table: 'receipts', order: 'transaction_id', sql: 'DELETE FROM receipts' },
  { table: 'receipts', order: 'transaction_id', sql: "UPDATE receipts SET agent_pubkey = 'x'" },
  { table: 'deposits', order: 'transaction_id', sql: 'UPDATE deposits SET amount = amount + 1' },
  { table: 'deposits', order: 'transaction_id', sql: 'DELETE FROM deposits' },
  { table: 'withdrawals', order: 'transaction_id', sql: 'DELETE FROM withdrawals' },
  { table: 'agents', order: null, sql: 'UPDATE agents SET spent = spent + 1' },
  { table: 'agents', order: null, sql: 'UPDATE agents SET owed = owed + 1' },
  { table: 'agents', order: null, sql: 'UPDATE agents SET frozen = frozen + 1, held = held - 1' },
  { table: 'holds', order: null, sql: 'DELETE FROM holds' },
  { table: 'holds', order: null, sql: 'UPDATE holds SET amount = amount + 1' },
  { table: 'vaults', order: null, sql: 'UPDATE vaults SET withdrawn = withdrawn + 1' },
  { table: 'vaults', order: null, sql: 'UPDATE vaults SET pending_withdrawal = 1' },
  {
    table: 'deposits',
    order: null,
    // What is unique stays so when it is made twice of one row.
    sql: `INSERT INTO deposits SELECT vault, deposit_index + 1000 * n, agent_pubkey, 5, cumulative, depositor,
      signature || '+' || n, '0', 1, transaction_id + 1000000 * n FROM deposits, (SELECT count(*) AS n FROM deposits)`,
  },
  {
    table: 'transactions',
    order: null,
    sql: `INSERT INTO transactions SELECT NULL, agent_pubkey, type, amount, balance_after, usage_json, request_id, signature,
      timestamp FROM transactions`,
  },
]

/** Takes the file's own guards away. */
export function disarm(db: Database.Database): void {
  db.pragma('foreign_keys = OFF')
  db.pragma('ignore_check_constraints = ON')
  const triggers = db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
    .pluck()
    .all()
  for (const name of triggers) db.exec(`DROP TRIGGER ${name}`)
}

/**
 * Does it to the row that `pick` (0 to 1) picks; answers whether a pass that takes rows up to `summedUpTo` for granted
 * can see it, or null where there was no such row.
 */
export function tamper(
  db: Database.Database,
  { table, order, sql }: Tampering,
  pick: number,
  summedUpTo: number,
): boolean | null {
  const keyed = table === 'transactions' || table === 'calls' || table === 'receipts'
  const key = keyed ? 'rowid' : { holds: 'request_id', agents: 'pubkey' }[table]
  const identity = key ?? (order === null && table !== 'deposits' ? 'vault' : 'transaction_id')
  const rows = db
    .prepare<[], { key: unknown; at: number | null }>(
      `SELECT ${identity} AS key, ${order ?? 'NULL'} AS at FROM ${table} ORDER BY 1`,
    )
    .all()
  const row = rows[Math.floor(pick * rows.length)]
  if (row === undefined) return null
  db.prepare(`${sql} WHERE ${identity} = ?`).run(row.key)
  return row.at === null || row.at > summedUpTo
}

/** The equations of each agent's books, between its row, what is open, and the sums of its history. */
import type Database from 'better-sqlite3'
import type { AuditFault } from '../audit-ledger.ts'

/** Compared in about a millisecond: as long as one slice may keep the event loop. */
const AGENTS_PER_SLICE = 50

/** One agent's figures, all of one instant. */
export interface AuditRow {
  readonly pubkey: string
  readonly balance: bigint
  readonly held: bigint
  readonly frozen: bigint
  readonly spent: bigint
  readonly deposited: bigint
  readonly withdrawn: bigint
  readonly owed: bigint
  readonly holds: bigint
  readonly credits: bigint
  readonly charges: bigint
  readonly journal_deposits: bigint
  readonly journal_debits: bigint
  readonly journal_withdrawals: bigint
  readonly last_balance_after: bigint
  readonly settled: bigint
  readonly pending_withdrawal: bigint
  readonly settled_calls: bigint
  readonly receipts: bigint
  /** Calls of before there were receipts, until the first start that issues theirs. */
  readonly receipts_due: bigint
  readonly last_seq: bigint
  /** Of the last receipt; null before the first. */
  readonly receipt_spent: bigint | null
  readonly settlements: bigint
  readonly withdrawals: bigint
  readonly vault_deposited: bigint
  readonly vault_settled: bigint
  readonly vault_withdrawn: bigint
  readonly vault_pending: bigint
}

export interface AuditPage {
  readonly rows: readonly AuditRow[]
  readonly isLast: boolean
}

const zeroed = (column: string, name = column.slice(2)): string =>
  `coalesce(${column}, 0) AS ${name}`

const SUMMED = ['charges', 'settled_calls', 'receipts', 'receipts_due']
const OF_VAULT = ['deposited', 'settled', 'withdrawn']

/**
 * `@row`: up to which the journal is summed, which is all of it. A deposit or a withdrawal that names a row beyond it
 * names one that is not there, and counts all the same. Open holds are summed once a slice: they have no order by agent.
 */
const NEXT_AGENTS = `
SELECT a.pubkey, a.balance, a.held, a.frozen, a.spent, a.deposited, a.withdrawn, a.owed, a.settled, a.pending_withdrawal,
  ${zeroed('h.amount', 'holds')},
  ${zeroed('s.deposits', 'journal_deposits')}, ${zeroed('s.debits', 'journal_debits')},
  ${zeroed('s.withdrawals', 'journal_withdrawals')},
  ${SUMMED.map((name) => zeroed(`s.${name}`)).join(', ')},
  coalesce(s.credits, 0) +
    (SELECT coalesce(sum(amount), 0) FROM deposits WHERE transaction_id > @row AND +agent_pubkey = a.pubkey) AS credits,
  coalesce(s.payouts, 0) +
    (SELECT coalesce(sum(amount), 0) FROM withdrawals WHERE transaction_id > @row AND +vault = v.vault) AS withdrawals,
  coalesce(x.amount, 0) +
    (SELECT coalesce(sum(amount), 0) FROM settlements WHERE vault = v.vault AND cumulative > coalesce(x.up_to, 0))
    AS settlements,
  coalesce((SELECT balance_after FROM transactions WHERE agent_pubkey = a.pubkey ORDER BY id DESC LIMIT 1), 0)
    AS last_balance_after,
  ${zeroed('r.seq', 'last_seq')}, CAST(r.text ->> '$.spent' AS INTEGER) AS receipt_spent,
  ${OF_VAULT.map((name) => zeroed(`v.${name}`, `vault_${name}`)).join(', ')},
  ${zeroed('v.pending_withdrawal', 'vault_pending')}
FROM (SELECT * FROM agents WHERE pubkey > @after ORDER BY pubkey LIMIT ${AGENTS_PER_SLICE}) a
LEFT JOIN vaults v ON v.agent_pubkey = a.pubkey
LEFT JOIN temp.summed s ON s.agent_pubkey = a.pubkey
LEFT JOIN temp.summed_settlements x ON x.vault = v.vault
LEFT JOIN receipts r ON r.agent_pubkey = a.pubkey
  AND r.seq = (SELECT max(seq) FROM receipts WHERE agent_pubkey = a.pubkey)
LEFT JOIN (SELECT agent_pubkey, sum(amount) AS amount FROM holds GROUP BY agent_pubkey) h ON h.agent_pubkey = a.pubkey
ORDER BY a.pubkey`

export class AuditAgents {
  readonly #next: Database.Statement<[{ after: string; row: bigint }], AuditRow>

  /** On a connection that has the tables of `AuditSums`. */
  constructor(db: Database.Database) {
    this.#next = db.prepare(NEXT_AGENTS)
  }

  /** The agents whose keys follow `after`. */
  next(after: string, row: bigint): AuditPage {
    const rows = this.#next.all({ after, row })
    return { rows, isLast: rows.length < AGENTS_PER_SLICE }
  }
}

/** L1, then each total against the rows that make it. */
export function faultOf(row: AuditRow): AuditFault | null {
  const { balance, held, frozen, spent, deposited, withdrawn, owed } = row
  const accounted = balance + held + frozen + spent + withdrawn - owed
  const after = deposited - withdrawn - spent
  const equations: [name: string, total: bigint, sum: bigint][] = [
    ['deposited and its uses', deposited, accounted],
    ['held and the open holds', held, row.holds],
    ['deposited and the deposits', deposited, row.credits],
    ['deposited and the journal', deposited, row.journal_deposits],
    ['spent and the journal', spent, row.journal_debits],
    ['spent and the calls', spent, row.charges],
    ['withdrawn and the journal', withdrawn, row.journal_withdrawals],
    ['the last balance_after', after, row.last_balance_after],
    ['settled and the settlements', row.settled, row.settlements],
    ['withdrawn and the withdrawals', withdrawn, row.withdrawals],
    ["deposited and the vault's", deposited, row.vault_deposited],
    ["settled and the vault's", row.settled, row.vault_settled],
    ["withdrawn and the vault's", withdrawn, row.vault_withdrawn],
    ["the pending withdrawal and the vault's", row.pending_withdrawal, row.vault_pending],
    ['settled calls and receipts', row.settled_calls, row.receipts + row.receipts_due],
    ['receipts and the last of them', row.receipts, row.last_seq],
    ...receiptEquations(row),
  ]
  const broken = equations.find(([, total, sum]) => total !== sum)
  if (broken !== undefined) {
    return { equation: broken[0], figures: `${broken[1]} against ${broken[2]}` }
  }
  if (frozen > row.pending_withdrawal) {
    const figures = `${frozen} against ${row.pending_withdrawal}`
    return { equation: 'frozen beyond the pending withdrawal', figures }
  }
  const least = [balance, held, frozen, spent, withdrawn, owed].find((amount) => amount < 0n)
  return least === undefined ? null : { equation: 'an amount below zero', figures: `${least}` }
}

/** While calls of before still miss theirs, the last receipt says nothing of `spent`. */
function receiptEquations(row: AuditRow): [name: string, total: bigint, sum: bigint][] {
  if (row.receipts_due > 0n) return []
  return [['spent and the last receipt', row.spent, row.receipt_spent ?? 0n]]
}

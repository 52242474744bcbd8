/** Re-sums the whole books from the journal, one agent at a time. For audits and tests: nothing on the path sums. */
import { setImmediate as turn } from 'node:timers/promises'
import type Database from 'better-sqlite3'
import { reading } from './reading.ts'

/** One agent's figures, all of one instant. */
interface AuditRow {
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

const journal = (type: string): string =>
  `(SELECT coalesce(sum(amount), 0) FROM transactions WHERE agent_pubkey = pubkey AND type = '${type}')`

const ofVault = (sum: string, table: string): string =>
  `(SELECT coalesce(sum(${sum}), 0) FROM vaults v JOIN ${table} USING (vault) WHERE v.agent_pubkey = pubkey)`

const vaults = (column: string): string =>
  `(SELECT coalesce(sum(${column}), 0) FROM vaults WHERE agent_pubkey = pubkey) AS vault_${column}`

const LAST_RECEIPT = 'FROM receipts WHERE agent_pubkey = pubkey ORDER BY seq DESC LIMIT 1'

const NEXT_AGENT = `
SELECT pubkey, balance, held, frozen, spent, deposited, withdrawn, owed, settled, pending_withdrawal,
  (SELECT coalesce(sum(amount), 0) FROM holds WHERE agent_pubkey = pubkey) AS holds,
  (SELECT coalesce(sum(amount), 0) FROM deposits WHERE agent_pubkey = pubkey) AS credits,
  (SELECT coalesce(sum(c.charge), 0) FROM transactions t JOIN calls c ON c.transaction_id = t.id
     WHERE t.agent_pubkey = pubkey) AS charges,
  ${journal('DEPOSIT')} AS journal_deposits,
  ${journal('DEBIT')} AS journal_debits,
  ${journal('WITHDRAWAL')} AS journal_withdrawals,
  coalesce((SELECT balance_after FROM transactions WHERE agent_pubkey = pubkey ORDER BY id DESC LIMIT 1), 0)
    AS last_balance_after,
  (SELECT count(*) FROM transactions t JOIN calls c ON c.transaction_id = t.id
     WHERE t.agent_pubkey = pubkey) AS settled_calls,
  (SELECT count(*) FROM transactions t JOIN calls_without_receipt d ON d.transaction_id = t.id
     WHERE t.agent_pubkey = pubkey) AS receipts_due,
  (SELECT count(*) FROM receipts WHERE agent_pubkey = pubkey) AS receipts,
  coalesce((SELECT seq ${LAST_RECEIPT}), 0) AS last_seq,
  (SELECT CAST(text ->> '$.spent' AS INTEGER) ${LAST_RECEIPT}) AS receipt_spent,
  ${ofVault('s.amount', 'settlements s')} AS settlements,
  ${ofVault('w.amount', 'withdrawals w')} AS withdrawals,
  ${['deposited', 'settled', 'withdrawn'].map(vaults).join(',\n  ')},
  (SELECT coalesce(sum(pending_withdrawal), 0) FROM vaults WHERE agent_pubkey = pubkey) AS vault_pending
FROM agents WHERE pubkey > ? ORDER BY pubkey LIMIT 1`

export class Audit {
  readonly #next: Database.Statement<[string], AuditRow>

  constructor(reader: Database.Database) {
    this.#next = reader.prepare(NEXT_AGENT)
  }

  /** Null, or what does not balance at the first agent where something does not. Yields to the event loop between agents. */
  async run(): Promise<string | null> {
    let after = ''
    while (true) {
      const row = await reading(() => this.#next.get(after))
      if (row === undefined) return null
      const fault = faultOf(row)
      if (fault !== null) return `${row.pubkey}: ${fault}`
      after = row.pubkey
      await turn()
    }
  }
}

/** L1, then each total against the rows that make it. */
function faultOf(row: AuditRow): string | null {
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
  if (broken !== undefined) return `${broken[0]}: ${broken[1]} against ${broken[2]}`
  if (frozen > row.pending_withdrawal) {
    return `frozen beyond the pending withdrawal: ${frozen} against ${row.pending_withdrawal}`
  }
  const least = [balance, held, frozen, spent, withdrawn, owed].find((amount) => amount < 0n)
  return least === undefined ? null : `an amount of ${least}`
}

/** While calls of before still miss theirs, the last receipt says nothing of `spent`. */
function receiptEquations(row: AuditRow): [name: string, total: bigint, sum: bigint][] {
  if (row.receipts_due > 0n) return []
  return [['spent and the last receipt', row.spent, row.receipt_spent ?? 0n]]
}

/** The same audit without any memory: every agent by one statement that sums its whole history. */
import type Database from 'better-sqlite3'
import { type AuditRow, faultOf } from '../../../../src/ledger/sqlite/audit-agents.ts'

const journal = (type: string, name: string): string =>
  `(SELECT coalesce(sum(amount), 0) FROM transactions WHERE agent_pubkey = pubkey AND type = '${type}') AS ${name}`

const ofVault = (table: string): string =>
  `(SELECT coalesce(sum(x.amount), 0) FROM vaults v JOIN ${table} x USING (vault) WHERE v.agent_pubkey = pubkey) AS ${table}`

const vault = (column: string, name = column): string =>
  `(SELECT coalesce(sum(${column}), 0) FROM vaults WHERE agent_pubkey = pubkey) AS vault_${name}`

const SETTLED = 'FROM transactions t JOIN calls c ON c.transaction_id = t.id'
const LAST_RECEIPT = 'FROM receipts WHERE agent_pubkey = pubkey ORDER BY seq DESC LIMIT 1'

const AGENTS = `
SELECT pubkey, balance, held, frozen, spent, deposited, withdrawn, owed, settled, pending_withdrawal,
  (SELECT coalesce(sum(amount), 0) FROM holds WHERE agent_pubkey = pubkey) AS holds,
  (SELECT coalesce(sum(amount), 0) FROM deposits WHERE agent_pubkey = pubkey) AS credits,
  (SELECT coalesce(sum(c.charge), 0) ${SETTLED} WHERE t.agent_pubkey = pubkey) AS charges,
  ${journal('DEPOSIT', 'journal_deposits')}, ${journal('DEBIT', 'journal_debits')},
  ${journal('WITHDRAWAL', 'journal_withdrawals')},
  coalesce((SELECT balance_after FROM transactions WHERE agent_pubkey = pubkey ORDER BY id DESC LIMIT 1), 0)
    AS last_balance_after,
  (SELECT count(*) ${SETTLED} WHERE t.agent_pubkey = pubkey) AS settled_calls,
  (SELECT count(*) FROM transactions t JOIN calls_without_receipt d ON d.transaction_id = t.id
     WHERE t.agent_pubkey = pubkey) AS receipts_due,
  (SELECT count(*) FROM receipts WHERE agent_pubkey = pubkey) AS receipts,
  coalesce((SELECT seq ${LAST_RECEIPT}), 0) AS last_seq,
  (SELECT CAST(text ->> '$.spent' AS INTEGER) ${LAST_RECEIPT}) AS receipt_spent,
  ${ofVault('settlements')}, ${ofVault('withdrawals')},
  ${['deposited', 'settled', 'withdrawn'].map((name) => vault(name)).join(', ')},
  ${vault('pending_withdrawal', 'pending')}
FROM agents ORDER BY pubkey`

/** Every agent whose books do not balance, with the first equation that does not hold. */
export function plainAudit(db: Database.Database): string[] {
  const rows = db.prepare<[], AuditRow>(AGENTS).safeIntegers().all()
  return rows.flatMap((row) => {
    const fault = faultOf(row)
    return fault === null ? [] : [`${row.pubkey}: ${fault.equation}: ${fault.figures}`]
  })
}

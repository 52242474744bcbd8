/** Every query is a search of an index, so that ten million rows cost what ten cost. */
import { expect, test } from 'vitest'
import { ledgerOn } from '../../../src/ledger/sqlite/open-ledger.ts'
import { TEST_ISSUER } from '../../support/receipt-key.ts'
import { openedFiles } from './files.ts'

/**
 * Tables that hold one row, or whose every row is asked for: a vault each agent, what is pending, what is quarantined,
 * what still misses a receipt at the first start of this version.
 */
const READ_WHOLE = [
  'binding',
  'cursor',
  'vaults',
  'pending_deposits',
  'quarantine',
  'calls_without_receipt',
]

/** Indexes of no more than what is asked for: charges that are not settled, receipts that are not signed. */
const PARTIAL = ['agents_unsettled', 'receipts_unsigned']

/** Every statement that a ledger prepares, with nothing bound. The audit sums on purpose and is left out. */
function statements(): { readonly queries: string[]; readonly explain: (sql: string) => string[] } {
  const files = openedFiles()
  const prepared: string[] = []
  for (const connection of [files.writer, files.reader]) {
    const prepare = connection.prepare.bind(connection)
    connection.prepare = (sql: string) => {
      prepared.push(sql)
      return prepare(sql) as never
    }
  }
  ledgerOn(files, TEST_ISSUER)
  const explain = (sql: string): string[] => {
    const bound = sql.replaceAll(/\?|@\w+/g, 'NULL')
    const plan = files.reader.prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${bound}`)
    return plan.all().map(({ detail }) => detail)
  }
  const queries = prepared.filter((sql) => !/^(BEGIN|COMMIT|ROLLBACK)|sum\(/.test(sql))
  return { queries, explain }
}

test('no statement scans a table that grows with calls, and none sorts one', () => {
  const { queries, explain } = statements()
  expect(queries.length).toBeGreaterThan(65)
  for (const sql of queries) {
    for (const detail of explain(sql)) {
      const [, scanned, index = ''] = /^SCAN (\w+)(?: USING INDEX (\w+))?/.exec(detail) ?? []
      if (scanned !== undefined && !PARTIAL.includes(index)) {
        expect(READ_WHOLE, `${detail}: ${sql}`).toContain(scanned)
        expect(sql, detail).not.toContain('WHERE')
      }
      const sorts = detail.startsWith('USE TEMP B-TREE')
      if (sorts) expect(sql, detail).toMatch(/FROM (quarantine|sessions)/)
    }
  }
})

test('the check above sees a scan', () => {
  const { explain } = statements()
  expect(explain('SELECT * FROM calls WHERE model = ?').join()).toMatch(/^SCAN calls/)
})

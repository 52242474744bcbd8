/** How a pass goes: in slices, beside calls, never two at once. */
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import type { AuditPass, AuditProgress } from '../../../../src/ledger/audit-ledger.ts'
import { type Ledger, LedgerUnavailable } from '../../../../src/ledger/ledger.ts'
import type { LedgerFiles } from '../../../../src/ledger/sqlite/open-files.ts'
import { ledgerOn } from '../../../../src/ledger/sqlite/open-ledger.ts'
import { units } from '../../../../src/money.ts'
import { TEST_ISSUER } from '../../../support/receipt-key.ts'
import { AGENT, depositFact, fund, holdRequest, NOW, payoutFact, settlement } from '../../facts.ts'
import { newPath, openedFiles, rawConnection } from '../files.ts'

const CALLS = 700
const OTHERS = 120
/** Of the first agent's spending. */
const SETTLEMENTS = 600

/** Books of more rows, agents and settlements than one slice takes. */
async function largeBooks() {
  const files = openedFiles()
  const ledger = ledgerOn(files, TEST_ISSUER)
  await fund(ledger, 1_000_000n)
  const calls = Array.from({ length: CALLS }, (_, index) => `call ${index}`)
  await Promise.all(calls.map((id) => ledger.hold(holdRequest(id))))
  await Promise.all(calls.map((id) => ledger.settle(settlement(id))))
  const agents = Array.from({ length: OTHERS }, (_, index) => `agent ${index}`)
  await Promise.all(agents.map((agent) => ledger.credit(depositFact(1, { agent }), NOW)))
  const totals = Array.from({ length: SETTLEMENTS }, (_, index) => BigInt(index + 1))
  await Promise.all(totals.map((total) => ledger.bookSettlement(payoutFact(1n, total), NOW)))
  return { files, ledger }
}

const HELD = { kind: 'held', agents: OTHERS + 1, rows: CALLS + OTHERS + 1 }

/** A pass, with how far it was between any two slices. */
async function watched(ledger: Ledger, sums: AuditPass['sums']) {
  const seen: AuditProgress[] = []
  const between = (progress: AuditProgress): Promise<boolean> => {
    seen.push(progress)
    return Promise.resolve(true)
  }
  return { result: await ledger.auditPass({ sums, between }), seen }
}

test('a pass reads a bounded slice at a time and says how far it is', async () => {
  const { ledger } = await largeBooks()
  const { result, seen } = await watched(ledger, 'new')
  expect(result).toEqual(HELD)
  const rows = seen.map(({ upToRow }) => upToRow ?? 0)
  expect(rows[0]).toBeLessThan(CALLS / 2)
  expect(rows).toEqual(rows.toSorted((a, b) => a - b))
  expect(seen[0]).toMatchObject({ lastRow: HELD.rows, agents: 0 })
  const agents = seen.map((progress) => progress.agents).filter((count) => count > 0)
  expect(agents.length).toBeGreaterThan(1)
  expect(agents[0]).toBeLessThan(OTHERS)
})

test('the next pass takes what was summed for granted; one over everything begins anew', async () => {
  const { ledger } = await largeBooks()
  await watched(ledger, 'new')
  await ledger.hold(holdRequest('later'))
  await ledger.settle(settlement('later'))
  const next = await watched(ledger, 'new')
  expect(next.result).toEqual({ ...HELD, rows: HELD.rows + 1 })
  expect(next.seen.map(({ upToRow }) => upToRow)).not.toContain(null)
  expect(Math.min(...next.seen.map(({ upToRow }) => upToRow ?? 0))).toBe(HELD.rows + 1)
  const anew = await watched(ledger, 'all')
  expect(anew.result).toEqual(next.result)
  expect(anew.seen[0]?.upToRow).toBeLessThan(CALLS / 2)
})

test('L1: books that change between any two slices of a pass balance all the same', async () => {
  const { ledger } = await largeBooks()
  let slices = 0
  for (const sums of ['all', 'new', 'all'] as const) {
    const between = async (): Promise<boolean> => {
      slices += 1
      const agent = `agent ${(slices * 37) % OTHERS}`
      const id = `between ${slices}`
      await ledger.hold(holdRequest(id, { agent }))
      await ledger.hold(holdRequest(`${id} open`))
      await ledger.settle(settlement(id))
      await ledger.credit(depositFact(1, { agent: `late ${slices}` }), NOW)
      const { settled } = await ledger.balance(AGENT)
      await ledger.bookSettlement(payoutFact(1n, settled + 1n), NOW)
      const { withdrawn } = await ledger.balance(AGENT)
      await ledger.bookWithdrawal(payoutFact(2n, withdrawn + 2n, { signature: id }), NOW)
      return true
    }
    expect(await ledger.auditPass({ sums, between })).toMatchObject({ kind: 'held' })
  }
  expect(slices).toBeGreaterThan(10)
  expect(await ledger.audit()).toBeNull()
})

test('a pass that is stopped keeps what it summed, and the next one goes on from there', async () => {
  const { ledger } = await largeBooks()
  let reached: number | null = null
  const between = ({ upToRow }: AuditProgress): Promise<boolean> => {
    reached = upToRow
    return Promise.resolve(false)
  }
  expect(await ledger.auditPass({ sums: 'all', between })).toEqual({ kind: 'stopped' })
  const { result, seen } = await watched(ledger, 'new')
  expect(result).toEqual(HELD)
  expect(seen[0]?.upToRow).toBeGreaterThan(reached ?? 0)
})

test('of two passes the second begins when the first has ended', async () => {
  const { ledger } = await largeBooks()
  const order: string[] = []
  const pass = (name: string) => {
    const between = async (): Promise<boolean> => {
      order.push(name)
      await new Promise((resolve) => setImmediate(resolve))
      return true
    }
    return ledger.auditPass({ sums: 'all', between })
  }
  await Promise.all([pass('first'), pass('second')])
  expect(order).toEqual(order.toSorted())
  expect(new Set(order).size).toBe(2)
})

/** Calls `before` ahead of each execution of the statement of a pass that `text` is part of. */
function ahead(files: LedgerFiles, text: string, before: () => void): void {
  const prepare = files.reader.prepare.bind(files.reader)
  files.reader.prepare = (sql: string) => {
    const statement = prepare(sql)
    if (!sql.includes(text)) return statement as never
    for (const verb of ['run', 'all'] as const) {
      const execute = statement[verb].bind(statement)
      statement[verb] = ((...values: unknown[]) => {
        before()
        return execute(...values)
      }) as never
    }
    return statement as never
  }
}

test('L1: sums and agents are of one instant, whoever writes in the middle of a slice', async () => {
  const path = newPath()
  const files = openedFiles(path)
  const ledger = ledgerOn(files, TEST_ISSUER)
  await fund(ledger, 1_000n)
  const other = rawConnection(path)
  let deposits = 1
  ahead(files, 'FROM agents', () => {
    deposits += 1
    other.exec(`BEGIN;
      INSERT INTO transactions VALUES (${deposits}, '${AGENT}', 'DEPOSIT', 5, 1000 + 5 * ${deposits - 1}, NULL, NULL, 's', 1);
      INSERT INTO deposits SELECT vault, ${deposits}, agent_pubkey, 5, 5000, depositor, 's', '${deposits}', 1, ${deposits}
        FROM deposits WHERE deposit_index = 1;
      UPDATE agents SET deposited = deposited + 5, balance = balance + 5;
      UPDATE vaults SET deposited = deposited + 5;
      COMMIT`)
  })
  for (const sums of ['new', 'new', 'all'] as const) {
    const { result } = await watched(ledger, sums)
    expect(result).toEqual({ kind: 'held', agents: 1, rows: deposits - 1 })
  }
  expect(deposits).toBe(4)
})

test('L6: a slice that fails adds nothing: the pass is refused and the next one goes on', async () => {
  const files = openedFiles()
  const ledger = ledgerOn(files, TEST_ISSUER)
  await fund(ledger, 1_000n)
  let fails = false
  ahead(files, 'FROM deposits\n', () => {
    if (fails) throw new Database.SqliteError('disk trouble', 'SQLITE_IOERR')
  })
  await watched(ledger, 'new')
  await ledger.credit(depositFact(2, { cumulative: units(2_000n) }), NOW)
  fails = true
  await expect(watched(ledger, 'new')).rejects.toBeInstanceOf(LedgerUnavailable)
  fails = false
  const { result } = await watched(ledger, 'new')
  expect(result).toEqual({ kind: 'held', agents: 1, rows: 2 })
})

test('no statement of a pass scans a table that grows with calls', async () => {
  const files = openedFiles()
  const prepared: string[] = []
  const prepare = files.reader.prepare.bind(files.reader)
  const ledger = ledgerOn(files, TEST_ISSUER)
  files.reader.prepare = (sql: string) => {
    prepared.push(sql)
    return prepare(sql) as never
  }
  expect(await ledger.audit()).toBeNull()
  expect(prepared.length).toBeGreaterThan(7)
  for (const sql of prepared) {
    const bound = sql.replaceAll(/\?|@\w+/g, 'NULL')
    const plan = prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${bound}`).all()
    for (const { detail } of plan) {
      // Open holds, a slice of agents, and the newest of the sums.
      if (detail.startsWith('SCAN')) {
        expect(detail).toMatch(/^SCAN (holds|a|\(subquery-\d\)|temp\.summed_settlements)$/)
      }
    }
  }
})

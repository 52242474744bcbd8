/** Calls that were settled before there were receipts. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { AuditProgress } from '../../../src/ledger/audit-ledger.ts'
import type { IssuedReceipt } from '../../../src/ledger/receipt-ledger.ts'
import { migrate } from '../../../src/ledger/sqlite/migrate.ts'
import { FIRST_LEDGER } from '../../../src/ledger/sqlite/migrations/0001-ledger.ts'
import { ledgerOn } from '../../../src/ledger/sqlite/open-ledger.ts'
import {
  FIRST_PREV,
  type Receipt,
  receiptBytes,
  receiptDigest,
} from '../../../src/proof/receipt.ts'
import { TEST_ISSUER } from '../../support/receipt-key.ts'
import { AGENT, holdRequest, NOW, PRICES, settlement } from '../facts.ts'
import { newPath, openedFiles, rawConnection } from './files.ts'

const OTHER = 'Other1111111111111111111111111111111111111'
const UNSIGNED = { ...TEST_ISSUER, sign: null }

/** A file of schema 1 on which two agents were charged 1 unit in turn, `calls` times; each third call was released. */
function oldBooks(calls: number): string {
  const path = newPath()
  const db = rawConnection(path)
  migrate(db, [FIRST_LEDGER])
  db.prepare('INSERT INTO prices VALUES (?, ?, ?)').run(PRICES, '2026-11-21T12:00:00.000Z', '{}')
  for (const agent of [AGENT, OTHER]) {
    db.prepare('INSERT INTO agents (pubkey, updated_at) VALUES (?, 0)').run(agent)
    db.prepare('INSERT INTO vaults (vault, agent_pubkey, deposited) VALUES (?, ?, 1000)').run(
      `vault of ${agent}`,
      agent,
    )
    const deposit = db
      .prepare("INSERT INTO transactions VALUES (NULL, ?, 'DEPOSIT', 1000, 1000, NULL, NULL, ?, 0)")
      .run(agent, `deposit of ${agent}`)
    db.prepare("INSERT INTO deposits VALUES (?, 1, ?, 1000, 1000, 'd', ?, '0', 1, ?)").run(
      `vault of ${agent}`,
      agent,
      `deposit of ${agent}`,
      deposit.lastInsertRowid,
    )
    db.prepare('UPDATE agents SET deposited = 1000, balance = 1000 WHERE pubkey = ?').run(agent)
  }
  db.transaction(() => {
    for (let call = 0; call < calls; call += 1) oldCall(db, call)
  })()
  return path
}

function oldCall(db: ReturnType<typeof rawConnection>, call: number): void {
  const agent = call % 2 === 0 ? AGENT : OTHER
  const released = call % 3 === 2
  const request = holdRequest(`old ${call}`)
  const usage = {
    provider: request.provider,
    model: request.model,
    outcome: call % 5 === 0 ? 'recovered' : 'completed',
    tokens: settlement('').tokens,
    price_version: PRICES,
    held: '1',
    upstream_id: call % 5 === 0 ? null : `\ud800 ${call}`,
    request_digest: request.requestDigest,
    response_digest: call % 5 === 0 ? null : settlement('').responseDigest,
  }
  if (!released) {
    db.prepare('UPDATE agents SET spent = spent + 1, balance = balance - 1 WHERE pubkey = ?').run(
      agent,
    )
    db.prepare(
      `INSERT INTO transactions SELECT NULL, pubkey, 'DEBIT', 1, deposited - spent, ?, ?, NULL, ?
       FROM agents WHERE pubkey = ?`,
    ).run(JSON.stringify(usage), `old ${call}`, NOW, agent)
  }
  const debit = released ? 'NULL' : 'last_insert_rowid()'
  db.prepare(
    `INSERT INTO calls VALUES (NULL, ?, ?, NULL, ?, ${call % 4 === 0 ? 1 : 7}, ?, ${debit}, ?, 'openai',
       'gpt-4o-mini', ?, ?, ?, ?, ?)`,
  ).run(
    `old ${call}`,
    agent,
    released ? 'released' : 'settled',
    released ? 0 : 1,
    released ? 'upstream_error' : null,
    PRICES,
    request.requestDigest,
    JSON.stringify(request.auth),
    NOW + call,
    NOW + call + 9,
  )
}

/** Checks that they form a chain from the first charge, with totals that add up, and returns them. */
function chainOf(issued: readonly IssuedReceipt[]): Receipt[] {
  let prev = FIRST_PREV
  let spent = 0n
  return issued.map(({ text, seq }, index) => {
    const receipt = JSON.parse(text) as Receipt
    spent += BigInt(receipt.charge)
    expect([receipt.seq, seq, receipt.prev, receipt.spent]).toEqual([
      index + 1,
      index + 1,
      prev,
      spent.toString(),
    ])
    expect(BigInt(receipt.balance_after) + spent).toBe(1_000n)
    prev = receiptDigest(receiptBytes(text))
    return receipt
  })
}

test('calls of before get their receipts at the first start that issues some, in order and signed', async () => {
  const path = oldBooks(700)
  const ledger = ledgerOn(openedFiles(path), TEST_ISSUER)
  expect(await ledger.audit()).toBeNull()
  for (const [agent, first] of [
    [AGENT, 0],
    [OTHER, 1],
  ] as const) {
    const issued = await ledger.receipts(agent, 0, 1_000)
    const receipts = chainOf(issued)
    const numbers = Array.from({ length: 350 }, (_, index) => first + 2 * index)
    const settled = numbers.filter((call) => call % 3 !== 2)
    expect(receipts.map(({ request_id }) => request_id)).toEqual(settled.map((n) => `old ${n}`))
    expect(receipts.map(({ held }) => held)).toEqual(
      settled.map((call) => (call % 4 === 0 ? '1' : undefined)),
    )
    expect(receipts.map(({ upstream_id }) => upstream_id)).toEqual(
      settled.map((call) => (call % 5 === 0 ? null : `\ufffd ${call}`)),
    )
    expect(issued.every(({ signature }) => signature !== null)).toBe(true)
  }
  await ledger.hold(holdRequest('new'))
  await ledger.settle(settlement('new'))
  const all = await ledger.receipts(AGENT, 0, 1_000)
  chainOf(all)
  expect(all.at(-1)?.text).toContain('"request_id":"new"')
  expect(await ledger.audit()).toBeNull()
})

test('a ledger without an issuer leaves them for one that has some; then nothing is done twice', async () => {
  const path = oldBooks(10)
  const without = ledgerOn(openedFiles(path), null)
  expect(await without.receipts(AGENT, 0, 100)).toEqual([])
  expect(await without.audit()).toBeNull()
  const unsigned = ledgerOn(openedFiles(path), UNSIGNED)
  const issued = await unsigned.receipts(AGENT, 0, 100)
  expect(chainOf(issued)).toHaveLength(3)
  expect(await unsigned.unsignedReceipts(100)).toHaveLength(7)
  const again = ledgerOn(openedFiles(path), TEST_ISSUER)
  expect(await again.receipts(AGENT, 0, 100)).toEqual(issued)
})

test('an audit whose rows get their receipts meanwhile balances: it sums them anew', async () => {
  const path = oldBooks(700)
  const without = ledgerOn(openedFiles(path), null)
  const rows: (number | null)[] = []
  const between = ({ upToRow }: AuditProgress): Promise<boolean> => {
    rows.push(upToRow)
    if (rows.length === 1) ledgerOn(openedFiles(path), TEST_ISSUER)
    return Promise.resolve(true)
  }
  expect(await without.auditPass({ sums: 'new', between })).toMatchObject({ kind: 'held' })
  expect(rows.slice(0, 2)).toEqual([rows[0], rows[0]])
  expect(await without.auditPass({ sums: 'new', between })).toMatchObject({ kind: 'held' })
})

test('two processes that start at once on an old file issue one chain', async () => {
  const path = oldBooks(450)
  const start = `
    import { openLedger } from '${new URL('../../../src/ledger/sqlite/open-ledger.ts', import.meta.url)}'
    import { TEST_ISSUER } from '${new URL('../../support/receipt-key.ts', import.meta.url)}'
    await openLedger(${JSON.stringify(path)}, TEST_ISSUER).close()`
  const script = `import { execFile } from 'node:child_process'
    import { promisify } from 'node:util'
    const start = () => promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', ${JSON.stringify(start)}])
    await Promise.all([start(), start()])`
  execFileSync(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe' })
  const ledger = ledgerOn(openedFiles(path), TEST_ISSUER)
  expect(chainOf(await ledger.receipts(AGENT, 0, 1_000))).toHaveLength(150)
  expect(await ledger.audit()).toBeNull()
})

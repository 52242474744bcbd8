import { statSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { LedgerUnavailable } from '../../../src/ledger/ledger.ts'
import { ledgerOn } from '../../../src/ledger/sqlite/open-ledger.ts'
import { TEST_ISSUER } from '../../support/receipt-key.ts'
import { AGENT, depositFact, fund, holdRequest, NOW, settlement } from '../facts.ts'
import { newPath, openedFiles, rawConnection } from './files.ts'

const nextTurn = () => new Promise((turn) => setImmediate(turn))

async function lockable() {
  const path = newPath()
  const ledger = ledgerOn(openedFiles(path), TEST_ISSUER)
  await fund(ledger, 1_000n)
  return { ledger, other: rawConnection(path) }
}

test('L6: writes wait while another process writes, and none is lost', async () => {
  const { ledger, other } = await lockable()
  other.exec('BEGIN IMMEDIATE')
  const credits = Promise.all([2, 3, 4].map((index) => ledger.credit(depositFact(index), NOW)))
  const hold = ledger.hold(holdRequest('r1'))
  for (let turn = 0; turn < 200; turn += 1) await nextTurn()
  other.exec('ROLLBACK')
  expect(await credits).toMatchObject([
    { kind: 'credited' },
    { kind: 'credited' },
    { kind: 'credited' },
  ])
  expect(await hold).toMatchObject({ kind: 'held' })
  expect(await ledger.balance(AGENT)).toMatchObject({ deposited: 4_000n, held: 100n })
})

test('L6: locked for too long is unavailable: refused within bounds, nothing changed, reads served meanwhile', async () => {
  const { ledger, other } = await lockable()
  other.exec('BEGIN IMMEDIATE')
  let refused = false
  const hold = ledger.hold(holdRequest('r1')).finally(() => {
    refused = true
  })
  const outcomes = Promise.all([
    expect(hold).rejects.toBeInstanceOf(LedgerUnavailable),
    expect(ledger.probe(NOW)).rejects.toBeInstanceOf(LedgerUnavailable),
  ])
  let reads = 0
  while (!refused) {
    expect(await ledger.balance(AGENT)).toMatchObject({ available: 1_000n, held: 0n })
    reads += 1
    await nextTurn()
  }
  await outcomes
  expect(reads).toBeGreaterThan(50)
  other.exec('ROLLBACK')
  expect(await ledger.nonceSpent(AGENT, 'nonce of r1')).toBe(false)
  await ledger.probe(NOW)
  expect(await ledger.hold(holdRequest('r1'))).toMatchObject({ kind: 'held' })
})

test('L6: where another process writes, the file is left to it between two commits; alone, no write waits', async () => {
  const { ledger, other } = await lockable()
  await ledger.probe(NOW)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const written = ledger.commits
  other.exec('UPDATE probe SET at = at + 1')
  await ledger.probe(NOW)
  const waiting = ledger.probe(NOW)
  for (let turn = 0; turn < 10; turn += 1) await nextTurn()
  other.exec('BEGIN IMMEDIATE; ROLLBACK')
  expect(ledger.commits - written).toBe(1)
  vi.runAllTimers()
  await waiting
  await ledger.probe(NOW)
  expect(ledger.commits - written).toBe(3)
})

test('reads see the last commit while another process is in the middle of a write', async () => {
  const { ledger, other } = await lockable()
  other.exec('BEGIN IMMEDIATE; UPDATE agents SET balance = balance - 1, held = held + 1')
  expect(await ledger.balance(AGENT)).toMatchObject({ available: 1_000n, held: 0n })
  other.exec('COMMIT')
  expect(await ledger.balance(AGENT)).toMatchObject({ available: 999n, held: 1n })
})

test('L6: a full disk is unavailable, changes nothing, and is forgotten once there is room', async () => {
  const files = openedFiles()
  const ledger = ledgerOn(files, TEST_ISSUER)
  await fund(ledger, 1_000_000n)
  const pages = Number(files.writer.pragma('page_count', { simple: true }))
  files.writer.pragma(`max_page_count = ${pages + 2}`)
  let held = 0
  const fill = async () => {
    while (true) {
      await ledger.hold(holdRequest(`r${held}`))
      held += 1
    }
  }
  await expect(fill()).rejects.toBeInstanceOf(LedgerUnavailable)
  const whole = Promise.allSettled([ledger.hold(holdRequest('x')), ledger.hold(holdRequest('y'))])
  for (const { status } of await whole) expect(status).toBe('rejected')
  expect(await ledger.balance(AGENT)).toMatchObject({ held: BigInt(held) * 100n })
  expect(await ledger.audit()).toBeNull()
  files.writer.pragma('max_page_count = 4294967294')
  expect(await ledger.hold(holdRequest('after'))).toMatchObject({ kind: 'held' })
  expect(await ledger.settle(settlement('r0'))).toMatchObject({ kind: 'settled' })
})

test('L6: a file that may only be read is unavailable for writing and still read', async () => {
  const files = openedFiles()
  const ledger = ledgerOn(files, TEST_ISSUER)
  await fund(ledger, 1_000n)
  files.writer.pragma('query_only = ON')
  await expect(ledger.hold(holdRequest('r1'))).rejects.toBeInstanceOf(LedgerUnavailable)
  expect(await ledger.balance(AGENT)).toMatchObject({ available: 1_000n, held: 0n })
})

test('L8: a commit is synced to the disk before it counts', () => {
  const { writer } = openedFiles()
  expect(writer.pragma('journal_mode', { simple: true })).toBe('wal')
  expect(writer.pragma('synchronous', { simple: true })).toBe(2n)
})

test('the file is readable by its owner alone', async () => {
  const path = newPath()
  ledgerOn(openedFiles(path), TEST_ISSUER)
  const { mode } = statSync(path)
  expect(mode & 0o777).toBe(0o600)
})

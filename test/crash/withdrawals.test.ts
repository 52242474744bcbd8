/**
 * The watcher's process is killed on both sides of each commit that a withdrawal makes, one death after the other on
 * the same books, while the agent asks for all it has and takes what the operator leaves.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openLedger } from '../../src/ledger/sqlite/open-ledger.ts'
import { units } from '../../src/money.ts'
import { holdRequest, PRICES, settlement } from '../ledger/facts.ts'
import { openBooks, openCopyOfBooks } from '../support/crash-books.ts'
import type { CrashPoint } from '../support/crash-preload.ts'
import { type CrashSite, openCrashSite } from '../support/crash-site.ts'
import { TEST_ISSUER } from '../support/receipt-key.ts'
import { Depositor, newGateway } from '../support/watched-gateway.ts'

/** Nobody calls a provider here. */
const NO_PROVIDER = 'http://127.0.0.1:9'
const DEPOSITED = 1_000n
const SPENT = 400n

const at = (commit: 'freeze' | 'settlement' | 'withdrawal', side: 'before' | 'after') =>
  ({ commit, side, nth: 1, armed: true }) satisfies CrashPoint

let site: CrashSite
let dataDir: string
let one: Depositor

beforeAll(async () => {
  site = await openCrashSite(0, newGateway)
  dataDir = site.newBooks()
  one = await Depositor.open(site.network, DEPOSITED)
})
afterAll(() => site.close())

/** Lets a watcher run until the books say this, and stops it in good order. */
async function watchUntil(expected: object): Promise<void> {
  const watch = site.start('watch', dataDir, NO_PROVIDER)
  const books = openBooks(dataDir)
  await vi.waitUntil(
    async () => {
      const balance = await books.ledger.balance(one.agent.key)
      return Object.entries(expected).every(([name, value]) => Reflect.get(balance, name) === value)
    },
    { timeout: 30_000, interval: 50 },
  )
  await books.close()
  watch.child.kill('SIGTERM')
  expect(await watch.gone, watch.log()).toBe(0)
}

/** Lets a watcher die at the point, and reads what it left. */
async function die(point: CrashPoint) {
  const process = site.start('watch', dataDir, NO_PROVIDER, point)
  expect(await process.gone, process.log()).toBe('SIGKILL')
  const left = openCopyOfBooks(dataDir)
  const balance = await left.ledger.balance(one.agent.key)
  expect(await left.ledger.audit()).toBeNull()
  await left.close()
  return balance
}

test('C8 L1: kill -9 around every commit of a withdrawal leaves nothing spendable that leaves', async () => {
  await watchUntil({ available: DEPOSITED })
  const ledger = openLedger(join(dataDir, 'ledger.sqlite'), TEST_ISSUER)
  await ledger.storePrices(PRICES, '2026-11-21T12:00:00.000Z', '{}')
  await ledger.hold(holdRequest('r1', { agent: one.agent.key, amount: units(SPENT) }))
  await ledger.settle(settlement('r1', { charge: units(SPENT) }))
  await ledger.close()

  await one.request(DEPOSITED)
  const rest = DEPOSITED - SPENT
  expect(await die(at('freeze', 'before'))).toMatchObject({ available: rest, frozen: 0n })
  expect(await die(at('freeze', 'after'))).toMatchObject({ available: 0n, frozen: rest })

  await one.paySettlement(SPENT)
  await one.withdraw()
  const frozen = { available: 0n, frozen: rest, withdrawn: 0n, owed: 0n }
  expect(await die(at('settlement', 'before'))).toMatchObject({ ...frozen, settled: 0n })
  expect(await die(at('settlement', 'after'))).toMatchObject({ ...frozen, settled: SPENT })
  expect(await die(at('withdrawal', 'before'))).toMatchObject({ ...frozen, settled: SPENT })
  const left = { available: 0n, frozen: 0n, withdrawn: rest, settled: SPENT, owed: 0n }
  expect(await die(at('withdrawal', 'after'))).toMatchObject(left)

  // Whoever reads it all again finds nothing to add, and what comes later is spendable.
  await one.deposit(50n)
  await watchUntil({ ...left, deposited: DEPOSITED + 50n, available: 50n })
})

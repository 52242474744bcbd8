import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { units } from '../../../src/money.ts'
import type { CrankReport } from '../../../watcher/crank.ts'
import { startTestNetwork, type TestNetwork } from '../../support/chain.ts'
import { type Fault, seededFaults } from '../../support/faults.ts'
import { CrankSite, type Customer, WAIT } from './crank-site.ts'

let shared: TestNetwork
beforeAll(async () => {
  shared = await startTestNetwork()
})
afterAll(() => shared.stop())

const DUE = { byHand: false }
const BY_HAND = { byHand: true }

/** A site with agents that spent `spent` each and signed for it. */
async function spentBy(count: number, spent: bigint): Promise<[CrankSite, Customer[]]> {
  const site = await CrankSite.open(shared)
  const customers = await site.customers(count, 10_000n)
  for (const customer of customers) await site.spend(customer, spent, spent)
  return [site, customers]
}

/** What reports say was paid, in units. */
function reported(...reports: readonly CrankReport[]): bigint {
  const steps = reports.flatMap((report) => report.steps)
  return steps.reduce((sum, step) => sum + (step.kind === 'settled' ? step.amount : 0n), 0n)
}

/** What reports say it cost, in lamports. */
function cost(...reports: readonly CrankReport[]): number {
  const sent = reports.flatMap(({ transactions }) => transactions)
  return sent.reduce((sum, { feeLamports }) => sum + (feeLamports ?? 0), 0)
}

/** Does this to every request of the method. */
function breakMethod({ proxy }: CrankSite, method: string, fault: Fault): void {
  proxy.breakWith({ next: (asked) => (asked === method ? fault : null) })
}

test('C9: lost answers to what was sent, and to what became of it, settle once and are reported once', async () => {
  const [site] = await spentBy(2, 1_000n)
  site.proxy.breakWith({
    next: (method) => {
      if (method === 'sendTransaction') return 'answer_dropped'
      const asked = site.proxy.seen.get('getSignatureStatuses') ?? 0
      return method === 'getSignatureStatuses' && asked <= 3 ? 'refused' : null
    },
  })
  const before = await site.lamports()
  const report = await site.crank().run(DUE)
  expect(report.steps.map(({ kind }) => kind)).toEqual(['settled', 'settled'])
  expect(report.transactions).toHaveLength(1)
  expect(reported(report)).toBe(2_000n)
  expect(await site.paid()).toBe(2_000n)
  expect(cost(report)).toBe(before - (await site.lamports()))
})

// 150 blocks and their finality: seconds on the embedded validator, minutes on the real one beside other work.
test('a blockhash that runs out unseen is replaced, with a higher fee, and all is settled once', async () => {
  const [site] = await spentBy(1, 1_000n)
  let expired = false
  site.proxy.breakWith({
    next: (method) => {
      // The first transaction is never taken; the second is signed under a new blockhash.
      const signings = site.proxy.seen.get('getLatestBlockhash') ?? 0
      expired ||= signings > 1
      return method === 'sendTransaction' && !expired ? 'refused' : null
    },
  })
  const report = await site.crank().run(DUE)
  expect(site.proxy.seen.get('getLatestBlockhash')).toBe(2)
  expect(reported(report)).toBe(1_000n)
  expect(await site.paid()).toBe(1_000n)
  // The first offer for priority was nothing, the second is 2,000 micro-lamports per compute unit.
  expect(report.transactions).toHaveLength(1)
  expect(cost(report)).toBeGreaterThan(10_000)
  expect(cost(report)).toBeLessThan(10_100)
}, 300_000)

test('C9: a crank that dies between sending and confirmation leaves nothing to settle twice', async () => {
  const [site] = await spentBy(3, 1_000n)
  const dying = new AbortController()
  breakMethod(site, 'getSignatureStatuses', 'refused')
  const run = site.crank({ signal: dying.signal }).run(DUE)
  await vi.waitFor(async () => expect(await site.paid()).toBe(3_000n), WAIT)
  dying.abort()
  const first = await run
  expect(first.steps.map(({ kind }) => kind)).toEqual(['failed', 'failed', 'failed'])
  site.proxy.breakWith()
  const second = await site.crank().run(BY_HAND)
  expect(second).toMatchObject({ steps: [], transactions: [] })
  expect(await site.paid()).toBe(3_000n)
})

test('C9: two cranks at once pay the treasury each charge once, and only one of them says so', async () => {
  const [site, customers] = await spentBy(5, 1_000n)
  const cranks = [
    site.crank({ spread: () => 1 }),
    site.crank({ ledger: site.openLedger(), spread: () => 2 }),
  ]
  const before = await site.lamports()
  // Under one blockhash, the same instructions of the same operator would be one transaction, which both see land.
  breakMethod(site, 'getLatestBlockhash', 'stale')
  const reports = await Promise.all(cranks.map((crank) => crank.run(DUE)))
  site.proxy.breakWith()
  await site.spend(customers[0] as Customer, 1_500n, 2_500n)
  reports.push(...(await Promise.all(cranks.map((crank) => crank.run(BY_HAND)))))
  expect(reports.flatMap(({ steps }) => steps).filter(({ kind }) => kind === 'failed')).toEqual([])
  expect(await site.paid()).toBe(6_500n)
  expect(reported(...reports)).toBe(6_500n)
  expect(cost(...reports)).toBe(before - (await site.lamports()))
})

test.each([1, 2])(
  'C9: whatever the node does, what was spent is paid once (seed %i)',
  async (seed) => {
    const [site, customers] = await spentBy(4, 1_000n)
    site.proxy.breakWith(seededFaults(seed, 0.25))
    let now = Date.now()
    const crank = () => site.crank({ now: () => now })
    const both = [crank(), crank()]
    await vi.waitFor(async () => {
      now += 60_000
      await Promise.all(both.map((one) => one.run(DUE)))
      const vaults = await Promise.all(customers.map((customer) => site.vaultOf(customer)))
      expect(vaults.map(({ settled }) => settled)).toEqual(Array(4).fill(1_000n))
    }, WAIT)
    expect(await site.paid()).toBe(4_000n)
  },
)

test('a node that does not answer fails the run, and the next one settles', async () => {
  const [site, [customer]] = await spentBy(1, 1_000n)
  const crank = site.crank()
  breakMethod(site, 'getMultipleAccounts', 'error_500')
  expect((await crank.run(DUE)).steps).toMatchObject([
    { kind: 'failed', agent: customer?.key, reason: expect.stringContaining('500') },
  ])
  site.proxy.breakWith()
  expect(reported(await crank.run(BY_HAND))).toBe(1_000n)
})

test('a key that does not sign fails the vaults by its setting, and sends nothing', async () => {
  const [site] = await spentBy(2, 1_000n)
  const operator = {
    publicKey: site.network.operator.publicKey.toBytes(),
    sign: () => Promise.reject(new Error('OPERATOR_KEY: the signing command ended with 1')),
    close: async () => {},
  }
  const { steps } = await site.crank({ operator }).run(DUE)
  expect(steps).toMatchObject(
    Array(2).fill({ kind: 'failed', reason: expect.stringContaining('OPERATOR_KEY') }),
  )
  expect(site.proxy.seen.get('sendTransaction')).toBeUndefined()
})

test('a vault in the hands of one run is left alone by the next', async () => {
  const [site, [customer]] = await spentBy(1, 1_000n)
  const crank = site.crank({ thresholdUnits: units(1n) })
  breakMethod(site, 'sendTransaction', 'refused')
  const slow = crank.run(DUE)
  await vi.waitFor(() => expect(site.proxy.seen.get('sendTransaction')).toBeGreaterThan(0), WAIT)
  const asked = site.proxy.seen.get('getMultipleAccounts')
  expect(await crank.run(BY_HAND)).toMatchObject({
    steps: [],
    standings: [{ agent: customer?.key }],
  })
  expect(site.proxy.seen.get('getMultipleAccounts')).toBe(asked)
  site.proxy.breakWith()
  expect(reported(await slow)).toBe(1_000n)
})

import { describe, expect, vi } from 'vitest'
import { units } from '../../../src/money.ts'
import { holdRequest, PRICES, settlement } from '../../ledger/facts.ts'
import { EVERY_MODE, STRAIGHT, throughFaults } from '../../support/watch-modes.ts'
import { Depositor } from '../../support/watched-gateway.ts'
import { useWatchedSite, WAIT, type WatchedSite } from '../../support/watched-site.ts'
import { untilCredited } from '../../support/watching.ts'

const testIn = useWatchedSite()

/** Waits until the ledger says this of the agent's money, and its books balance. */
async function untilBalance(
  { ledger }: WatchedSite,
  { agent }: Depositor,
  expected: Record<string, bigint>,
): Promise<void> {
  await vi.waitFor(async () => {
    expect(await ledger.balance(agent.key)).toMatchObject(expected)
  }, WAIT)
  expect(await ledger.audit()).toBeNull()
}

/** Has the agent spend so much on calls. */
async function spend({ ledger }: WatchedSite, { agent }: Depositor, amount: bigint): Promise<void> {
  await ledger.storePrices(PRICES, '2026-11-21T12:00:00.000Z', '{}')
  const request = holdRequest('r1', { agent: agent.key, amount: units(amount) })
  expect(await ledger.hold(request)).toMatchObject({ kind: 'held', callSecondsMax: 2 })
  await ledger.settle(settlement('r1', { charge: units(amount) }))
}

describe.concurrent.each([...EVERY_MODE, throughFaults(4), throughFaults(5)])('$name', (mode) => {
  const test = testIn(mode)

  test('C6 C8: what is asked for is frozen, what was spent is settled, and the rest leaves', async ({
    site,
  }) => {
    const one = await Depositor.open(site.network, 1_000n)
    const watcher = site.watch()
    await untilCredited(site.ledger, [one], () => watcher.status())
    await spend(site, one, 400n)

    await one.request(1_000n)
    await untilBalance(site, one, { available: 0n, frozen: 600n, withdrawn: 0n })
    await one.paySettlement(400n)
    await one.withdraw()
    await one.deposit(50n)
    const left = { deposited: 1_050n, settled: 400n, withdrawn: 600n, owed: 0n }
    await untilBalance(site, one, left)

    site.proxy.breakWith()
    const [booked] = await site.ledger.vaults()
    expect(booked).toMatchObject({ ...(await one.onChain()), stopped: null })
    expect(await site.ledger.quarantined()).toEqual([])
  })
})

describe.concurrent.each(EVERY_MODE)('$name', (mode) => {
  const test = testIn(mode)

  test('C8: a request that is called off thaws once that is final', async ({ site }) => {
    const one = await Depositor.open(site.network, 1_000n)
    const watcher = site.watch()
    await untilCredited(site.ledger, [one], () => watcher.status())
    await one.request(700n)
    await untilBalance(site, one, { available: 300n, frozen: 700n })
    await watcher.stop()
    site.proxy.allowAll()
    await one.cancel()
    // Finality of an account is judged by one process over several sweeps here.
    site.watchThrough()
    await untilBalance(site, one, { available: 1_000n, frozen: 0n })
    expect(site.said('less is leaving')).toBe(1)
  })

  test('C8: without vouchers, what was spent and then withdrawn is owed, and blocks calls', async ({
    site,
  }) => {
    const one = await Depositor.open(site.network, 1_000n)
    const watcher = site.watch()
    await untilCredited(site.ledger, [one], () => watcher.status())
    await spend(site, one, 400n)
    await one.request(1_000n)
    await one.withdraw()
    await untilBalance(site, one, { available: 0n, frozen: 0n, withdrawn: 1_000n, owed: 400n })
    const call = holdRequest('r2', { agent: one.agent.key, amount: units(1n) })
    expect(await site.ledger.hold(call)).toMatchObject({ kind: 'insufficient', owed: 400n })
    await one.deposit(500n)
    await untilBalance(site, one, { available: 100n, owed: 0n })
  })
})

testIn(STRAIGHT)(
  'C8: the WebSocket’s wake freezes a request, though nothing is polled',
  async ({ site }) => {
    const one = await Depositor.open(site.network, 1_000n)
    const watcher = site.watch({ pollIntervalMs: 3_600_000 })
    await untilCredited(site.ledger, [one], () => watcher.status())
    await one.request(700n)
    await untilBalance(site, one, { available: 300n, frozen: 700n })
  },
)

testIn(STRAIGHT)('C8: a request that only a dropped fork had thaws again', async ({ site }) => {
  const one = await Depositor.open(site.network, 1_000n)
  const watcher = site.watch()
  await untilCredited(site.ledger, [one], () => watcher.status())
  site.proxy.breakWith({
    next: (method, params) =>
      method === 'getMultipleAccounts' && JSON.stringify(params).includes('"confirmed"')
        ? 'request_of_a_fork'
        : null,
  })
  await untilBalance(site, one, { available: 0n, frozen: 1_000n })
  site.proxy.breakWith()
  await untilBalance(site, one, { available: 1_000n, frozen: 0n })
})

import { describe, expect, test } from 'vitest'
import { CALLER } from '../../support/caller/caller.ts'
import { EVERY_MODE, throughFaults } from '../../support/watch-modes.ts'
import { Depositor } from '../../support/watched-gateway.ts'
import { useWatchedSite } from '../../support/watched-site.ts'
import { untilCredited } from '../../support/watching.ts'

const testIn = useWatchedSite([CALLER])

/** Faults that the proxies of this run injected. */
let injected = 0

const MODES = [...EVERY_MODE, ...[1, 2, 3, 4, 5, 6].map(throughFaults)]

describe.concurrent.each(MODES)('$name', (mode) => {
  const test = testIn(mode)

  test('C1, C3, C7: credits equal the history of the chain, each deposit once', async ({
    site,
  }) => {
    const { network, ledger, proxy } = site
    const one = await Depositor.open(network, 1_000_000n)
    const two = await Depositor.open(network, 2_000_000n)
    await one.fail()
    await one.spoof()
    await one.transfer(3_000_000n)

    const first = site.watch()
    await two.depositByCpi(500n)
    await one.deposit(10n, 20n)
    await first.stop()

    await one.deposit(7n)
    await two.transfer(40_000n)
    const second = site.watch()
    await two.depositByLookup(5_000n)
    const three = await Depositor.open(network, 11n)
    await untilCredited(ledger, [one, two, three], () => second.status())
    await second.stop()
    injected += proxy.injected

    // Whoever reads it all again finds nothing to add.
    proxy.breakWith()
    const again = site.watchThrough()
    await untilCredited(ledger, [one, two, three], () => again.status())
    expect(await ledger.quarantined()).toEqual([])
  })
})

test('the faulty runs were faulty', () => {
  expect(injected).toBeGreaterThan(20)
})

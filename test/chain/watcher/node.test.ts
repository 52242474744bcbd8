import { describe, expect, vi } from 'vitest'
import { EVERY_MODE, ONE_LIFE, STRAIGHT } from '../../support/watch-modes.ts'
import { Depositor } from '../../support/watched-gateway.ts'
import { useWatchedSite, WAIT } from '../../support/watched-site.ts'
import { untilCredited } from '../../support/watching.ts'

const testIn = useWatchedSite()

describe.concurrent.each(EVERY_MODE)('the node, $name', (mode) => {
  const test = testIn(mode)

  test('C1: a node that is down at the start and in the middle only delays credits', async ({
    site,
  }) => {
    const { network, proxy, ledger } = site
    proxy.breakWith({ next: () => 'refused' })
    const watcher = site.watch()
    const one = await Depositor.open(network, 1_000n)
    await vi.waitFor(() => expect(watcher.status().lastError).toContain('did not answer'), WAIT)
    expect(watcher.status()).toMatchObject({ state: 'starting', caughtUp: false })
    proxy.breakWith()
    await untilCredited(ledger, [one], () => watcher.status())
    proxy.breakWith({ next: () => 'error_500' })
    await one.deposit(5n)
    await vi.waitFor(() => expect(watcher.status().lastError).toContain('with 500'), WAIT)
    proxy.breakWith()
    await untilCredited(ledger, [one], () => watcher.status())
    await vi.waitFor(() => {
      const well = { state: 'watching', caughtUp: true, lastError: null }
      expect(watcher.status()).toMatchObject(well)
    }, WAIT)
  })

  test('C5: a node that keeps too little history credits nothing out of order and moves no cursor', async ({
    site,
  }) => {
    const { network, proxy, ledger } = site
    const one = await Depositor.open(network, 1_000n)
    await one.deposit(1n)
    await site.untilFinal(one)
    proxy.breakWith({
      next: (method) => (method === 'getSignaturesForAddress' ? 'only_newest' : null),
    })
    const watcher = site.watch()
    const tooShort = 'the node lists too little history: the cursor stays'
    await vi.waitFor(async () => {
      expect(await ledger.vaults()).toHaveLength(1)
      expect(site.said(tooShort)).toBeGreaterThan(0)
    }, WAIT)
    expect(await ledger.cursor()).toBeNull()
    expect(watcher.status().caughtUp).toBe(false)
    expect((await ledger.balance(one.agent.key)).deposited).toBe(0n)
    await watcher.stop()
    proxy.breakWith()
    const healed = site.watch()
    await untilCredited(ledger, [one], () => healed.status())
    await vi.waitFor(() => expect(healed.status().caughtUp).toBe(true), WAIT)
    expect(await ledger.cursor()).not.toBeNull()
  })
})

describe.concurrent.each(ONE_LIFE)('the node that limits its rate, $name', (mode) => {
  const test = testIn(mode)

  test('a 429 is left alone for as long as it asks, whatever wakes', async ({ site }) => {
    const { proxy } = site
    const watcher = site.watch()
    await watcher.started
    let limitedAt = 0
    let nextAt = 0
    proxy.breakWith({
      retryAfterSeconds: 2,
      next: () => {
        if (limitedAt === 0) {
          limitedAt = performance.now()
          return 'rate_limit'
        }
        if (nextAt === 0) nextAt = performance.now()
        return null
      },
    })
    await vi.waitFor(() => {
      watcher.wake()
      expect(nextAt).toBeGreaterThan(0)
    }, WAIT)
    expect(nextAt - limitedAt).toBeGreaterThanOrEqual(1_900)
  })
})

// Alone, since finality is a matter of half a second here.
describe.each(ONE_LIFE)('C2: confirmed and final, $name', (mode) => {
  const test = testIn(mode)

  test('a confirmed deposit shows as pending and is not spendable; final, it is credited', async ({
    site,
  }) => {
    const { network, ledger } = site
    const one = await Depositor.open(network, 1_000n)
    const watcher = site.watch()
    await untilCredited(ledger, [one], () => watcher.status())
    await one.deposit(7n)
    const signature = await site.lastSignature(one)
    const expected = [{ agent: one.agent.key, signature, amount: 7n }]
    await vi.waitFor(async () => {
      expect(await ledger.pending(one.agent.key)).toEqual(expected)
      expect((await ledger.balance(one.agent.key)).available).toBe(1_000n)
    }, WAIT)
    await untilCredited(ledger, [one], () => watcher.status())
    await vi.waitFor(async () => expect(await ledger.pending(one.agent.key)).toEqual([]), WAIT)
  })
})

testIn(STRAIGHT)('the WebSocket wakes, also after it was cut', async ({ site }) => {
  const { network, proxy, ledger } = site
  const one = await Depositor.open(network, 1_000n)
  const watcher = site.watch({ pollIntervalMs: 3_600_000 })
  await untilCredited(ledger, [one], () => watcher.status())
  await one.deposit(1n)
  await untilCredited(ledger, [one], () => watcher.status())
  proxy.cutSockets()
  await one.deposit(2n)
  await untilCredited(ledger, [one], () => watcher.status())
})

import { describe, expect, vi } from 'vitest'
import { requestWithdrawal } from '../../../src/chain/instructions.ts'
import { voucherBytes } from '../../../src/chain/voucher.ts'
import { units } from '../../../src/money.ts'
import { holdRequest, PRICES, settlement } from '../../ledger/facts.ts'
import { land } from '../../support/chain.ts'
import { ONE_LIFE } from '../../support/watch-modes.ts'
import { Depositor } from '../../support/watched-gateway.ts'
import { useWatchedSite, WAIT, type WatchedSite } from '../../support/watched-site.ts'
import { untilCredited } from '../../support/watching.ts'
import { signBytes } from './sign-bytes.ts'

const testIn = useWatchedSite()
const SETTLING = { thresholdUnits: units(1_000n), priorityFeeMax: 0, spread: () => 0 }

/** One call of the agent, signed for. */
async function spend({ ledger }: WatchedSite, { agent, vault }: Depositor, charge: bigint) {
  await ledger.storePrices(PRICES, '2026-11-21T12:00:00.000Z', '{}')
  const requestId = `req_${charge}`
  const amount = units(charge)
  const recovery = { ...holdRequest(requestId).recovery, charge: amount }
  await ledger.hold(holdRequest(requestId, { agent: agent.key, amount, recovery }))
  await ledger.settle(settlement(requestId, { charge: amount }))
  const signature = signBytes(agent.keypair, voucherBytes(vault, amount)).toString('base64')
  const voucher = { vault: vault.toBase58(), cumulative: amount, signature }
  await ledger.keepVoucher(agent.key, voucher, Date.now())
}

/** Waits until everything that the agent paid in is on the books. */
function untilDeposited({ ledger }: WatchedSite, { agent, deposited }: Depositor): Promise<void> {
  return vi.waitFor(async () => {
    expect((await ledger.balance(agent.key)).deposited).toBe(deposited)
  }, WAIT)
}

describe.concurrent.each(ONE_LIFE)('the crank beside the watcher, $name', (mode) => {
  const test = testIn(mode)

  test('C8: a withdrawal that is asked for has what was spent settled, and the books follow', async ({
    site,
  }) => {
    const { network, ledger } = site
    const one = await Depositor.open(network, 10_000n)
    const watcher = site.watch({ settling: SETTLING })
    await untilCredited(ledger, [one], () => watcher.status())
    await spend(site, one, 40n)
    await vi.waitFor(() => expect(watcher.status().settling?.covered).toBe('40'), WAIT)
    const { parties, keypair, key } = one.agent
    const lamports = await network.rpc.getBalance(network.operator.publicKey, 'confirmed')
    await land(network, [requestWithdrawal(parties, units(10_000n))], [keypair])
    await vi.waitFor(async () => expect((await ledger.balance(key)).settled).toBe(40n), WAIT)
    expect(await ledger.balance(key)).toMatchObject({ frozen: 9_960n, available: 0n, owed: 0n })
    await vi.waitFor(() => {
      const done = { covered: '0', owed: '0', atRisk: '0', settled: '40', failing: [] }
      expect(watcher.status().settling).toMatchObject(done)
    }, WAIT)
    const left = await network.rpc.getBalance(network.operator.publicKey, 'confirmed')
    expect(watcher.status().settling?.feeLamports).toBe(lamports - left)
    expect(site.said('settled')).toBe(1)
  })

  test('a node that is slow to settle delays no sweep, and stopping waits for nothing', async ({
    site,
  }) => {
    const { network, ledger, proxy } = site
    const one = await Depositor.open(network, 10_000n)
    proxy.breakWith({
      next: (method) => (method === 'sendTransaction' ? 'refused' : null),
    })
    const watcher = site.watch({ settling: SETTLING })
    await untilCredited(ledger, [one], () => watcher.status())
    await spend(site, one, 1_000n)
    await vi.waitFor(() => expect(proxy.seen.get('sendTransaction')).toBeGreaterThan(0), WAIT)
    await one.deposit(5n)
    await untilDeposited(site, one)
    expect(watcher.status().settling).toMatchObject({ settled: '0', covered: '1000' })
    await watcher.stop()
    expect(watcher.status()).toMatchObject({ state: 'stopped' })
    // Ten slots pass between two questions of a crank that waits.
    const asked = proxy.seen.get('getSignatureStatuses')
    const slot = await network.rpc.getSlot('confirmed')
    await vi.waitFor(async () => {
      expect(await network.rpc.getSlot('confirmed')).toBeGreaterThan(slot + 50)
    }, WAIT)
    expect(proxy.seen.get('getSignatureStatuses')).toBe(asked)
  })

  test('without a key nothing is settled', async ({ site }) => {
    const { network, ledger, proxy } = site
    const one = await Depositor.open(network, 10_000n)
    const watcher = site.watch({ settling: SETTLING, operator: null })
    await untilCredited(ledger, [one], () => watcher.status())
    await spend(site, one, 1_000n)
    await one.deposit(5n)
    await untilDeposited(site, one)
    expect(watcher.status().settling).toBeNull()
    expect(proxy.seen.get('sendTransaction')).toBeUndefined()
  })
})

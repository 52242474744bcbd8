import { describe, expect, vi } from 'vitest'
import { units } from '../../../src/money.ts'
import type { Fault } from '../../support/faults.ts'
import type { FaultyRpc } from '../../support/faulty-rpc.ts'
import { EVERY_MODE } from '../../support/watch-modes.ts'
import { Depositor } from '../../support/watched-gateway.ts'
import { useWatchedSite, WAIT } from '../../support/watched-site.ts'
import { untilCredited } from '../../support/watching.ts'

const testIn = useWatchedSite()

/** Spoils every answer about one transaction. */
function spoilTransaction(proxy: FaultyRpc, signature: string, fault: Fault): void {
  proxy.breakWith({
    next: (method, params) =>
      method === 'getTransaction' && JSON.stringify(params).includes(signature) ? fault : null,
  })
}

describe.concurrent.each(EVERY_MODE)('C5: what cannot be read, $name', (mode) => {
  const test = testIn(mode)

  test.for(['no_inner_instructions', 'missing'] as const)(
    'a transaction that stays unreadable (%s) is set aside, and booked once it reads',
    async (fault, { site }) => {
      const { network, proxy, ledger } = site
      const one = await Depositor.open(network, 1_000n)
      await one.deposit(5n)
      const signature = await site.lastSignature(one)
      const two = await Depositor.open(network, 2_000n)
      spoilTransaction(proxy, signature, fault)
      const watcher = site.watchThrough()
      await untilCredited(ledger, [two], () => watcher.status())
      await vi.waitFor(() => expect(watcher.status().quarantined).toBe(1), WAIT)
      expect(await ledger.quarantined()).toMatchObject([{ signature }])
      expect((await ledger.balance(one.agent.key)).deposited).toBe(1_000n)
      // Later deposits of the vault wait for the missing one; the vault is stopped and reported.
      await one.deposit(6n)
      await vi.waitFor(() => {
        expect(watcher.status().stoppedVaults).toEqual([one.vault.toBase58()])
      }, WAIT)
      expect((await ledger.balance(one.agent.key)).deposited).toBe(1_000n)
      await watcher.stop()

      proxy.breakWith()
      const healed = site.watch()
      await vi.waitFor(() => expect(healed.status().quarantined).toBe(0), WAIT)
      await healed.stop()
      const judging = site.watchThrough()
      await untilCredited(ledger, [one, two], () => judging.status())
      await vi.waitFor(() => expect(judging.status().stoppedVaults).toEqual([]), WAIT)
    },
  )
})

describe.concurrent.each(EVERY_MODE)('C6: books against vaults, $name', (mode) => {
  const test = testIn(mode)

  test('a credit that the chain does not know stops its vault and no other', async ({ site }) => {
    const { network, ledger } = site
    const one = await Depositor.open(network, 1_000n)
    const two = await Depositor.open(network, 2_000n)
    const first = site.watch()
    await untilCredited(ledger, [one, two], () => first.status())
    await first.stop()
    const invented = {
      vault: one.vault.toBase58(),
      agent: one.agent.key,
      amount: units(1n),
      cumulative: units(1_001n),
      depositIndex: 2n,
      depositor: one.agent.key,
      signature: await site.lastSignature(one),
      instructionPath: '9.9',
      slot: 1,
    }
    expect(await ledger.credit(invented, 0)).toMatchObject({ kind: 'credited' })
    const judging = site.watchThrough()
    const stopped = [one.vault.toBase58()]
    await vi.waitFor(() => expect(judging.status().stoppedVaults).toEqual(stopped), WAIT)
    expect(site.said('crediting of this vault is stopped')).toBe(1)
    await judging.stop()
    const after = site.watch()
    await one.deposit(50n)
    await two.deposit(60n)
    await untilCredited(ledger, [two], () => after.status())
    await vi.waitFor(() => expect(after.status().stoppedVaults).toEqual(stopped), WAIT)
    expect((await ledger.balance(one.agent.key)).deposited).toBe(1_001n)
  })
})

import { TransactionInstruction } from '@solana/web3.js'
import { describe, expect, vi } from 'vitest'
import { depositAddress, TOKEN_PROGRAM } from '../../../src/chain/addresses.ts'
import { holdRequest, PRICES } from '../../ledger/facts.ts'
import { land } from '../../support/chain.ts'
import { EVERY_MODE, ONE_LIFE } from '../../support/watch-modes.ts'
import { Depositor } from '../../support/watched-gateway.ts'
import { useWatchedSite, WAIT } from '../../support/watched-site.ts'
import { untilCredited } from '../../support/watching.ts'

const testIn = useWatchedSite()

/** Numbers of the Token program's instructions. */
const FREEZE_ACCOUNT = 10
const THAW_ACCOUNT = 11

/** Freezes or thaws a deposit address, as the mint's freeze authority may. */
function byMintAuthority(instruction: number, { network, vault }: Depositor) {
  const { mint, payer } = network
  return new TransactionInstruction({
    programId: TOKEN_PROGRAM,
    keys: [
      { pubkey: depositAddress(vault, mint), isSigner: false, isWritable: true },
      { pubkey: mint, isSigner: false, isWritable: false },
      { pubkey: payer.publicKey, isSigner: true, isWritable: false },
    ],
    data: Buffer.from([instruction]),
  })
}

describe.concurrent.each(ONE_LIFE)('a synchronisation in flight, $name', (mode) => {
  const test = testIn(mode)

  test('one that the node refuses is sent again, and no second one beside it', async ({ site }) => {
    const { network, proxy, ledger } = site
    const one = await Depositor.open(network, 1_000n)
    const watcher = site.watch()
    await untilCredited(ledger, [one], () => watcher.status())
    proxy.breakWith({ next: (method) => (method === 'sendTransaction' ? 'rpc_error' : null) })
    await one.transfer(20_000n)
    await vi.waitFor(
      () => expect(site.said('sync_vault was refused')).toBeGreaterThanOrEqual(3),
      WAIT,
    )
    proxy.breakWith()
    await untilCredited(ledger, [one], () => watcher.status())
    expect(site.said('sync_vault sent')).toBe(1)
  })
})

describe.concurrent.each(EVERY_MODE)('plain transfers, $name', (mode) => {
  const test = testIn(mode)

  test('dust waits, and what is worth it is synced once', async ({ site }) => {
    const { network, ledger } = site
    const one = await Depositor.open(network, 1_000n)
    const watcher = site.watch()
    await untilCredited(ledger, [one], () => watcher.status())
    await one.transfer(9_999n)
    one.deposited -= 9_999n
    // Its finality is older than this deposit's.
    await one.deposit(1n)
    await untilCredited(ledger, [one], () => watcher.status())
    expect(site.said('sync_vault sent')).toBe(0)
    await one.transfer(1n)
    one.deposited += 9_999n
    await untilCredited(ledger, [one], () => watcher.status())
    expect((await one.onChain()).depositIndex).toBe(3n)
  })

  test('without an operator key nothing is sent', async ({ site }) => {
    const { network, proxy, ledger } = site
    const one = await Depositor.open(network, 1_000n)
    const watcher = site.watch({ operator: null })
    await untilCredited(ledger, [one], () => watcher.status())
    await one.transfer(20_000n)
    one.deposited -= 20_000n
    await one.deposit(1n)
    await untilCredited(ledger, [one], () => watcher.status())
    expect(proxy.seen.get('sendTransaction')).toBeUndefined()
  })

  test('a frozen deposit address is reported and stops its agent, and nobody else, until it thaws', async ({
    site,
  }) => {
    const { network, ledger } = site
    const [one, other] = [
      await Depositor.open(network, 1_000n),
      await Depositor.open(network, 1_000n),
    ]
    const watcher = site.watch()
    await untilCredited(ledger, [one, other], () => watcher.status())
    await ledger.storePrices(PRICES, '2026-11-21T12:00:00.000Z', '{}')
    const hold = (requestId: string, { agent }: Depositor) =>
      ledger.hold(holdRequest(requestId, { agent: agent.key }))

    await land(network, [byMintAuthority(FREEZE_ACCOUNT, one)], [network.payer])
    const frozen = [one.vault.toBase58()]
    await vi.waitFor(() => expect(watcher.status().frozenVaults).toEqual(frozen), WAIT)
    expect(site.said('deposit address frozen')).toBe(1)
    expect(await hold('r1', one)).toEqual({ kind: 'vault_frozen' })
    expect(await hold('r2', other)).toMatchObject({ kind: 'held' })

    await land(network, [byMintAuthority(THAW_ACCOUNT, one)], [network.payer])
    await vi.waitFor(() => expect(watcher.status().frozenVaults).toEqual([]), WAIT)
    expect(site.said('deposit address frozen')).toBe(1)
    expect(site.said('deposit address thawed')).toBe(1)
    expect(await hold('r1', one)).toMatchObject({ kind: 'held' })
  })
})

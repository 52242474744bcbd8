import { TransactionInstruction } from '@solana/web3.js'
import { describe, expect, test, vi } from 'vitest'
import { depositAddress, TOKEN_PROGRAM } from '../../../src/chain/addresses.ts'
import { land } from '../../support/chain.ts'
import { Depositor } from '../../support/watched-gateway.ts'
import { useWatchedSite, WAIT } from '../../support/watched-site.ts'
import { untilCredited } from '../../support/watching.ts'

const site = useWatchedSite()

describe('plain transfers', () => {
  test('dust waits, and what is worth it is synced once', async () => {
    const { network, ledger } = site()
    const one = await Depositor.open(network, 1_000n)
    const watcher = site().watch()
    await untilCredited(ledger, [one], () => watcher.status())
    await one.transfer(9_999n)
    one.deposited -= 9_999n
    // Its finality is older than this deposit's.
    await one.deposit(1n)
    await untilCredited(ledger, [one], () => watcher.status())
    expect(site().said('sync_vault sent')).toBe(0)
    await one.transfer(1n)
    one.deposited += 9_999n
    await untilCredited(ledger, [one], () => watcher.status())
    expect(site().said('sync_vault sent')).toBe(1)
  })

  test('one that the node refuses is sent again, and no second one beside it', async () => {
    const { network, proxy, ledger } = site()
    const one = await Depositor.open(network, 1_000n)
    const watcher = site().watch()
    await untilCredited(ledger, [one], () => watcher.status())
    proxy.breakWith({ next: (method) => (method === 'sendTransaction' ? 'rpc_error' : null) })
    await one.transfer(20_000n)
    await vi.waitFor(
      () => expect(site().said('sync_vault was refused')).toBeGreaterThanOrEqual(3),
      WAIT,
    )
    proxy.breakWith()
    await untilCredited(ledger, [one], () => watcher.status())
    expect(site().said('sync_vault sent')).toBe(1)
  })

  test('without an operator key nothing is sent', async () => {
    const { network, proxy, ledger } = site()
    const one = await Depositor.open(network, 1_000n)
    const watcher = site().watch({ operator: null })
    await untilCredited(ledger, [one], () => watcher.status())
    await one.transfer(20_000n)
    one.deposited -= 20_000n
    await one.deposit(1n)
    await untilCredited(ledger, [one], () => watcher.status())
    expect(proxy.seen.get('sendTransaction')).toBeUndefined()
  })

  test('a frozen deposit address is reported', async () => {
    const { network, ledger } = site()
    const one = await Depositor.open(network, 1_000n)
    const watcher = site().watch()
    await untilCredited(ledger, [one], () => watcher.status())
    const { mint, payer } = network
    const freeze = new TransactionInstruction({
      programId: TOKEN_PROGRAM,
      keys: [
        { pubkey: depositAddress(one.vault, mint), isSigner: false, isWritable: true },
        { pubkey: mint, isSigner: false, isWritable: false },
        { pubkey: payer.publicKey, isSigner: true, isWritable: false },
      ],
      data: Buffer.from([10]),
    })
    await land(network, [freeze], [payer])
    const frozen = [one.vault.toBase58()]
    await vi.waitFor(() => expect(watcher.status().frozenVaults).toEqual(frozen), WAIT)
    expect(site().said('deposit address frozen')).toBe(1)
  })
})

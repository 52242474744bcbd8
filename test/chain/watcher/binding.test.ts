import { Keypair } from '@solana/web3.js'
import { describe, expect } from 'vitest'
import { EVERY_MODE } from '../../support/watch-modes.ts'
import { Depositor, newGateway } from '../../support/watched-gateway.ts'
import { useWatchedSite } from '../../support/watched-site.ts'
import { untilCredited } from '../../support/watching.ts'

const testIn = useWatchedSite()

describe.concurrent.each(EVERY_MODE)('C10: a ledger belongs to one chain, $name', (mode) => {
  const test = testIn(mode)
  const other = Keypair.generate().publicKey.toBase58()

  test.for(['genesisHash', 'program', 'gateway', 'mint'] as const)(
    'another %s is refused, both named, and nothing changes',
    async (field, { site }) => {
      const { network, ledger } = site
      const { program, gateway, mint } = network
      const own = {
        genesisHash: await network.rpc.getGenesisHash(),
        program: program.toBase58(),
        gateway: gateway.toBase58(),
        mint: mint.toBase58(),
      }
      await ledger.bind({ ...own, [field]: other })
      const refused = site.watch().started
      await expect(refused).rejects.toThrow(other)
      await expect(refused).rejects.toThrow(own[field])
      expect(await ledger.cursor()).toBeNull()
      expect(await ledger.vaults()).toEqual([])
    },
  )

  test('a chain that stands behind the cursor is refused', async ({ site }) => {
    const { ledger } = site
    await ledger.advance({ slot: 1_000_000_000, signature: null })
    const watcher = site.watch()
    await expect(watcher.started).rejects.toThrow('the ledger has read up to slot 1000000000')
    expect(watcher.status().state).toBe('refused')
  })

  test('a configured mint that is not the gateway’s is refused', async ({ site }) => {
    const { network } = site
    const mint = Keypair.generate().publicKey
    const refused = site.watch({ mint }).started
    await expect(refused).rejects.toThrow(mint.toBase58())
    await expect(refused).rejects.toThrow(network.mint.toBase58())
  })

  test('C3: what is paid to another gateway in the same transaction is not ours', async ({
    site,
  }) => {
    const { network, ledger } = site
    const ours = await Depositor.open(network, 1_000n)
    const theirs = await Depositor.open(await newGateway(network), 1_000n)
    await ours.depositBeside(theirs, 5n)
    const watcher = site.watch()
    await untilCredited(ledger, [ours], () => watcher.status())
    expect(await ledger.vaults()).toHaveLength(1)
  })
})

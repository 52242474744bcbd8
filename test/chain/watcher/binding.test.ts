import { Keypair, type PublicKey } from '@solana/web3.js'
import { describe, expect, vi } from 'vitest'
import { updateGateway } from '../../../src/chain/instructions.ts'
import { land, type TestNetwork } from '../../support/chain.ts'
import { EVERY_MODE, ONE_LIFE } from '../../support/watch-modes.ts'
import { Depositor, newGateway } from '../../support/watched-gateway.ts'
import { useWatchedSite, WAIT } from '../../support/watched-site.ts'
import { untilCredited } from '../../support/watching.ts'

const testIn = useWatchedSite()

/** Has the gateway name this receipt key from now on. */
async function nameReceiptKey(network: TestNetwork, receiptKey: PublicKey): Promise<void> {
  const { program, operator, mint } = network
  const terms = {
    treasury: operator.publicKey,
    withdrawalDelaySeconds: 2n,
    receiptKey,
    endpoint: 'http://127.0.0.1:4020',
  }
  await land(network, [updateGateway(program, operator.publicKey, mint, terms)], [operator])
}

describe.concurrent.each(ONE_LIFE)('the receipt key while receipts are signed, $name', (mode) => {
  const test = testIn(mode)

  test('another one on chain is reported until it agrees again', async ({ site }) => {
    const { network } = site
    const watcher = site.watch()
    await vi.waitFor(() => expect(watcher.status().caughtUp).toBe(true), WAIT)
    expect(watcher.status().receiptKeyProblem).toBeNull()
    const other = Keypair.generate().publicKey
    await nameReceiptKey(network, other)
    await vi.waitFor(() => {
      const own = network.operator.publicKey.toBase58()
      const problem = `the gateway's receipt_key is ${other.toBase58()}, RECEIPT_KEY is ${own}`
      expect(watcher.status().receiptKeyProblem).toBe(problem)
      expect(site.log.lines.filter(({ level }) => level === 'error')).toMatchObject([
        { message: problem },
      ])
    }, WAIT)
    await nameReceiptKey(network, network.operator.publicKey)
    await vi.waitFor(() => expect(watcher.status().receiptKeyProblem).toBeNull(), WAIT)
  })
})

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

  test('an OPERATOR_KEY that is not the gateway’s authority is refused', async ({ site }) => {
    const { network, ledger } = site
    const operator = Keypair.generate()
    const refused = site.watch({ operator }).started
    await expect(refused).rejects.toThrow(`OPERATOR_KEY is ${operator.publicKey.toBase58()}`)
    await expect(refused).rejects.toThrow(network.operator.publicKey.toBase58())
    expect(await ledger.cursor()).toBeNull()
  })

  test('a RECEIPT_KEY that the gateway does not name is refused', async ({ site }) => {
    const { network } = site
    const key = Keypair.generate().publicKey
    const refused = site.watch({ receiptKey: key.toBytes(), operator: null }).started
    await expect(refused).rejects.toThrow(`RECEIPT_KEY is ${key.toBase58()}`)
    await expect(refused).rejects.toThrow(network.operator.publicKey.toBase58())
  })

  test('one who signs nothing is bound without keys', async ({ site }) => {
    await site.watch({ receiptKey: null, operator: null }).started
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

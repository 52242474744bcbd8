import { Keypair, TransactionInstruction } from '@solana/web3.js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { depositAddress, TOKEN_PROGRAM } from '../../../src/chain/addresses.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { units } from '../../../src/money.ts'
import type { Watcher, WatcherOptions } from '../../../watcher/start-watcher.ts'
import { land, startTestNetwork, type TestNetwork } from '../../support/chain.ts'
import type { Fault } from '../../support/faults.ts'
import { FaultyRpc } from '../../support/faulty-rpc.ts'
import { Depositor, newGateway } from '../../support/watched-gateway.ts'
import { KeptLog, newLedgerFile, untilCredited, watchGateway } from '../../support/watching.ts'

const WAIT = { timeout: 60_000, interval: 20 }

let shared: TestNetwork
beforeAll(async () => {
  shared = await startTestNetwork()
})
afterAll(() => shared.stop())

let network: TestNetwork
let proxy: FaultyRpc
let ledger: Ledger
let log: KeptLog
let closers: (() => Promise<void>)[] = []

beforeEach(async () => {
  network = await newGateway(shared)
  proxy = await FaultyRpc.start(network.validator)
  const file = newLedgerFile()
  ledger = file.ledger
  log = new KeptLog()
  closers = [() => proxy.stop(), () => file.dispose()]
})
afterEach(async () => {
  for (const close of closers) await close()
})

/** A watcher through the proxy, stopped when the test ends. */
function watch(changed: Partial<WatcherOptions> = {}): Watcher {
  const watcher = watchGateway(network, ledger, proxy, { log, ...changed })
  closers.unshift(() => watcher.stop())
  return watcher
}

function said(message: string): number {
  return log.lines.filter((line) => line.message === message).length
}

/** Spoils every answer about one transaction. */
function spoilTransaction(signature: string, fault: Fault): void {
  proxy.breakWith({
    next: (method, params) =>
      method === 'getTransaction' && JSON.stringify(params).includes(signature) ? fault : null,
  })
}

async function lastSignature(depositor: Depositor): Promise<string> {
  const [newest] = await network.rpc.getSignaturesForAddress(depositor.vault, {}, 'confirmed')
  if (newest === undefined) throw new Error('nothing names the vault')
  return newest.signature
}

describe('the node', () => {
  test('C1: a node that is down at the start and in the middle only delays credits', async () => {
    proxy.breakWith({ next: () => 'refused' })
    const watcher = watch()
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
    expect(watcher.status()).toMatchObject({ state: 'watching', caughtUp: true, lastError: null })
  })

  test('a 429 is left alone for as long as it asks, whatever wakes', async () => {
    const watcher = watch()
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

  test('the WebSocket wakes, also after it was cut', async () => {
    const one = await Depositor.open(network, 1_000n)
    const watcher = watch({ pollIntervalMs: 3_600_000 })
    await untilCredited(ledger, [one], () => watcher.status())
    await one.deposit(1n)
    await untilCredited(ledger, [one], () => watcher.status())
    proxy.cutSockets()
    await one.deposit(2n)
    await untilCredited(ledger, [one], () => watcher.status())
  })
})

describe('C2: confirmed and final', () => {
  test('a confirmed deposit shows as pending and is not spendable; final, it is credited', async () => {
    const one = await Depositor.open(network, 1_000n)
    const watcher = watch()
    await untilCredited(ledger, [one], () => watcher.status())
    await one.deposit(7n)
    const signature = await lastSignature(one)
    const expected = [{ agent: one.agent.key, signature, amount: 7n }]
    await vi.waitFor(async () => {
      expect(await ledger.pending(one.agent.key)).toEqual(expected)
      expect((await ledger.balance(one.agent.key)).available).toBe(1_000n)
    }, WAIT)
    await untilCredited(ledger, [one], () => watcher.status())
    await vi.waitFor(async () => expect(await ledger.pending(one.agent.key)).toEqual([]), WAIT)
  })
})

describe('C10: a ledger belongs to one chain', () => {
  const other = Keypair.generate().publicKey.toBase58()

  test.each(['genesisHash', 'program', 'gateway', 'mint'] as const)(
    'another %s is refused, both named, and nothing changes',
    async (field) => {
      const { program, gateway, mint } = network
      const own = {
        genesisHash: await network.rpc.getGenesisHash(),
        program: program.toBase58(),
        gateway: gateway.toBase58(),
        mint: mint.toBase58(),
      }
      await ledger.bind({ ...own, [field]: other })
      const refused = watch().started
      await expect(refused).rejects.toThrow(other)
      await expect(refused).rejects.toThrow(own[field])
      expect(await ledger.cursor()).toBeNull()
      expect(await ledger.vaults()).toEqual([])
    },
  )

  test('a chain that stands behind the cursor is refused', async () => {
    await ledger.advance({ slot: 1_000_000_000, signature: null })
    const watcher = watch()
    await expect(watcher.started).rejects.toThrow('the ledger has read up to slot 1000000000')
    expect(watcher.status().state).toBe('refused')
  })

  test('a configured mint that is not the gateway’s is refused', async () => {
    const mint = Keypair.generate().publicKey
    const refused = watch({ mint }).started
    await expect(refused).rejects.toThrow(mint.toBase58())
    await expect(refused).rejects.toThrow(network.mint.toBase58())
  })
})

describe('C5: what cannot be read', () => {
  test.each(['no_inner_instructions', 'missing', 'garbage'] as const)(
    'a transaction that stays unreadable (%s) is set aside, and booked once it reads',
    async (fault) => {
      const one = await Depositor.open(network, 1_000n)
      await one.deposit(5n)
      const signature = await lastSignature(one)
      const two = await Depositor.open(network, 2_000n)
      spoilTransaction(signature, fault)
      const watcher = watch()
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
      const healed = watch()
      await untilCredited(ledger, [one, two], () => healed.status())
      await vi.waitFor(() => expect(healed.status().quarantined).toBe(0), WAIT)
      expect(healed.status().stoppedVaults).toEqual([])
    },
  )
})

describe('C6: books against vaults', () => {
  test('a credit that the chain does not know stops its vault and no other', async () => {
    const one = await Depositor.open(network, 1_000n)
    const two = await Depositor.open(network, 2_000n)
    const first = watch()
    await untilCredited(ledger, [one, two], () => first.status())
    await first.stop()
    const invented = {
      vault: one.vault.toBase58(),
      agent: one.agent.key,
      amount: units(1n),
      cumulative: units(1_001n),
      depositIndex: 2n,
      depositor: one.agent.key,
      signature: await lastSignature(one),
      instructionPath: '9.9',
      slot: 1,
    }
    expect(await ledger.credit(invented, 0)).toMatchObject({ kind: 'credited' })
    const watcher = watch()
    const stopped = [one.vault.toBase58()]
    await vi.waitFor(() => expect(watcher.status().stoppedVaults).toEqual(stopped), WAIT)
    expect(said('crediting of this vault is stopped')).toBe(1)
    await one.deposit(50n)
    await two.deposit(60n)
    await untilCredited(ledger, [two], () => watcher.status())
    expect((await ledger.balance(one.agent.key)).deposited).toBe(1_001n)
  })
})

describe('plain transfers', () => {
  test('dust waits, and what is worth it is synced once', async () => {
    const one = await Depositor.open(network, 1_000n)
    const watcher = watch()
    await untilCredited(ledger, [one], () => watcher.status())
    await one.transfer(9_999n)
    one.deposited -= 9_999n
    // Its finality is older than this deposit's.
    await one.deposit(1n)
    await untilCredited(ledger, [one], () => watcher.status())
    expect(said('sync_vault sent')).toBe(0)
    await one.transfer(1n)
    one.deposited += 9_999n
    await untilCredited(ledger, [one], () => watcher.status())
    expect(said('sync_vault sent')).toBe(1)
  })

  test('without an operator key nothing is sent', async () => {
    const one = await Depositor.open(network, 1_000n)
    const watcher = watch({ operator: null })
    await untilCredited(ledger, [one], () => watcher.status())
    await one.transfer(20_000n)
    one.deposited -= 20_000n
    await one.deposit(1n)
    await untilCredited(ledger, [one], () => watcher.status())
    expect(proxy.seen.get('sendTransaction')).toBeUndefined()
  })

  test('a frozen deposit address is reported', async () => {
    const one = await Depositor.open(network, 1_000n)
    const watcher = watch()
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
    expect(said('deposit address frozen')).toBe(1)
  })
})

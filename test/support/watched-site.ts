/** A gateway of its own with a proxy, a ledger file and a log, new for every test of a file. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { GenesisProgram } from '../../src/chain/validator/local-validator.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { Watcher, WatcherOptions } from '../../watcher/start-watcher.ts'
import { startTestNetwork, type TestNetwork } from './chain.ts'
import { FaultyRpc } from './faulty-rpc.ts'
import { STRAIGHT, type WatchMode } from './watch-modes.ts'
import { type Depositor, newGateway } from './watched-gateway.ts'
import { KeptLog, newLedgerFile } from './watching.ts'

/** How long a test waits for what must come. */
export const WAIT = { timeout: 60_000, interval: 20 }

export class WatchedSite {
  readonly network: TestNetwork
  readonly proxy: FaultyRpc
  readonly ledger: Ledger
  readonly log = new KeptLog()
  readonly #mode: WatchMode
  readonly #closers: (() => Promise<void>)[]

  private constructor(
    network: TestNetwork,
    mode: WatchMode,
    proxy: FaultyRpc,
    file: ReturnType<typeof newLedgerFile>,
  ) {
    this.network = network
    this.proxy = proxy
    this.ledger = file.ledger
    this.#mode = mode
    this.#closers = [() => proxy.stop(), () => file.dispose()]
  }

  static async open(shared: TestNetwork, mode: WatchMode): Promise<WatchedSite> {
    const network = await newGateway(shared)
    const proxy = await FaultyRpc.start(network.validator)
    return new WatchedSite(network, mode, proxy, newLedgerFile())
  }

  /** Starts a watcher that lives as the site's mode says; it is stopped when the test ends. */
  watch(changed: Partial<WatcherOptions> = {}): Watcher {
    return this.#watchIn(this.#mode, changed)
  }

  /** Starts a watcher that lives until it is stopped, whatever the mode. */
  watchThrough(): Watcher {
    return this.#watchIn(STRAIGHT, {})
  }

  #watchIn(mode: WatchMode, changed: Partial<WatcherOptions>): Watcher {
    const watcher = mode.watch(this.network, this.ledger, this.proxy, { log: this.log, ...changed })
    this.#closers.unshift(() => watcher.stop())
    return watcher
  }

  /** How often the watchers said this. */
  said(message: string): number {
    return this.log.lines.filter((line) => line.message === message).length
  }

  /** Signature of the newest confirmed transaction that names the depositor's vault. */
  async lastSignature({ vault }: Depositor): Promise<string> {
    const [newest] = await this.network.rpc.getSignaturesForAddress(vault, {}, 'confirmed')
    if (newest === undefined) throw new Error('nothing names the vault')
    return newest.signature
  }

  /** Waits until everything that the depositor did so far is final. */
  async untilFinal(depositor: Depositor): Promise<void> {
    const signature = await this.lastSignature(depositor)
    await vi.waitFor(async () => {
      const { value } = await this.network.rpc.getSignatureStatuses([signature])
      expect(value[0]?.confirmationStatus).toBe('finalized')
    }, WAIT)
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close()
  }
}

/** One chain for a file; returns what makes the tests of a mode, each of which gets a site of its own on that chain. */
export function useWatchedSite(programs: readonly GenesisProgram[] = []) {
  let shared: TestNetwork
  beforeAll(async () => {
    shared = await startTestNetwork(programs)
  })
  afterAll(() => shared.stop())
  return (mode: WatchMode) =>
    test.extend<{ mode: WatchMode; site: WatchedSite }>({
      mode,
      site: async ({ mode }, use) => {
        const site = await WatchedSite.open(shared, mode)
        await use(site)
        await site.close()
      },
    })
}

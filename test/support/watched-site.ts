/** A gateway of its own with a proxy, a ledger file and a log, new for every test of a file. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { Watcher, WatcherOptions } from '../../watcher/start-watcher.ts'
import { startTestNetwork, type TestNetwork } from './chain.ts'
import { FaultyRpc } from './faulty-rpc.ts'
import { type Depositor, newGateway } from './watched-gateway.ts'
import { KeptLog, newLedgerFile, watchGateway } from './watching.ts'

/** How long a test waits for what must come. */
export const WAIT = { timeout: 60_000, interval: 20 }

export class WatchedSite {
  readonly network: TestNetwork
  readonly proxy: FaultyRpc
  readonly ledger: Ledger
  readonly log = new KeptLog()
  readonly #closers: (() => Promise<void>)[]

  private constructor(
    network: TestNetwork,
    proxy: FaultyRpc,
    file: ReturnType<typeof newLedgerFile>,
  ) {
    this.network = network
    this.proxy = proxy
    this.ledger = file.ledger
    this.#closers = [() => proxy.stop(), () => file.dispose()]
  }

  static async open(shared: TestNetwork): Promise<WatchedSite> {
    const network = await newGateway(shared)
    return new WatchedSite(network, await FaultyRpc.start(network.validator), newLedgerFile())
  }

  /** Starts a watcher through the proxy; it is stopped when the test ends. */
  watch(changed: Partial<WatcherOptions> = {}): Watcher {
    const watcher = watchGateway(this.network, this.ledger, this.proxy, {
      log: this.log,
      ...changed,
    })
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

/** Gives every test of a file a site of its own, all on one chain. */
export function useWatchedSite(): () => WatchedSite {
  let shared: TestNetwork
  let site: WatchedSite
  beforeAll(async () => {
    shared = await startTestNetwork()
  })
  afterAll(() => shared.stop())
  beforeEach(async () => {
    site = await WatchedSite.open(shared)
  })
  afterEach(() => site.close())
  return () => site
}

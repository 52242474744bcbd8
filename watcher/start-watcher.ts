/** Runs the watch: checks the binding, sweeps on every wake and every interval, and says how it stands. */
import { connectRpc, RpcUnavailable } from '../src/chain/rpc.ts'
import type { ChainLedger } from '../src/ledger/chain-ledger.ts'
import type { VoucherLedger } from '../src/ledger/voucher-ledger.ts'
import type { Units } from '../src/money.ts'
import { Alarm } from './alarm.ts'
import { backoffMs } from './backoff.ts'
import { Binding, ChainRefused, type Watched } from './binding.ts'
import { CrankLoop, type CrankStatus, type SettlingTerms } from './crank-loop.ts'
import type { SigningKeys } from './gateway-keys.ts'
import type { WatcherLog } from './log.ts'
import { listenForWakes } from './wake.ts'
import { type Sweep, Watch } from './watch.ts'

/** The operator settles, and pays for `sync_vault`; without it both wait for somebody else. */
export interface WatcherOptions extends Watched, SigningKeys {
  readonly ledger: ChainLedger & Pick<VoucherLedger, 'unsettled'>
  readonly rpcUrl: string
  /** Null: no WebSocket, the interval alone. */
  readonly wsUrl: string | null
  readonly rpcTimeoutMs: number
  /** The longest time between two sweeps. */
  readonly pollIntervalMs: number
  readonly minSyncUnits: Units
  /** When the operator settles; null: by hand only. */
  readonly settling: SettlingTerms | null
  readonly now: () => number
  readonly log: WatcherLog
}

export interface WatcherStatus {
  readonly state: 'starting' | 'watching' | 'refused' | 'stopped'
  /** Whether a sweep booked everything final not long ago (30 s). */
  readonly caughtUp: boolean
  /** Slot of the cursor, or null before the first. */
  readonly cursorSlot: number | null
  /** When a sweep last ended well, in Unix milliseconds, or null. */
  readonly sweptAt: number | null
  readonly quarantined: number
  readonly stoppedVaults: readonly string[]
  readonly frozenVaults: readonly string[]
  /** The Gateway names another receipt key than the one that signs here: both, or null. */
  readonly receiptKeyProblem: string | null
  /** Null where this process does not settle. */
  readonly settling: CrankStatus | null
  /** Why the last try failed, or null when it did not. */
  readonly lastError: string | null
}

export interface Watcher {
  /** Resolves when the binding holds and sweeping begins; rejects with ChainRefused, or when stopped before. */
  readonly started: Promise<void>
  /** Sweeps as soon as possible: somebody knows of news. */
  wake(): void
  status(): WatcherStatus
  /** Ends requests in flight, and resolves when nothing runs any more. */
  stop(): Promise<void>
}

/** The longest time to the next sweep after a wake, which may come before the node lists its cause, and while deposits are pending. */
const NEWS_INTERVAL_MS = 1_000

/** Without a good sweep for so long, the books are behind the chain. */
const BEHIND_AFTER_MS = 30_000

const STARTING: WatcherStatus = {
  state: 'starting',
  caughtUp: false,
  cursorSlot: null,
  sweptAt: null,
  quarantined: 0,
  stoppedVaults: [],
  frozenVaults: [],
  receiptKeyProblem: null,
  settling: null,
  lastError: null,
}

class RunningWatcher implements Watcher {
  readonly started: Promise<void>
  readonly #options: WatcherOptions
  readonly #alarm = new Alarm()
  readonly #stopping = new AbortController()
  readonly #binding: Binding
  readonly #watch: Watch
  readonly #crank: CrankLoop | null
  readonly #done: Promise<void>
  #status = STARTING

  constructor(options: WatcherOptions) {
    const { rpcUrl: url, rpcTimeoutMs: timeoutMs, ledger, operator, settling } = options
    const rpc = connectRpc({ url, timeoutMs, signal: this.#stopping.signal })
    this.#options = options
    this.#binding = new Binding(rpc, ledger, options, options)
    this.#watch = new Watch({ ...options, rpc })
    const settles = operator !== null && settling !== null
    this.#crank = settles ? new CrankLoop({ ...options, ...settling, operator }) : null
    this.started = this.#start()
    this.#done = this.started.then(
      () => this.#run(),
      () => {},
    )
  }

  wake(): void {
    this.#alarm.ring()
  }

  status(): WatcherStatus {
    const { caughtUp, sweptAt } = this.#status
    const recent = sweptAt !== null && this.#options.now() - sweptAt <= BEHIND_AFTER_MS
    const settling = this.#crank?.status() ?? null
    return { ...this.#status, caughtUp: caughtUp && recent, settling }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#alarm.close()
    await Promise.all([this.#done, this.#crank?.stop()])
    this.#status = { ...this.#status, state: 'stopped', caughtUp: false }
  }

  async #start(): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      if (this.#stopping.signal.aborted) throw new Error('the watcher was stopped')
      try {
        await this.#binding.check()
        this.#status = { ...this.#status, state: 'watching', lastError: null }
        return
      } catch (error) {
        if (error instanceof ChainRefused) {
          this.#status = { ...this.#status, state: 'refused', lastError: error.message }
          throw error
        }
        await this.#backOff(error, failures)
      }
    }
  }

  async #run(): Promise<void> {
    const { wsUrl, gateway, pollIntervalMs } = this.#options
    const onWake = () => this.wake()
    const wakes =
      wsUrl === null ? null : listenForWakes({ wsUrl, gateway: gateway.toBase58(), onWake })
    let woken = false
    for (let failures = 0; !this.#stopping.signal.aborted; ) {
      try {
        const { pending } = await this.#sweep()
        this.#crank?.wake()
        failures = 0
        const waitMs =
          woken || pending ? Math.min(NEWS_INTERVAL_MS, pollIntervalMs) : pollIntervalMs
        woken = await this.#alarm.wait(waitMs, true)
      } catch (error) {
        failures += 1
        await this.#backOff(error, failures)
      }
    }
    wakes?.close()
  }

  async #sweep(): Promise<Sweep> {
    const { ledger, now } = this.#options
    const sweep = await this.#watch.sweep()
    const [cursor, vaults, quarantined] = await Promise.all([
      ledger.cursor(),
      ledger.vaults(),
      ledger.quarantined(),
    ])
    this.#status = {
      state: 'watching',
      caughtUp: sweep.complete,
      cursorSlot: cursor?.slot ?? null,
      sweptAt: now(),
      quarantined: quarantined.length,
      stoppedVaults: vaults.flatMap(({ vault, stopped }) => (stopped === null ? [] : [vault])),
      frozenVaults: vaults.filter(({ addressFrozen }) => addressFrozen).map(({ vault }) => vault),
      receiptKeyProblem: sweep.receiptKeyProblem,
      settling: null,
      lastError: null,
    }
    return sweep
  }

  /** Says what failed and waits, longer each time and as long as the node asks; no wake shortens it. */
  async #backOff(error: unknown, failures: number): Promise<void> {
    if (this.#stopping.signal.aborted) return
    const lastError = error instanceof Error ? error.message : String(error)
    this.#status = { ...this.#status, lastError }
    const retryAfterMs = error instanceof RpcUnavailable ? error.retryAfterMs : null
    const waitMs = backoffMs(failures, retryAfterMs)
    this.#options.log.warn({ error: lastError, failures, waitMs }, 'the watcher tries again')
    await this.#alarm.wait(waitMs, false)
  }
}

/** Starts watching at once, in the background. The ledger stays the caller's to close, after `stop`. */
export function startWatcher(options: WatcherOptions): Watcher {
  const watcher = new RunningWatcher(options)
  // Whoever does not wait for it reads the refusal in the status.
  watcher.started.catch(() => {})
  return watcher
}

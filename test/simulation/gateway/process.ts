/**
 * One life of a gateway process: the ledger on its file, the path, the routes, the housekeeping and the watcher, put
 * together as `main` does, on a provider, a network and a clock that the simulation plays.
 */
import { Readable } from 'node:stream'
import { refusal } from '../../../src/errors.ts'
import { FORMATS } from '../../../src/formats/registry.ts'
import { NonceWindow } from '../../../src/identity/nonce-window.ts'
import { Recent } from '../../../src/identity/recent.ts'
import { type Ledger, LedgerUnavailable } from '../../../src/ledger/ledger.ts'
import { ledgerOn } from '../../../src/ledger/sqlite/open-ledger.ts'
import { Auditor } from '../../../src/main/auditor.ts'
import { type Housekeeping, startHousekeeping } from '../../../src/main/housekeeping.ts'
import { openPriceBook, type PriceBook } from '../../../src/main/price-book.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import type { Client, Incoming } from '../../../src/request/exchange.ts'
import { createLeases, type Leases } from '../../../src/request/leases.ts'
import { type PathParts, serveCall } from '../../../src/request/path.ts'
import { createReceiptDesk, type ReceiptDesk } from '../../../src/request/receipts.ts'
import { ReplaysInFlight } from '../../../src/request/replays-in-flight.ts'
import { VoucherReader } from '../../../src/request/vouchers.ts'
import { createApp } from '../../../src/routes/app.ts'
import { roomFor } from '../../../src/routes/body-room.ts'
import { LiveClients } from '../../../src/routes/live-clients.ts'
import type { RouteParts } from '../../../src/routes/parts.ts'
import { startWatcher, type Watcher } from '../../../watcher/start-watcher.ts'
import { RECEIPTS } from '../chain/place.ts'
import type { Mount } from './disk.ts'
import {
  ADDRESSES,
  addressesOf,
  BODY_BYTES_MAX,
  depositInstructions,
  ORIGIN,
  SETTLE_MARGIN_SECONDS,
  SIGNER,
  SILENT,
  TIMEOUTS,
  watcherOptions,
} from './terms.ts'

export interface ProcessTerms {
  /** Which life this is, over all processes of the world. */
  readonly life: number
  readonly watches: boolean
  readonly requireVouchers: boolean
  /** Whether receipts are signed after they are written, as where a command holds the key. */
  readonly signsLate: boolean
  readonly pricesFile: string
  /** Which of the price lists that file has. */
  readonly priceList: number
}

export interface Surroundings {
  /** The machine's clock. */
  readonly now: () => number
  readonly providers: ReadonlyMap<string, Provider>
  readonly random: (bytes: number) => Uint8Array
  /** Something that no step expects. */
  readonly defect: (what: string, error: unknown) => void
}

export class GatewayProcess {
  readonly terms: ProcessTerms
  readonly ledger: Ledger
  readonly live = new LiveClients()
  readonly auditor: Auditor
  readonly watcher: Watcher | null
  readonly #mount: Mount
  readonly #surroundings: Surroundings
  readonly #path: PathParts
  readonly #app: ReturnType<typeof createApp>
  readonly #leases: Leases
  readonly #receipts: ReceiptDesk
  readonly #prices: PriceBook
  #housekeeping: Housekeeping | null = null
  dead = false
  stopping = false

  private constructor(
    terms: ProcessTerms,
    mount: Mount,
    ledger: Ledger,
    prices: PriceBook,
    surroundings: Surroundings,
  ) {
    const { now, providers, random } = surroundings
    this.terms = terms
    this.ledger = ledger
    this.#mount = mount
    this.#prices = prices
    this.#surroundings = surroundings
    this.#leases = createLeases(ledger, now)
    this.#receipts = createReceiptDesk(ledger, SIGNER)
    this.auditor = new Auditor(ledger, now, SILENT)
    this.#path = {
      audience: { origin: ORIGIN, chain: 'localnet' },
      ledger,
      nonces: new NonceWindow(),
      knownSessions: new Recent(100),
      vouchers: new VoucherReader(addressesOf),
      admission: {
        requireVouchers: terms.requireVouchers,
        settleMarginSeconds: SETTLE_MARGIN_SECONDS,
      },
      now,
      prices: prices.current,
      providers,
      leases: this.#leases,
      replays: new ReplaysInFlight(),
      receipts: this.#receipts,
      payments: null,
      timeouts: TIMEOUTS,
      record: () => {},
    }
    this.#app = createApp(this.#routeParts(random), FORMATS)
    this.watcher = terms.watches ? startWatcher(watcherOptions(terms.life, ledger, now)) : null
  }

  /** Starts as `serve` does. Rejects where the ledger cannot be written: then nothing runs. */
  static async start(
    terms: ProcessTerms,
    mount: Mount,
    surroundings: Surroundings,
  ): Promise<GatewayProcess> {
    const sign = terms.signsLate ? null : (bytes: Uint8Array) => RECEIPTS.sign(bytes)
    const ledger = ledgerOn(mount.files, { gateway: ADDRESSES.gateway, sign })
    const names = [...surroundings.providers.keys()]
    const settings = { pricesFile: terms.pricesFile, markupPercent: 0 }
    const prices = await openPriceBook(settings, names, ledger, SIGNER, surroundings.now)
    const process = new GatewayProcess(terms, mount, ledger, prices, surroundings)
    try {
      await process.#keepHouse()
    } catch (error) {
      process.die()
      throw error
    }
    return process
  }

  get priceList(): number {
    return this.terms.priceList
  }

  get priceVersion(): string {
    return this.#prices.current().version
  }

  async #keepHouse(): Promise<void> {
    const parts = {
      ledger: this.ledger,
      leases: this.#leases,
      prices: this.#prices,
      receipts: this.#receipts,
      auditor: this.auditor,
      now: this.#surroundings.now,
    }
    this.#housekeeping = await startHousekeeping(parts, SILENT)
  }

  /** Serves a call, with the errors that the routes expect. */
  async serve(target: string, incoming: Incoming, client: Client): Promise<void> {
    const format = FORMATS.find((one) => one.target === target)
    if (format === undefined) throw new Error(`nobody serves ${target}`)
    try {
      await serveCall(this.#path, format, incoming, client)
    } catch (error) {
      if (this.dead) return
      if (!(error instanceof LedgerUnavailable)) {
        this.#surroundings.defect(`serving ${incoming.requestId}`, error)
        return
      }
      await client.refuse(refusal('ledger_unavailable', 'The ledger cannot be written now.'))
    }
  }

  /** Asks one of the gateway's own routes. */
  async ask(
    method: string,
    target: string,
    headers: Readonly<Record<string, string>>,
    body = '',
  ): Promise<{ readonly status: number; readonly json: unknown }> {
    const stream = Readable.from(body === '' ? [] : [Buffer.from(body)])
    const incoming = Object.assign(stream, { method, url: target, headers, complete: true })
    const env = { incoming, outgoing: {} }
    const request = new Request(`${ORIGIN}${target}`, { method })
    const response = await this.#app.fetch(request, env)
    const text = await response.text()
    // Nobody hears a dead process.
    if (this.dead) return new Promise(() => {})
    return { status: response.status, json: text === '' ? null : JSON.parse(text) }
  }

  /** The process is gone, at once and for good. */
  die(): void {
    this.dead = true
    this.#mount.drop()
    // What of it still ticks finds its ledger closed.
    this.#housekeeping?.stop().catch(() => {})
    this.watcher?.stop().catch(() => {})
  }

  /** Stops as a service manager has it stop: live calls end within the bound, then everything is closed. */
  async stop(waitMs: (ms: number) => Promise<void>): Promise<void> {
    this.stopping = true
    await Promise.race([this.live.empty(), waitMs(3_000)])
    this.live.stop()
    await this.live.empty()
    await this.#housekeeping?.stop()
    await this.watcher?.stop()
    await this.ledger.close()
    this.die()
  }

  #routeParts(random: (bytes: number) => Uint8Array): RouteParts {
    return {
      path: this.#path,
      ledger: this.ledger,
      live: this.live,
      stopping: () => this.stopping,
      bodies: { bytesMax: BODY_BYTES_MAX, room: roomFor(BODY_BYTES_MAX) },
      priceList: this.#prices.published,
      depositInstructions,
      chain: null,
      challengeSecret: new Uint8Array(32).fill(5),
      random,
      audited: () => this.auditor.status(),
      adminToken: null,
      x402: null,
      dev: null,
      reportFailure: (requestId, error) => {
        if (!this.dead) this.#surroundings.defect(`answering ${requestId}`, error)
      },
    }
  }
}

/** What the agent reads of its gateway on chain, and of the price list that the key named there has signed. */
import { type Connection, PublicKey } from '@solana/web3.js'
import { verifyStrict } from '../../identity/ed25519.ts'
import { type ReadPriceList, readPriceList } from '../../proof/read-price-list.ts'
import { CLOCK_TOLERANCE_MS } from '../../proof/receipt-keys.ts'
import type { Surroundings } from '../clock.ts'
import type { GatewayApi } from '../gateway-api.ts'
import { Level5Error } from '../level5-error.ts'
import { readGateway } from '../vault/sight.ts'
import type { TimedEvent } from '../verify/event-log.ts'
import type { Prices } from '../wire.ts'

export interface GatewayPlace {
  readonly rpc: Connection
  readonly program: PublicKey
  readonly gateway: PublicKey
  readonly surroundings: Surroundings
}

/** A key that the gateway has named, and until when (Unix milliseconds). */
interface NamedKey {
  readonly bytes: Uint8Array
  readonly until: number
}

/** Transactions of the gateway that are read at most, in search of its earlier keys. */
const LOG_MAX = 20_000

/** The receipt keys that the Gateway account names and has named, and the prices that they signed. */
export class GatewayFacts {
  readonly #place: GatewayPlace
  readonly #open: GatewayApi
  /** The newest first. */
  #keys: readonly NamedKey[] = []
  #hasHistory = false
  #prices: Prices | null = null
  /** Every list that was verified, by its version. */
  readonly #lists = new Map<string, ReadPriceList>()

  constructor(place: GatewayPlace, open: GatewayApi) {
    this.#place = place
    this.#open = open
  }

  /** Whether a key has signed that was named at that time (Unix milliseconds), the clocks' tolerance allowed. */
  isSigned(bytes: Uint8Array, signature: Uint8Array, at: number): boolean {
    return this.#keys.some(
      (key) => at <= key.until + CLOCK_TOLERANCE_MS && verifyStrict(key.bytes, bytes, signature),
    )
  }

  /** Reads the key that is named now. True where it is one that was not known: those before it end here. */
  async readKey(): Promise<boolean> {
    const { rpc, program, gateway, surroundings } = this.#place
    const { receiptKey } = await readGateway(rpc, program, gateway).catch(noNode)
    const bytes = receiptKey.toBytes()
    const [newest] = this.#keys
    if (newest !== undefined && Buffer.from(newest.bytes).equals(bytes)) return false
    const now = surroundings.now()
    const ended = this.#keys.map((key) => ({ ...key, until: Math.min(key.until, now) }))
    this.#keys = [{ bytes, until: Number.POSITIVE_INFINITY }, ...ended]
    return true
  }

  /** Reads the keys that were named before, back to the one of `at`; once. False where that was done. */
  async readEarlierKeys(at: number): Promise<boolean> {
    if (this.#hasHistory) return false
    this.#hasHistory = true
    const { gateway } = this.#place
    const { readEvents } = await import('../verify/event-log.ts')
    const isBefore = ({ event, timeSeconds, createsGateway }: TimedEvent) =>
      event.kind === 'gateway_changed' &&
      (createsGateway || (timeSeconds ?? 0) * 1000 < at - CLOCK_TOLERANCE_MS)
    const events = await readEvents(this.#place, gateway, (read) => read.some(isBefore), LOG_MAX)
    const changes = events.flatMap(({ event, timeSeconds, slot }) =>
      event.kind === 'gateway_changed' && event.gateway === gateway.toBase58()
        ? [{ bytes: new PublicKey(event.receiptKey).toBytes(), timeSeconds, slot }]
        : [],
    )
    changes.sort((a, b) => b.slot - a.slot)
    // Each key ends where the next one was named; the newest stands in the account.
    const earlier = changes.slice(1).map(({ bytes }, index) => {
      const until = changes[index]?.timeSeconds
      return { bytes, until: until == null ? Number.POSITIVE_INFINITY : until * 1000 }
    })
    this.#keys = [...this.#keys, ...earlier]
    return true
  }

  /** The list in force when it was last read. Throws `untrusted_answer` where the gateway's key has not signed it. */
  async prices(): Promise<Prices> {
    return this.#prices ?? (await this.refreshPrices())
  }

  async refreshPrices(): Promise<Prices> {
    const body = await this.#open.get<Prices>('/v1/pricing')
    await this.#verified(body)
    this.#prices = body
    return body
  }

  /** The list of this version, asked for once. Throws `untrusted_answer` where there is none that verifies. */
  async priceList(version: string): Promise<ReadPriceList> {
    const known = this.#lists.get(version)
    if (known !== undefined) return known
    const target = `/v1/pricing?version=${version}`
    const body = await this.#open.get<unknown>(target).catch((error: unknown) => {
      if (!(error instanceof Level5Error) || error.status !== 404) throw error
      throw untrusted(`the price list ${version} is not shown`)
    })
    const list = await this.#verified(body, (at) => this.readEarlierKeys(at))
    if (list.version === version) return list
    throw untrusted(`the price list ${list.version} is shown for ${version}`)
  }

  /** Takes a list that is what its version names, signed by a key of the gateway; by one of `earlier`'s where it is given. */
  async #verified(
    body: unknown,
    earlier: (at: number) => Promise<boolean> = async () => false,
  ): Promise<ReadPriceList> {
    const reading = readPriceList(body)
    if (reading.kind === 'malformed') throw untrusted(`the price list: ${reading.problem}`)
    const { version, digest, signature, signedBytes, effectiveAt } = reading.list
    if (version !== digest) throw untrusted(`the price list is ${digest}, not ${version}`)
    const isSigned = () => signature !== null && this.isSigned(signedBytes, signature, effectiveAt)
    const isTrusted =
      isSigned() ||
      ((await this.readKey()) && isSigned()) ||
      ((await earlier(effectiveAt)) && isSigned())
    if (!isTrusted) {
      throw untrusted('the price list is not signed by the key that the Gateway account names')
    }
    this.#lists.set(version, reading.list)
    return reading.list
  }
}

export function untrusted(why: string): Level5Error {
  return new Level5Error('untrusted_answer', `no voucher is signed: ${why}`)
}

function noNode(cause: unknown): never {
  if (cause instanceof Level5Error) throw cause
  const why = cause instanceof Error ? cause.message : String(cause)
  throw new Level5Error('unreachable', `no voucher is signed: the RPC node: ${why}`, { cause })
}

/** The calls that were sent and are not on a verified receipt yet, each with what it costs at most. */
import { type Units, units, ZERO } from '../../money.ts'
import type { OwnCall } from './receipt-chain.ts'

/**
 * How long a call that was cut off may still be charged: a gateway notices within seconds, or resolves it after a crash
 * within fifteen.
 */
const LOST_MS = 120_000

/** Calls that are remembered after they count no more; some 5 MB. */
const OVER_MAX = 20_000

interface Flight extends OwnCall {
  /** Nothing more comes of it: its receipt exists, if it was charged. */
  ended: boolean
  /** Unix milliseconds; null while it is not known to be lost. */
  lostAt: number | null
}

export class Flights {
  readonly #flights = new Map<string, Flight>()
  /** Calls that count no more and are on no receipt: one that comes late is held to what its call can cost, all the same. */
  readonly #over = new Map<string, OwnCall>()

  start(nonce: string, call: OwnCall): void {
    this.#flights.set(nonce, { ...call, ended: false, lostAt: null })
  }

  get(nonce: string): OwnCall | undefined {
    return this.#flights.get(nonce) ?? this.#over.get(nonce)
  }

  /** It is on a receipt, or was never sent: nothing more comes of it. */
  land(nonce: string): void {
    this.#flights.delete(nonce)
    this.#over.delete(nonce)
  }

  /** It was refused, or is on no receipt though it must be: it is taken to be free of charge. */
  drop(nonce: string): void {
    const flight = this.#flights.get(nonce)
    if (flight === undefined) return
    this.#flights.delete(nonce)
    const { bound, priceVersion } = flight
    this.#over.set(nonce, { bound, priceVersion })
    if (this.#over.size <= OVER_MAX) return
    const oldest = this.#over.keys().next().value
    if (oldest !== undefined) this.#over.delete(oldest)
  }

  /** Its answer came to an end. */
  end(nonce: string): void {
    const flight = this.#flights.get(nonce)
    if (flight !== undefined) flight.ended = true
  }

  /** Its answer was cut off, or left by who asked: it may be charged yet. */
  lose(nonce: string, now: number): void {
    const flight = this.#flights.get(nonce)
    if (flight !== undefined) flight.lostAt = now
  }

  /** Those whose receipts must be there to be asked for. */
  ended(): string[] {
    return [...this.#flights].filter(([, { ended }]) => ended).map(([nonce]) => nonce)
  }

  /** Whether a receipt may have come for one of them unseen. */
  mayHaveLanded(): boolean {
    return [...this.#flights.values()].some(({ ended, lostAt }) => ended || lostAt !== null)
  }

  /** What all of them cost at most; those that were lost too long ago count no more. */
  worst(now: number): Units {
    let sum: bigint = ZERO
    for (const [nonce, { bound, lostAt }] of this.#flights) {
      if (lostAt !== null && now > lostAt + LOST_MS) this.drop(nonce)
      else sum += bound
    }
    return units(sum)
  }
}

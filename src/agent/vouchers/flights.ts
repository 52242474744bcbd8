/** The calls that were sent and are not on a verified receipt yet, each with what it costs at most. */
import { type Units, units, ZERO } from '../../money.ts'
import type { OwnCall } from './receipt-chain.ts'

/**
 * How long a call that was cut off may still be charged: a gateway notices within seconds, or resolves it after a crash
 * within fifteen.
 */
const LOST_MS = 120_000

interface Flight extends OwnCall {
  /** Nothing more comes of it: its receipt exists, if it was charged. */
  ended: boolean
  /** Unix milliseconds; null while it is not known to be lost. */
  lostAt: number | null
}

export class Flights {
  readonly #flights = new Map<string, Flight>()

  start(nonce: string, call: OwnCall): void {
    this.#flights.set(nonce, { ...call, ended: false, lostAt: null })
  }

  get(nonce: string): OwnCall | undefined {
    return this.#flights.get(nonce)
  }

  /** It is on a receipt, or was refused: nothing of it is open. */
  land(nonce: string): void {
    this.#flights.delete(nonce)
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
      if (lostAt !== null && now > lostAt + LOST_MS) this.#flights.delete(nonce)
      else sum += bound
    }
    return units(sum)
  }
}

/**
 * What bounds the fees that clients make the operator pay: how many payments of one asker are tried, and how long one
 * waits whose payment failed on chain, where it cost a fee. In memory: a restart forgets it.
 */

export type Turn =
  | { readonly kind: 'granted' }
  | { readonly kind: 'refused'; readonly message: string }

/** Payments of one asker that are tried within a minute. */
const TRIES_MAX = 6
const TRIES_WINDOW_MS = 60_000
/** Payments that are under way at once, of all askers. */
export const UNDER_WAY_MAX = 32
/** Some 1 MB when full. */
const ASKERS_MAX = 10_000

/** How long an asker waits after a payment that was paid for and failed. */
const FAILURE_PAUSE_MS = 3_600_000

interface Asker {
  /** Unix milliseconds, oldest first. */
  readonly tries: readonly number[]
  readonly pausedUntil: number
}

export class AskerLimits {
  readonly #askers = new Map<string, Asker>()

  /** Counts a try at `nowMs`, where one is granted. */
  take(asker: string, nowMs: number): Turn {
    const { tries, pausedUntil } = this.#askers.get(asker) ?? { tries: [], pausedUntil: 0 }
    if (nowMs < pausedUntil) {
      const until = new Date(pausedUntil).toISOString()
      return {
        kind: 'refused',
        message: `A payment failed on chain: the next is taken at ${until}.`,
      }
    }
    const recent = tries.filter((at) => nowMs - at < TRIES_WINDOW_MS)
    if (recent.length >= TRIES_MAX) {
      return { kind: 'refused', message: `At most ${TRIES_MAX} payments a minute are tried.` }
    }
    this.#keep(asker, { tries: [...recent, nowMs], pausedUntil: 0 })
    return { kind: 'granted' }
  }

  /** A payment of this asker failed on chain, and its fee is gone. */
  pause(asker: string, nowMs: number): void {
    const tries = this.#askers.get(asker)?.tries ?? []
    this.#keep(asker, { tries, pausedUntil: nowMs + FAILURE_PAUSE_MS })
  }

  /** The one that asked last stands last; beyond the bound the first goes. */
  #keep(asker: string, state: Asker): void {
    this.#askers.delete(asker)
    this.#askers.set(asker, state)
    if (this.#askers.size <= ASKERS_MAX) return
    const oldest = this.#askers.keys().next().value
    if (oldest !== undefined) this.#askers.delete(oldest)
  }
}

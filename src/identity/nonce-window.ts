/**
 * Nonces of verified requests that wrote nothing to the ledger: single use within a window, in memory.
 * Nonces of calls are here until they are spent durably, in the transaction of their hold.
 * Source: wire contract, "Signed requests"; property A2.
 */
import { hash } from 'node:crypto'

/** `full`: too many distinct nonces within the window; refused rather than forgotten, so that none can be replayed. */
export type NonceOutcome = 'spent' | 'replayed' | 'full'

/** How long a nonce is remembered at least. A signed request is acceptable for 120 s at most. */
export const NONCE_WINDOW_MS = 180_000
/** Some 80 MB when full. */
const NONCES_MAX = 1_000_000

export class NonceWindow {
  readonly #max: number
  /** Spent since `#since`, and in the window before it. */
  #current = new Set<string>()
  #previous = new Set<string>()
  #since = 0

  constructor(max: number = NONCES_MAX) {
    this.#max = max
  }

  /** Spends `nonce` of `agent` at `nowMs` (Unix milliseconds), once. */
  spend(agent: string, nonce: string, nowMs: number): NonceOutcome {
    this.#rotate(nowMs)
    const entry = fingerprint(agent, nonce)
    if (this.#current.has(entry) || this.#previous.has(entry)) return 'replayed'
    if (this.size >= this.#max) return 'full'
    this.#current.add(entry)
    return 'spent'
  }

  /** Makes room: the ledger remembers the nonce from now on. */
  forget(agent: string, nonce: string): void {
    const entry = fingerprint(agent, nonce)
    if (!this.#current.delete(entry)) this.#previous.delete(entry)
  }

  /** How many nonces are remembered. */
  get size(): number {
    return this.#current.size + this.#previous.size
  }

  /** Drops whole windows, so that forgetting costs nothing per nonce. A clock that steps back drops nothing. */
  #rotate(nowMs: number): void {
    const age = nowMs - this.#since
    if (age <= NONCE_WINDOW_MS) return
    this.#previous = age > 2 * NONCE_WINDOW_MS ? new Set() : this.#current
    this.#current = new Set()
    this.#since = nowMs
  }
}

/** Sixteen bytes whatever the nonce's length, so that memory is bounded by the count. */
function fingerprint(agent: string, nonce: string): string {
  return hash('sha256', `${agent} ${nonce}`, 'buffer').toString('latin1', 0, 16)
}

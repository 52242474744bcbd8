/** When nobody waits for an answer any more. */
import type { LeaveReason } from '../request/exchange.ts'

/** What a call needs of an AbortSignal, without the event target beneath it, which costs a call more than its hashes. */
export class Departure {
  #reason: LeaveReason | null = null
  #listeners: (() => void)[] = []

  get aborted(): boolean {
    return this.#reason !== null
  }

  get reason(): LeaveReason | null {
    return this.#reason
  }

  /** The first reason stands; what listens is told once. */
  leave(reason: LeaveReason): void {
    if (this.#reason !== null) return
    this.#reason = reason
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) listener()
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const index = this.#listeners.indexOf(listener)
    if (index !== -1) this.#listeners.splice(index, 1)
  }
}

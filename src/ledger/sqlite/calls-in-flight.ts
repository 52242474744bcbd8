/** The calls of this process that will still write: what the group commit may wait for, and whose holds are known here. */
import type { OpenHold } from './open-hold.ts'

export class CallsInFlight {
  readonly #holds = new Map<string, OpenHold | null>()

  get count(): number {
    return this.#holds.size
  }

  /** The hold as its row has it, if it was taken here and has not ended here. It may have ended elsewhere. */
  holdOf(requestId: string): OpenHold | null {
    return this.#holds.get(requestId) ?? null
  }

  /** Counts the call from now on; it stays counted only if its hold is taken. `known`: what its row then says, if that is known. */
  async beginning<T extends { readonly kind: string }>(
    requestId: string,
    known: OpenHold | null,
    hold: () => Promise<T>,
  ): Promise<T> {
    this.#holds.set(requestId, null)
    let held = false
    try {
      const outcome = await hold()
      held = outcome.kind === 'held'
      // Not before: who asks for a hold under an id that is taken must not falsify what is known of the taken one.
      if (held) this.#holds.set(requestId, known)
      return outcome
    } finally {
      if (!held) this.ended(requestId)
    }
  }

  /** Whatever comes of the end, this process will not write for the call again. */
  async ending<T>(requestId: string, end: () => Promise<T>): Promise<T> {
    try {
      return await end()
    } finally {
      this.ended(requestId)
    }
  }

  ended(requestId: string): void {
    this.#holds.delete(requestId)
  }
}

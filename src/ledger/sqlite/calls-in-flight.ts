/** The calls of this process that will still write: what the group commit may wait for. */
export class CallsInFlight {
  readonly #requestIds = new Set<string>()

  get count(): number {
    return this.#requestIds.size
  }

  /** Counts the call from now on; it stays counted only if its hold is taken. */
  async beginning<T extends { readonly kind: string }>(
    requestId: string,
    hold: () => Promise<T>,
  ): Promise<T> {
    this.#requestIds.add(requestId)
    let held = false
    try {
      const outcome = await hold()
      held = outcome.kind === 'held'
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
    this.#requestIds.delete(requestId)
  }
}

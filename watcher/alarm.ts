/** A wait that ends by itself, by a ring, or for good. */

export class Alarm {
  #rung = false
  #closed = false
  #wake: (() => void) | null = null

  /** Ends the current interruptible wait, or the next one before it begins. */
  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Ends every wait, from now on at once. */
  close(): void {
    this.#closed = true
    this.#wake?.()
  }

  /** Waits `ms`; a ring ends it early where `interruptible`. Resolves with whether one did. */
  wait(ms: number, interruptible: boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const ended = () => this.#closed || (interruptible && this.#rung)
      const end = () => {
        const rung = interruptible && this.#rung
        if (interruptible) this.#rung = false
        this.#wake = null
        clearTimeout(timer)
        resolve(rung)
      }
      const timer = setTimeout(end, ms)
      this.#wake = () => {
        if (ended()) end()
      }
      this.#wake()
    })
  }
}

/** The calls whose clients are waiting; a gateway that stops can end them all. */
import type { Departure } from './departure.ts'

export class LiveClients {
  readonly #waiting = new Set<Departure>()
  #emptied: (() => void) | null = null

  get count(): number {
    return this.#waiting.size
  }

  add(departure: Departure): void {
    this.#waiting.add(departure)
  }

  remove(departure: Departure): void {
    this.#waiting.delete(departure)
    if (this.#waiting.size === 0) this.#emptied?.()
  }

  /** Tells every call that nobody can wait any longer. */
  stop(): void {
    for (const departure of this.#waiting) departure.leave('gateway_stops')
  }

  /** Resolves when no call is left. */
  async empty(): Promise<void> {
    if (this.#waiting.size === 0) return
    await new Promise<void>((resolve) => {
      this.#emptied = resolve
    })
  }
}

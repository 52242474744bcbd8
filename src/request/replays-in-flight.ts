/**
 * Answers that are being sent again, by agent: they cost nothing, so whoever asks for many and reads none must not fill
 * the memory. Properties A4, S1.
 */

/** Bytes of answers that are sent again to one agent and not taken yet: as much as is kept of its answers. */
export const REPLAYED_BYTES_MAX = 67_108_864

export class ReplaysInFlight {
  readonly #bytes = new Map<string, number>()

  /** Takes room for an answer of so many bytes; null where the agent has none left, else what gives it back, once. */
  begin(agent: string, bytes: number): (() => void) | null {
    const taken = (this.#bytes.get(agent) ?? 0) + bytes
    if (taken > REPLAYED_BYTES_MAX) return null
    this.#bytes.set(agent, taken)
    let over = false
    return () => {
      if (over) return
      over = true
      const left = (this.#bytes.get(agent) ?? 0) - bytes
      if (left === 0) this.#bytes.delete(agent)
      else this.#bytes.set(agent, left)
    }
  }
}

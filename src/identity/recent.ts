/** Remembers what was last derived from a text, so that callers who come again cost no second derivation. */

/** At most `max` values, by the whole text that they were derived from; what was not asked for lately is forgotten first. */
export class Recent<V> {
  readonly #generationMax: number
  /** What was asked for since the generation began, and what was asked for in the one before. */
  #current = new Map<string, V>()
  #previous = new Map<string, V>()

  constructor(max: number) {
    this.#generationMax = Math.ceil(max / 2)
  }

  get(text: string): V | undefined {
    const value = this.#current.get(text)
    if (value !== undefined) return value
    const older = this.#previous.get(text)
    if (older !== undefined) this.keep(text, older)
    return older
  }

  keep(text: string, value: V): void {
    if (this.#current.size >= this.#generationMax) {
      this.#previous = this.#current
      this.#current = new Map()
    }
    // A text that was cut out of a longer one, as of a target, would keep all of that alive: it is copied.
    this.#current.set(Buffer.from(text).toString(), value)
  }

  get size(): number {
    return this.#current.size + this.#previous.size
  }
}

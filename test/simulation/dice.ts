/** Everything that is drawn in a world comes of its seed, in one order. */
import { seededRandom } from '../support/faults.ts'

export class Dice {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  /** True in so many of a hundred throws. */
  percent(chance: number): boolean {
    return this.#random() * 100 < chance
  }

  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from + 1))
  }

  /** Mostly small numbers up to `most`: what is short happens more often than what is long. */
  small(most: number): number {
    return Math.floor(this.#random() ** 3 * (most + 1))
  }

  pick<T>(from: readonly T[]): T {
    const found = from[Math.floor(this.#random() * from.length)]
    if (found === undefined) throw new RangeError('there is nothing to pick from')
    return found
  }

  /** By weight. */
  weighed<T>(from: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.#random() * from.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, value] of from) {
      left -= weight
      if (left < 0) return value
    }
    throw new RangeError('the weights do not add up')
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.whole(0, 255))
  }
}

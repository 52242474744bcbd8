/**
 * The room for request bodies that are still coming in, over all connections: whoever was not authenticated yet cannot
 * fill the memory. Where it is full, the largest body gives way, so that what many senders of large bodies do to each
 * other does not reach a call of ordinary size. Property S3.
 */

/** How many bodies of the largest size fit. */
const LARGEST_BODIES = 8

/** The room that goes with a limit on single bodies, in bytes. */
export function roomFor(bodyBytesMax: number): BodyRoom {
  return new BodyRoom(LARGEST_BODIES * bodyBytesMax)
}

/** One body in it. */
export interface BodyPlace {
  /** Takes room for so many more bytes. False: it has to give way itself, and has left. */
  take(bytes: number): boolean
  /** Gives back what it took; more often than once is no harm. */
  leave(): void
}

interface Taken {
  bytes: number
  readonly giveWay: () => void
}

export class BodyRoom {
  readonly #bytesMax: number
  readonly #places = new Set<Taken>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Bytes of the bodies in it. */
  get bytes(): number {
    return this.#bytes
  }

  /** `giveWay` is called, once, when this body must make room for another; its place is given back by then. */
  enter(giveWay: () => void): BodyPlace {
    const place: Taken = { bytes: 0, giveWay }
    this.#places.add(place)
    return {
      take: (bytes) => this.#take(place, bytes),
      leave: () => this.#leave(place),
    }
  }

  #take(place: Taken, bytes: number): boolean {
    if (!this.#places.has(place)) return false
    place.bytes += bytes
    this.#bytes += bytes
    while (this.#bytes > this.#bytesMax) {
      const largest = this.#largest(place)
      this.#leave(largest)
      if (largest === place) return false
      largest.giveWay()
    }
    return true
  }

  #leave(place: Taken): void {
    if (this.#places.delete(place)) this.#bytes -= place.bytes
  }

  /** Of several of one size, the one that asks for more. */
  #largest(asking: Taken): Taken {
    let largest = asking
    for (const place of this.#places) if (place.bytes > largest.bytes) largest = place
    return largest
  }
}

/**
 * Bytes that come in pieces of any size, kept until they are whole. A piece that is kept costs some hundred bytes of its
 * own and holds on to the memory that it is a part of, so small ones are copied together: a body sent byte by byte takes
 * no more memory than one sent at once. Property S3.
 */

/** Pages are as large as what came before them, within these bounds: a body of a few bytes takes no more than it is. */
const PAGE_BYTES_MIN = 512
const PAGE_BYTES_MAX = 65_536
/** Below this a piece is copied. */
const KEPT_BYTES_MIN = 4_096

export class Pieces {
  readonly #kept: Uint8Array[] = []
  #page = new Uint8Array(0)
  /** The part of the page that is written and not among the kept pieces yet. */
  #from = 0
  #to = 0
  #size = 0

  /** Bytes so far. */
  get size(): number {
    return this.#size
  }

  add(piece: Uint8Array): void {
    const isFirst = this.#size === 0
    this.#size += piece.length
    // Most bodies are one piece: it needs no page.
    if (isFirst || isWorthKeeping(piece)) {
      this.#closePart()
      this.#kept.push(piece)
    } else {
      this.#copy(piece)
    }
  }

  /** All of them as one. */
  whole(): Buffer {
    this.#closePart()
    return Buffer.concat(this.#kept, this.#size)
  }

  #copy(piece: Uint8Array): void {
    for (let at = 0; at < piece.length; ) {
      if (this.#to === this.#page.length) {
        this.#closePart()
        this.#page = new Uint8Array(Math.min(PAGE_BYTES_MAX, Math.max(PAGE_BYTES_MIN, this.#size)))
        this.#from = 0
        this.#to = 0
      }
      const part = piece.subarray(at, at + this.#page.length - this.#to)
      this.#page.set(part, this.#to)
      this.#to += part.length
      at += part.length
    }
  }

  #closePart(): void {
    if (this.#to > this.#from) this.#kept.push(this.#page.subarray(this.#from, this.#to))
    this.#from = this.#to
  }
}

/** Whether it is large, and most of the memory that it keeps alive. */
function isWorthKeeping(piece: Uint8Array): boolean {
  return piece.length >= KEPT_BYTES_MIN && piece.length * 2 >= piece.buffer.byteLength
}

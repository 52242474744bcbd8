/** A copy of what a stream sent, given up at the size beyond which no answer is kept. */
import { ANSWER_BYTES_MAX } from '../ledger/idempotency-ledger.ts'
import { Pieces } from './pieces.ts'

export class SentCopy {
  #pieces: Pieces | null = new Pieces()

  add(piece: Uint8Array): void {
    if (this.#pieces === null) return
    if (this.#pieces.size + piece.length > ANSWER_BYTES_MAX) this.#pieces = null
    else this.#pieces.add(piece)
  }

  /** All that was added; null where that is more than is kept. */
  whole(): Uint8Array | null {
    return this.#pieces?.whole() ?? null
  }
}

/** What a provider sends, piece by piece, with what each piece says of the cost: the truth that meters are held to. */
import type { Usage } from '../oracle/reckoning.ts'

export interface Piece {
  readonly bytes: Buffer
  /** UTF-8 bytes of generated content in it. */
  readonly content?: number
  /** The input that it states, or the whole usage. */
  readonly input?: Usage
  readonly usage?: Usage
  /** Whether the answer ends here, well or not. */
  readonly end?: 'completed' | 'failed'
  /** A finish reason: the model came to its end, whatever else may follow. */
  readonly finished?: true
}

/** What the first bytes of an answer say. */
export interface Said {
  readonly input: Usage | null
  readonly usage: Usage | null
  readonly content: number
  readonly end: 'completed' | 'failed' | null
  readonly finished: boolean
}

const SILENCE: Said = { input: null, usage: null, content: 0, end: null, finished: false }

/** What `count` bytes say; a piece that is not whole says nothing, unless all of it but its line ends is there. */
export function saidBy(pieces: readonly Piece[], count: number, lenient: boolean): Said {
  let left = count
  let said = SILENCE
  for (const piece of pieces) {
    const whole = lenient ? piece.bytes.toString().trimEnd() : piece.bytes.toString()
    if (left < Buffer.byteLength(whole)) return said
    left -= piece.bytes.length
    said = {
      input: piece.input ?? said.input,
      usage: piece.usage ?? said.usage,
      content: said.content + (piece.content ?? 0),
      end: said.end ?? piece.end ?? null,
      finished: said.finished || piece.finished === true,
    }
    if (left < 0) return said
  }
  return said
}

/**
 * Server-sent events as bytes: cuts a stream into events without changing one, whatever the chunks, line ends and
 * encodings. Source: WHATWG HTML, "Server-sent events"; property M1.
 */

/** An event longer than this passes unread, and each of its bytes counts as output. */
export const EVENT_BYTES_MAX = 16 * 1024 * 1024

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20

/** Takes whole events, blank line included, and the pieces of events that are too long to be held. */
export interface EventSink {
  event(bytes: Buffer): void
  piece(bytes: Buffer): void
}

/**
 * Cuts a byte stream into events. What the sink is given, concatenated, is the input; which bytes form an event does
 * not depend on how the input was split. A carriage return that ends a blank line waits for the next byte.
 */
export class EventSplitter {
  readonly #sink: EventSink
  readonly #eventBytesMax: number
  #held = Buffer.alloc(0)
  #heldBytes = 0
  #tooLong = false
  #lineIsEmpty = true
  #afterCr = false
  #blankEndedInCr = false

  constructor(sink: EventSink, eventBytesMax: number = EVENT_BYTES_MAX) {
    this.#sink = sink
    this.#eventBytesMax = eventBytesMax
  }

  push(chunk: Buffer): void {
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]
      if (this.#afterCr) {
        this.#afterCr = false
        const blank = this.#blankEndedInCr
        this.#blankEndedInCr = false
        if (byte === LF) {
          if (blank) from = this.#cut(chunk, from, at + 1)
          continue
        }
        if (blank) from = this.#cut(chunk, from, at)
      }
      if (byte === CR) {
        this.#afterCr = true
        this.#blankEndedInCr = this.#lineIsEmpty
        this.#lineIsEmpty = true
      } else if (byte === LF) {
        if (this.#lineIsEmpty) from = this.#cut(chunk, from, at + 1)
        this.#lineIsEmpty = true
      } else {
        this.#lineIsEmpty = false
      }
    }
    this.#hold(chunk.subarray(from))
  }

  /** The end of the stream: what is left is an event without its blank line. */
  finish(): void {
    if (this.#heldBytes > 0) this.#cut(Buffer.alloc(0), 0, 0)
  }

  #cut(chunk: Buffer, from: number, to: number): number {
    const tail = chunk.subarray(from, to)
    if (this.#tooLong || this.#heldBytes + tail.length > this.#eventBytesMax) {
      this.#release()
      if (tail.length > 0) this.#sink.piece(tail)
    } else if (this.#heldBytes === 0) {
      this.#sink.event(tail)
    } else {
      this.#hold(tail)
      const event = Buffer.from(this.#held.subarray(0, this.#heldBytes))
      this.#heldBytes = 0
      this.#sink.event(event)
    }
    this.#tooLong = false
    return to
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return
    const needed = this.#heldBytes + bytes.length
    if (this.#tooLong || needed > this.#eventBytesMax) {
      this.#tooLong = true
      this.#release()
      this.#sink.piece(bytes)
      return
    }
    if (needed > this.#held.length) {
      const grown = Buffer.alloc(Math.max(needed, this.#held.length * 2, 1024))
      this.#held.copy(grown, 0, 0, this.#heldBytes)
      this.#held = grown
    }
    bytes.copy(this.#held, this.#heldBytes)
    this.#heldBytes = needed
  }

  #release(): void {
    if (this.#heldBytes === 0) return
    this.#sink.piece(Buffer.from(this.#held.subarray(0, this.#heldBytes)))
    this.#heldBytes = 0
  }
}

/** One event, decoded. */
export interface SseEvent {
  /** The `event` field, or the empty string. */
  readonly name: string
  /** The `data` lines joined by line feeds; empty where there were none. */
  readonly data: Buffer
  /** Where a byte of `data` stands in the event's bytes. */
  place(dataOffset: number): number
}

/** Decodes the bytes of one event. */
export function decodeEvent(bytes: Buffer): SseEvent {
  const parts: { readonly from: number; readonly to: number }[] = []
  let name = ''
  let lineStart = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (lineStart < bytes.length) {
    const lineEnd = endOfLine(bytes, lineStart)
    const found = bytes.subarray(lineStart, lineEnd).indexOf(COLON)
    const colon = found === -1 ? lineEnd : lineStart + found
    const field = bytes.toString('latin1', lineStart, Math.min(colon, lineStart + 8))
    const from = bytes[colon + 1] === SPACE ? colon + 2 : colon + 1
    if (field === 'data') parts.push({ from: Math.min(from, lineEnd), to: lineEnd })
    else if (field === 'event') name = bytes.toString('utf8', Math.min(from, lineEnd), lineEnd)
    lineStart = lineEnd + (bytes[lineEnd] === CR && bytes[lineEnd + 1] === LF ? 2 : 1)
  }
  const data = joined(bytes, parts)
  return { name, data, place: (offset) => place(parts, offset) }
}

function endOfLine(bytes: Buffer, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== LF && bytes[at] !== CR) at++
  return at
}

function joined(bytes: Buffer, parts: readonly { from: number; to: number }[]): Buffer {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return bytes.subarray(only.from, only.to)
  return Buffer.concat(
    parts.flatMap(({ from, to }, at) =>
      at === 0 ? [bytes.subarray(from, to)] : [Buffer.of(LF), bytes.subarray(from, to)],
    ),
  )
}

function place(parts: readonly { from: number; to: number }[], dataOffset: number): number {
  let left = dataOffset
  for (const { from, to } of parts) {
    if (left <= to - from) return from + left
    left -= to - from + 1
  }
  throw new RangeError(`data has no byte ${dataOffset}`)
}

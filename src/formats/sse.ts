/**
 * Server-sent events as bytes: cuts a stream into events without changing one, whatever the chunks, line ends and
 * encodings. Source: WHATWG HTML, "Server-sent events"; property M1.
 */

/** An event longer than this passes unread, and each of its bytes counts as output. */
const EVENT_BYTES_MAX = 16 * 1024 * 1024

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
    let at = 0
    let lf = chunk.indexOf(LF)
    let cr = chunk.indexOf(CR)
    while (at < chunk.length) {
      if (this.#afterCr) {
        this.#afterCr = false
        if (chunk[at] === LF) at++
        if (this.#blankEndedInCr) from = this.#cut(chunk, from, at)
        this.#blankEndedInCr = false
      }
      if (lf !== -1 && lf < at) lf = chunk.indexOf(LF, at)
      if (cr !== -1 && cr < at) cr = chunk.indexOf(CR, at)
      const lineEnd = lf === -1 || cr === -1 ? Math.max(lf, cr) : Math.min(lf, cr)
      if (lineEnd === -1) {
        if (at < chunk.length) this.#lineIsEmpty = false
        break
      }
      const blank = this.#lineIsEmpty && lineEnd === at
      at = lineEnd + 1
      this.#lineIsEmpty = true
      if (lineEnd === cr) {
        this.#afterCr = true
        this.#blankEndedInCr = blank
      } else if (blank) {
        from = this.#cut(chunk, from, at)
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

/** Decodes the bytes of one event, in one pass. */
export function decodeEvent(bytes: Buffer): SseEvent {
  const parts: { readonly from: number; readonly to: number }[] = []
  let name = ''
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  let lf = bytes.indexOf(LF)
  let cr = bytes.indexOf(CR)
  while (at < bytes.length) {
    if (lf !== -1 && lf < at) lf = bytes.indexOf(LF, at)
    if (cr !== -1 && cr < at) cr = bytes.indexOf(CR, at)
    const lineEnd = lf === -1 || cr === -1 ? Math.max(lf, cr) : Math.min(lf, cr)
    const end = lineEnd === -1 ? bytes.length : lineEnd
    const field = fieldOf(bytes, at, end)
    if (field?.name === 'data') parts.push({ from: field.from, to: end })
    if (field?.name === 'event') name = bytes.toString('utf8', field.from, end)
    at = end + 1
  }
  return { name, data: joined(bytes, parts), place: (offset) => place(parts, offset) }
}

/** The fields that matter: no other is read. */
const FIELDS = ['data', 'event'] as const

/** The name of a line's field and where its value begins, or null where the field does not matter. */
function fieldOf(
  bytes: Buffer,
  start: number,
  end: number,
): { readonly name: (typeof FIELDS)[number]; readonly from: number } | null {
  for (const name of FIELDS) {
    const colon = start + name.length
    if (colon > end || bytes.toString('latin1', start, colon) !== name) continue
    if (colon === end) return { name, from: end }
    if (bytes[colon] !== COLON) continue
    return { name, from: bytes[colon + 1] === SPACE && colon + 1 < end ? colon + 2 : colon + 1 }
  }
  return null
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

/** What every format's stream meter shares: bytes in, events to the format's observer, bytes out. */
import type { StreamEnd, StreamMeter, UsageReading } from './format.ts'
import { asBuffer, type Splice, spliced } from './json.ts'
import { decodeEvent, EventSplitter, type SseEvent } from './sse.ts'

/** What becomes of an event's bytes. A splice is in terms of the event's `data`. */
export type Verdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'strip' }
  | { readonly kind: 'rewrite'; readonly splice: Splice }

export const PASS: Verdict = { kind: 'pass' }

/** A format's understanding of its stream. Nothing that a provider sends makes it throw. */
export interface StreamObserver {
  observe(event: SseEvent): Verdict
  /** Whether the terminal event has been seen. */
  readonly ended: boolean
  /** How the stream ended, if its last byte has been seen. */
  end(): StreamEnd
  reading(): UsageReading
}

/** Meters a stream as its observer reads it; `eventBytesMax` bounds what is held back. */
export class EventMeter implements StreamMeter {
  readonly #observer: StreamObserver
  readonly #splitter: EventSplitter
  #out: Uint8Array[] = []
  #unreadBytes = 0

  constructor(observer: StreamObserver, eventBytesMax?: number) {
    this.#observer = observer
    this.#splitter = new EventSplitter(
      { event: (bytes) => this.#take(bytes), piece: (bytes) => this.#passUnread(bytes) },
      eventBytesMax,
    )
  }

  get ended(): boolean {
    return this.#observer.ended
  }

  push(chunk: Uint8Array): Uint8Array {
    this.#splitter.push(asBuffer(chunk))
    return this.#flush()
  }

  finish(): Uint8Array {
    this.#splitter.finish()
    return this.#flush()
  }

  reading(): UsageReading & { readonly end: StreamEnd } {
    const reading = this.#observer.reading()
    return {
      ...reading,
      outputBytes: reading.outputBytes + this.#unreadBytes,
      end: this.#observer.end(),
    }
  }

  #take(bytes: Buffer): void {
    const event = decodeEvent(bytes)
    const verdict = event.data.length === 0 ? PASS : this.#observer.observe(event)
    if (verdict.kind === 'pass') this.#out.push(bytes)
    if (verdict.kind === 'rewrite') {
      const { start, end, text } = verdict.splice
      const splice = { start: event.place(start), end: event.place(end), text }
      this.#out.push(spliced(bytes, [splice]))
    }
  }

  #passUnread(bytes: Buffer): void {
    this.#unreadBytes += bytes.length
    this.#out.push(bytes)
  }

  #flush(): Uint8Array {
    const [only] = this.#out
    const bytes = only !== undefined && this.#out.length === 1 ? only : Buffer.concat(this.#out)
    this.#out = []
    return bytes
  }
}

/** Reads HTTP/1.1 answers off a socket, one after another: as little as a load generator needs, so that it costs little. */

export interface Answered {
  readonly status: number
  readonly body: string
}

const CRLF = Buffer.from('\r\n')
const HEAD_END = Buffer.from('\r\n\r\n')

/** One answer, fed piece by piece. */
export class AnswerReader {
  #buffer: Buffer = Buffer.alloc(0)
  #head: { status: number; length: number | null } | null = null
  #chunks: Buffer[] = []
  #bodyBytes = 0

  /** Bytes of the body that have come. */
  get bodyBytes(): number {
    return this.#bodyBytes
  }

  /** The answer once it is whole, else null. Throws for what it cannot read: an answer without a length. */
  push(data: Buffer): Answered | null {
    this.#buffer = this.#buffer.length === 0 ? data : Buffer.concat([this.#buffer, data])
    this.#head ??= this.#readHead()
    if (this.#head === null) return null
    const { length } = this.#head
    return length === null ? this.#readChunks() : this.#readLength(length)
  }

  #readHead(): { status: number; length: number | null } | null {
    const end = this.#buffer.indexOf(HEAD_END)
    if (end === -1) return null
    const text = this.#buffer.toString('latin1', 0, end)
    this.#buffer = this.#buffer.subarray(end + HEAD_END.length)
    const status = Number(text.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
    if (length !== undefined) return { status, length: Number(length) }
    if (/\r\ntransfer-encoding: *chunked/i.test(text)) return { status, length: null }
    throw new Error(`an answer without a length: ${text}`)
  }

  #readLength(length: number): Answered | null {
    this.#bodyBytes = Math.min(length, this.#buffer.length)
    return this.#buffer.length < length ? null : this.#answered([this.#buffer.subarray(0, length)])
  }

  #readChunks(): Answered | null {
    for (;;) {
      const sizeEnd = this.#buffer.indexOf(CRLF)
      if (sizeEnd === -1) return null
      const size = Number.parseInt(this.#buffer.toString('latin1', 0, sizeEnd), 16)
      const start = sizeEnd + CRLF.length
      if (this.#buffer.length < start + size + CRLF.length) return null
      if (size === 0) return this.#answered(this.#chunks)
      this.#chunks.push(this.#buffer.subarray(start, start + size))
      this.#bodyBytes += size
      this.#buffer = this.#buffer.subarray(start + size + CRLF.length)
    }
  }

  #answered(chunks: Buffer[]): Answered {
    return { status: this.#head?.status ?? 0, body: Buffer.concat(chunks).toString('utf8') }
  }
}

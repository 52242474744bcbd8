/** Who waits for the answer of a call, on Node's own response: nothing stands between the provider's bytes and it. */
import type { ServerResponse } from 'node:http'
import type { Refusal } from '../errors.ts'
import type { Client, PaymentNeeded, ResponseHeaders } from '../request/exchange.ts'
import type { Departure } from './departure.ts'
import type { RenderedError } from './render-error.ts'

/** Streams are passed on as they come: by caches, by proxies and by the kernel. */
const STREAM_HEADERS = {
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const

/** Shapes the errors of a client. */
type Render = (
  refusal: Refusal,
  payment: PaymentNeeded | undefined,
) => RenderedError | Promise<RenderedError>

/** A response as a client. Closing it before its end is a departure. */
export class NodeClient implements Client {
  readonly signal: Departure
  readonly #outgoing: ServerResponse
  readonly #requestId: string
  readonly #render: Render

  constructor(outgoing: ServerResponse, requestId: string, departure: Departure, render: Render) {
    this.signal = departure
    this.#outgoing = outgoing
    this.#requestId = requestId
    this.#render = render
    this.onClose(() => {
      if (!outgoing.writableFinished) departure.leave('client_left')
    })
  }

  answer(status: number, headers: ResponseHeaders, body: Uint8Array): void {
    const outgoing = this.#outgoing
    if (outgoing.destroyed || outgoing.headersSent) return
    outgoing.writeHead(status, this.#named(headers, 'content-length', String(body.length)))
    outgoing.end(body)
  }

  refuse(refusal: Refusal, payment?: PaymentNeeded): void | Promise<void> {
    const rendered = this.#render(refusal, payment)
    return rendered instanceof Promise
      ? rendered.then((error) => this.#answerError(error))
      : this.#answerError(rendered)
  }

  tell(headers: ResponseHeaders): void {
    if (this.#outgoing.headersSent) return
    for (const [name, value] of Object.entries(headers)) this.#outgoing.setHeader(name, value)
  }

  start(status: number, headers: ResponseHeaders): void {
    const outgoing = this.#outgoing
    if (outgoing.destroyed) return
    outgoing.writeHead(status, this.#named({ ...STREAM_HEADERS, ...headers }))
    outgoing.flushHeaders()
  }

  write(bytes: Uint8Array): boolean {
    const outgoing = this.#outgoing
    return outgoing.destroyed || outgoing.writableEnded || outgoing.write(bytes)
  }

  onDrain(listener: () => void): void {
    this.#outgoing.on('drain', listener)
  }

  onClose(listener: () => void): void {
    const outgoing = this.#outgoing
    if (outgoing.destroyed || outgoing.req.socket.destroyed) {
      listener()
      return
    }
    outgoing.once('close', listener)
    if (outgoing.socket === null) whenConnectionCloses(outgoing, listener)
  }

  finish(): void {
    this.#outgoing.end()
  }

  cut(): void {
    const outgoing = this.#outgoing
    const { socket } = outgoing
    if (outgoing.headersSent && socket !== null) socket.destroySoon()
    else outgoing.destroy()
  }

  #answerError({ status, headers, body }: RenderedError): void {
    this.answer(status, headers, Buffer.from(JSON.stringify(body)))
  }

  /** Names and values by turns: Node writes such a list as it stands. An answer that is sent again names the request that it was sent to first. */
  #named(headers: ResponseHeaders, ...more: string[]): string[] {
    const list = 'x-request-id' in headers ? [] : ['x-request-id', this.#requestId]
    for (const name in headers) list.push(name, headers[name] ?? '')
    for (const text of more) list.push(text)
    return list
  }
}

/** A response that waits for its turn on a connection (pipelining) has none yet, and is not told when that one closes. */
function whenConnectionCloses(outgoing: ServerResponse, listener: () => void): void {
  const { socket } = outgoing.req
  // A connection may have more calls than the number of listeners at which Node warns of a leak.
  socket.setMaxListeners(0)
  socket.once('close', listener)
  outgoing.once('close', () => socket.off('close', listener))
}

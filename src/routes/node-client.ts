/** Who waits for the answer of a call, on Node's own response: nothing stands between the provider's bytes and it. */
import type { ServerResponse } from 'node:http'
import type { Refusal } from '../errors.ts'
import type { Client, LeaveReason, PaymentNeeded, ResponseHeaders } from '../request/exchange.ts'
import type { RenderedError } from './render-error.ts'

/** Streams are passed on as they come: by caches, by proxies and by the kernel. */
const STREAM_HEADERS = {
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const

/** The calls whose clients are waiting; a gateway that stops can end them all. */
export class LiveClients {
  readonly #waiting = new Set<AbortController>()
  #emptied: (() => void) | null = null

  get count(): number {
    return this.#waiting.size
  }

  add(controller: AbortController): () => void {
    this.#waiting.add(controller)
    return () => {
      this.#waiting.delete(controller)
      if (this.#waiting.size === 0) this.#emptied?.()
    }
  }

  /** Tells every call that nobody can wait any longer. */
  stop(): void {
    for (const controller of this.#waiting) controller.abort('gateway_stops' satisfies LeaveReason)
  }

  /** Resolves when no call is left. */
  async empty(): Promise<void> {
    if (this.#waiting.size === 0) return
    await new Promise<void>((resolve) => {
      this.#emptied = resolve
    })
  }
}

type Render = (
  refusal: Refusal,
  payment: PaymentNeeded | undefined,
) => RenderedError | Promise<RenderedError>

/** Makes a response a client; `render` shapes its errors. Closing it before its end aborts the signal. */
export function nodeClient(
  outgoing: ServerResponse,
  requestId: string,
  controller: AbortController,
  render: Render,
): Client {
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort('client_left' satisfies LeaveReason)
  })
  const named = { 'x-request-id': requestId }
  function answer(status: number, headers: ResponseHeaders, body: Uint8Array): void {
    if (outgoing.destroyed || outgoing.headersSent) return
    outgoing.writeHead(status, { ...named, ...headers, 'content-length': body.length })
    outgoing.end(body)
  }
  function answerError({ status, headers, body }: RenderedError): void {
    answer(status, headers, Buffer.from(JSON.stringify(body)))
  }
  return {
    signal: controller.signal,
    answer,
    refuse(refusal, payment) {
      const rendered = render(refusal, payment)
      return rendered instanceof Promise ? rendered.then(answerError) : answerError(rendered)
    },
    tell(headers) {
      if (outgoing.headersSent) return
      for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value)
    },
    start(status, headers) {
      if (outgoing.destroyed) return
      outgoing.writeHead(status, { ...named, ...STREAM_HEADERS, ...headers })
      outgoing.flushHeaders()
    },
    write(bytes) {
      return outgoing.destroyed || outgoing.writableEnded || outgoing.write(bytes)
    },
    onDrain(listener) {
      outgoing.on('drain', listener)
    },
    finish() {
      outgoing.end()
    },
    cut() {
      if (outgoing.headersSent) outgoing.socket?.destroySoon()
      else outgoing.destroy()
    },
  }
}

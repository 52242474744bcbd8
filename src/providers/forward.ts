/**
 * Asks a provider over HTTP: one attempt, three timeouts, backpressure both ways, aborted at once when asked.
 * The only place that knows undici.
 */
import { type Dispatcher, errors, Pool } from 'undici'
import type {
  BodyEnd,
  Provider,
  ProviderAddress,
  UpstreamAnswer,
  UpstreamBody,
  UpstreamRequest,
} from './provider.ts'

/** Connections to one provider that may be open at a time; further calls wait for one. */
const CONNECTIONS_MAX = 2048

/** Makes an address a provider that can be asked. */
export function createProvider(address: ProviderAddress): Provider {
  const base = new URL(address.baseUrl)
  const pool = new Pool(base.origin, { connections: CONNECTIONS_MAX, pipelining: 1 })
  const prefix = `${base.pathname.replace(/\/+$/, '')}${address.pathPrefix}`
  const fixed = headersOf(address, {})
  return {
    name: address.name,
    send(request) {
      const none = Object.keys(request.headers).length === 0
      const headers = none ? fixed : headersOf(address, request.headers)
      return new Exchange(request).start(pool, `${prefix}${request.path}`, headers)
    },
    async close() {
      await pool.destroy()
    },
  }
}

/** Names and values by turns. What a request brings wins over what its provider always gets. */
function headersOf(address: ProviderAddress, brought: UpstreamRequest['headers']): string[] {
  const headers = {
    'content-type': 'application/json',
    accept: '*/*',
    ...address.headers,
    ...brought,
    'accept-encoding': 'identity',
  }
  return Object.entries(headers).flat()
}

/** What ended an exchange before the provider did. */
class Ended extends Error {
  readonly why: 'aborted' | 'timed_out'

  constructor(why: 'aborted' | 'timed_out') {
    super(why)
    this.why = why
  }
}

/** One request and its answer, as undici's handler of both. */
class Exchange implements Dispatcher.DispatchHandler, UpstreamBody {
  readonly #request: UpstreamRequest
  readonly #onAbort = (): void => this.#stop(new Ended('aborted'))
  #controller: Dispatcher.DispatchController | null = null
  #totalTimer: NodeJS.Timeout | undefined
  #sent = false
  #stopped: Ended | null = null
  #answer: ((answer: UpstreamAnswer) => void) | null = null
  #reader: ((chunk: Uint8Array) => boolean) | null = null
  #ended: ((end: BodyEnd) => void) | null = null
  /** How the body ended, where that came before `read`. */
  #end: BodyEnd | null = null

  constructor(request: UpstreamRequest) {
    this.#request = request
  }

  start(pool: Pool, path: string, headers: string[]): Promise<UpstreamAnswer> {
    const { body, timeouts, signal } = this.#request
    if (signal.aborted) return Promise.resolve({ kind: 'aborted', sent: false })
    signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#totalTimer = setTimeout(() => this.#stop(new Ended('timed_out')), timeouts.totalMs)
    return new Promise((resolve) => {
      this.#answer = resolve
      const { headersMs: headersTimeout, idleMs: bodyTimeout } = timeouts
      pool.dispatch({ path, method: 'POST', headers, body, headersTimeout, bodyTimeout }, this)
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#stopped !== null) {
      controller.abort(this.#stopped)
      return
    }
    this.#sent = true
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    controller.pause()
    this.#resolveAnswer({
      kind: 'answered',
      status,
      header: (name) => first(headers[name]),
      body: this,
    })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#stopped === null && this.#reader?.(chunk) === false) controller.pause()
  }

  onResponseEnd(): void {
    this.#finish({ kind: 'ended' })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const why = whyEnded(error)
    this.#resolveAnswer(
      why === 'aborted'
        ? { kind: 'aborted', sent: this.#sent }
        : why === 'timed_out'
          ? { kind: 'timed_out' }
          : { kind: 'unreachable', sent: this.#sent, detail: describe(error) },
    )
    this.#finish(
      why === 'aborted'
        ? { kind: 'aborted' }
        : why === 'timed_out'
          ? { kind: 'stalled' }
          : { kind: 'broken', detail: describe(error) },
    )
  }

  read(reader: (chunk: Uint8Array) => boolean): Promise<BodyEnd> {
    this.#reader = reader
    return new Promise((resolve) => {
      if (this.#end !== null) {
        resolve(this.#end)
        return
      }
      this.#ended = resolve
      this.resume()
    })
  }

  resume(): void {
    if (this.#end === null) this.#controller?.resume()
  }

  cancel(): void {
    this.#stop(new Ended('aborted'))
  }

  #stop(reason: Ended): void {
    if (this.#end !== null || this.#stopped !== null) return
    this.#stopped = reason
    if (this.#controller !== null) {
      this.#controller.abort(reason)
      return
    }
    // Still waiting for a connection: the answer is due now, the request is dropped when its turn comes.
    this.#resolveAnswer(
      reason.why === 'aborted' ? { kind: 'aborted', sent: false } : { kind: 'timed_out' },
    )
  }

  #resolveAnswer(answer: UpstreamAnswer): void {
    this.#answer?.(answer)
    this.#answer = null
  }

  #finish(end: BodyEnd): void {
    if (this.#end !== null) return
    this.#end = end
    clearTimeout(this.#totalTimer)
    this.#request.signal.removeEventListener('abort', this.#onAbort)
    this.#ended?.(end)
  }
}

function whyEnded(error: Error): 'aborted' | 'timed_out' | 'broken' {
  if (error instanceof Ended) return error.why
  const timedOut =
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError
  return timedOut ? 'timed_out' : 'broken'
}

/** The error's code or name: its message could quote what was sent. */
function describe(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

function first(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0]
}

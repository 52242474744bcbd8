/**
 * Connections to an RPC node: own time limit, no hidden retries, rate limits surfaced.
 * Who calls decides whether and when to ask again.
 */
import { Connection } from '@solana/web3.js'

/** The node could not be asked, or would not answer now; the same request may succeed later. */
export class RpcUnavailable extends Error {
  override readonly name = 'RpcUnavailable'
  /** How long the node asked to be left alone (429, 503), or null. */
  readonly retryAfterMs: number | null

  constructor(message: string, retryAfterMs: number | null, cause?: unknown) {
    super(message, { cause })
    this.retryAfterMs = retryAfterMs
  }
}

export interface RpcOptions {
  readonly url: string
  /** Bounds each request, from connecting to the last byte of the answer. */
  readonly timeoutMs: number
  /** Ends every request in flight and refuses new ones. */
  readonly signal?: AbortSignal
}

/** Reads `Retry-After` in seconds; the date form, which RPC nodes do not send, counts as absent. */
export function retryAfterMs(header: string | null): number | null {
  if (header === null || !/^\d{1,6}$/.test(header.trim())) return null
  return Number(header.trim()) * 1000
}

/** The JSON-RPC method that a request body asks for, to name in errors. */
function methodOf(body: unknown): string {
  const [, method = 'anything'] = /"method":"(\w+)"/.exec(String(body)) ?? []
  return method
}

/** Asks once, within the time limit, and reads the whole answer. Throws RpcUnavailable on anything but a 2xx. */
async function ask(
  { timeoutMs, signal }: RpcOptions,
  ...[input, init]: Parameters<typeof fetch>
): Promise<Response> {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs)
  const abort = () => limit.abort(new Error('the connection was closed'))
  if (signal?.aborted === true) abort()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    const response = await fetch(input, { ...init, signal: limit.signal })
    const body = await response.text()
    if (response.ok) return new Response(body, { status: response.status })
    throw new RpcUnavailable(
      `the RPC node answered ${methodOf(init?.body)} with ${response.status}`,
      retryAfterMs(response.headers.get('retry-after')),
    )
  } catch (cause) {
    if (cause instanceof RpcUnavailable) throw cause
    const reason = limit.signal.aborted ? limit.signal.reason : cause
    throw new RpcUnavailable(
      `the RPC node did not answer ${methodOf(init?.body)}: ${reason}`,
      null,
      cause,
    )
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

/**
 * A connection whose requests end within `timeoutMs`; those that get no answer throw RpcUnavailable and none is
 * repeated. Its commitment is `finalized` unless a call says otherwise.
 */
export function connectRpc(options: RpcOptions): Connection {
  return new Connection(options.url, {
    commitment: 'finalized',
    disableRetryOnRateLimit: true,
    fetch: (input, init) => ask(options, input, init),
  })
}

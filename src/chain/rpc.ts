/**
 * Connections to an RPC node: own time limit, no hidden retries, rate limits surfaced.
 * Who calls decides whether and when to ask again.
 */
import { Connection } from '@solana/web3.js'

/** The node answers 429; ask again after `retryAfterMs`, where it said so. */
export class RpcRateLimited extends Error {
  override readonly name = 'RpcRateLimited'
  readonly retryAfterMs: number | null

  constructor(retryAfterMs: number | null) {
    super('the RPC node limits the rate of requests (429)')
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

/**
 * A connection whose requests fail after `timeoutMs`, on `signal`, or with `RpcRateLimited`; none is repeated.
 * Its commitment is `finalized` unless a call says otherwise.
 */
export function connectRpc({ url, timeoutMs, signal }: RpcOptions): Connection {
  const boundedFetch: typeof fetch = async (input, init) => {
    signal?.throwIfAborted()
    const limit = new AbortController()
    const timer = setTimeout(
      () => limit.abort(new Error(`the RPC node did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    )
    const abort = () => limit.abort(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      const response = await fetch(input, { ...init, signal: limit.signal })
      const body = await response.text()
      if (response.status === 429) {
        throw new RpcRateLimited(retryAfterMs(response.headers.get('retry-after')))
      }
      return new Response(body, { status: response.status, headers: response.headers })
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }
  return new Connection(url, {
    commitment: 'finalized',
    disableRetryOnRateLimit: true,
    fetch: boundedFetch,
  })
}

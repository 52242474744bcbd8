/**
 * The WebSocket only wakes: whatever it says or fails to say, sweeping decides. A lost connection is made again; while
 * there is none the poll interval serves.
 */
import WebSocket from 'ws'
import { backoffMs } from './backoff.ts'

/** A connection that says nothing for so long is asked for a sign of life, and dropped if it gives none. */
const PING_MS = 15_000

export interface WakeOptions {
  readonly wsUrl: string
  /** Base58; transactions that name it wake. */
  readonly gateway: string
  readonly onWake: () => void
}

function subscribe(gateway: string, commitment: 'confirmed' | 'finalized', id: number): string {
  const params = [{ mentions: [gateway] }, { commitment }]
  return JSON.stringify({ jsonrpc: '2.0', id, method: 'logsSubscribe', params })
}

/** Listens until `close`; reconnects with the backoff of a failing node. */
export function listenForWakes({ wsUrl, gateway, onWake }: WakeOptions): { close(): void } {
  let socket: WebSocket | null = null
  let retry: NodeJS.Timeout | undefined
  let failures = 0
  let closed = false

  function connect(): void {
    let alive = true
    const current = new WebSocket(wsUrl, { handshakeTimeout: PING_MS })
    socket = current
    const ping = setInterval(() => {
      if (!alive) current.terminate()
      alive = false
      if (current.readyState === WebSocket.OPEN) current.ping()
    }, PING_MS)
    current.on('pong', () => {
      alive = true
    })
    current.on('open', () => {
      failures = 0
      current.send(subscribe(gateway, 'confirmed', 1))
      current.send(subscribe(gateway, 'finalized', 2))
      // Whatever happened while nobody listened.
      onWake()
    })
    current.on('message', () => {
      alive = true
      onWake()
    })
    // 'close' follows every error.
    current.on('error', () => {})
    current.on('close', () => {
      clearInterval(ping)
      if (closed) return
      failures += 1
      retry = setTimeout(connect, backoffMs(failures, null))
    })
  }

  connect()
  return {
    close() {
      closed = true
      clearTimeout(retry)
      socket?.terminate()
    },
  }
}

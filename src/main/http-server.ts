/** Node's HTTP server around the app: limits against slow and oversized requests, errors below HTTP, and the drain. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { type Refusal, refusal } from '../errors.ts'
import type { App } from '../routes/app.ts'
import { type RenderedError, renderError } from '../routes/render-error.ts'

export interface HttpLimits {
  /** How long a request's headers may take. */
  readonly headersMs: number
  /** How long a whole request, its body included, may take. */
  readonly requestMs: number
  /** How long a connection may stay idle between requests. */
  readonly keepAliveMs: number
  readonly headerBytesMax: number
}

export const HTTP_LIMITS: HttpLimits = {
  headersMs: 15_000,
  requestMs: 120_000,
  keepAliveMs: 65_000,
  headerBytesMax: 32_768,
}

const IDLE_CHECK_MS = 50
/** How long whoever sent what is no request may keep its side open, to read the answer. */
const BROKEN_MS = 1_000

export interface HttpServer {
  readonly port: number
  /** From now on requests are answered; before, they are told to come back. */
  serve(app: App): void
  /** Accepts no more connections and resolves when the last one is closed; after `boundMs` they are cut. */
  close(boundMs: number): Promise<void>
}

/** Listens at once, so that the port is known to whatever is built next. Throws when the address can't be had. */
export async function openHttpServer(
  host: string,
  port: number,
  limits: HttpLimits = HTTP_LIMITS,
): Promise<HttpServer> {
  let listener = (_incoming: IncomingMessage, outgoing: ServerResponse): unknown =>
    outgoing.writeHead(503, { 'retry-after': '1', connection: 'close' }).end()
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.headerBytesMax,
      connectionsCheckingInterval: Math.max(100, Math.min(5_000, limits.headersMs / 4)),
      noDelay: true,
    },
    (incoming, outgoing) => listener(incoming, outgoing),
  )
  server.on('clientError', answerBroken)
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    serve(app) {
      const route = getRequestListener((request, bindings) => app.fetch(request, bindings), {
        hostname: 'localhost',
        overrideGlobalObjects: false,
        errorHandler: badRequest,
      })
      listener = (incoming, outgoing) =>
        app.serveCall(incoming, outgoing) || route(incoming, outgoing)
    },
    close: (boundMs) => closeServer(server, boundMs),
  }
}

async function closeServer(server: Server, boundMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  // Node closes what is idle now; a connection whose last answer is still under way becomes idle later.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS)
  const cut = setTimeout(() => server.closeAllConnections(), boundMs)
  await closed
  clearInterval(idle)
  clearTimeout(cut)
}

/** What the parser could not read, or not in time: answered as far as the socket allows, then closed from both sides. */
function answerBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, body } = rendered(brokenRequest(error.code))
  const text = JSON.stringify(body)
  socket.end(
    [
      `HTTP/1.1 ${status} ${status === 413 ? 'Content Too Large' : 'Bad Request'}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(text)}`,
      'connection: close',
      '',
      text,
    ].join('\r\n'),
  )
  setTimeout(() => socket.destroy(), BROKEN_MS).unref()
}

function brokenRequest(code: string | undefined): Refusal {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return refusal('request_too_large', 'The headers are too large.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refusal('invalid_request', 'The request did not arrive in time.')
    default:
      return refusal('invalid_request', 'This is not an HTTP request.')
  }
}

/** A request line or Host header that makes no URL. */
function badRequest(): Response {
  const { status, headers, body } = rendered(
    refusal('invalid_request', 'The request line or the Host header is malformed.'),
  )
  return new Response(JSON.stringify(body), { status, headers: { ...headers } })
}

/** Below the routes there is neither a path that names a dialect nor a request id. */
function rendered(reason: Refusal): RenderedError {
  return renderError(reason, 'openai', '', null)
}

/** Asks a gateway over plain HTTP: what a check sends goes out as it stands, once, and every end is an answer. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Answer, Ask } from './target.ts'

export interface Wire {
  /** The whole answer; status 0 where none came. Never rejects. */
  send(ask: Ask): Promise<Answer>
  /** Chunk by chunk; closes the connection where `onChunk` says stop. Never rejects. */
  stream(ask: Ask, onChunk: OnChunk): Promise<Omit<Answer, 'bytes'>>
  close(): void
}

type OnChunk = (chunk: Uint8Array) => 'go' | 'stop'

/** An idle connection is dropped before any server does it: reusing one must not be a race. */
const IDLE_MS = 2_000

/** Speaks to the gateway at `url`. An answer that has not ended after `boundMs` is cut. */
export function openWire(url: string, boundMs: number): Wire {
  const base = new URL(url)
  const isTls = base.protocol === 'https:'
  const options = { keepAlive: true, timeout: IDLE_MS, maxSockets: Number.POSITIVE_INFINITY }
  const agent = isTls ? new HttpsAgent(options) : new HttpAgent(options)
  const { hostname, port } = base
  const host = hostname.replace(/^\[(.*)\]$/, '$1')

  function open(ask: Ask): ClientRequest {
    const body = ask.body === undefined ? null : Buffer.from(ask.body)
    const framing = body === null ? {} : { 'content-length': String(body.length) }
    const request = (isTls ? httpsRequest : httpRequest)({
      agent,
      host,
      port: port || (isTls ? 443 : 80),
      method: ask.method,
      path: ask.target,
      headers: { ...framing, ...ask.headers },
      ...(ask.signal === undefined ? {} : { signal: ask.signal }),
    })
    const timer = setTimeout(() => request.destroy(), boundMs)
    request.once('close', () => clearTimeout(timer))
    request.end(body ?? undefined)
    return request
  }

  async function stream(ask: Ask, onChunk: OnChunk): Promise<Omit<Answer, 'bytes'>> {
    if (ask.signal?.aborted === true) return NO_ANSWER
    const request = open(ask)
    const response = await responseOf(request)
    if (response === null) return NO_ANSWER
    const whole = await readChunks(response, onChunk)
    const { statusCode = 0, headers } = response
    const header = (name: string) => headers[name]?.toString()
    return { status: statusCode, header, whole }
  }

  return {
    stream,
    async send(ask) {
      const chunks: Uint8Array[] = []
      const answer = await stream(ask, (chunk) => {
        chunks.push(chunk)
        return 'go'
      })
      return { ...answer, bytes: Buffer.concat(chunks) }
    },
    close: () => agent.destroy(),
  }
}

const NO_ANSWER = { status: 0, header: () => undefined, whole: false }

function responseOf(request: ClientRequest): Promise<IncomingMessage | null> {
  return new Promise((resolve) => {
    request.once('response', resolve)
    // A refused or cut connection is an answer like any other; later errors are the response's.
    request.on('error', () => resolve(null))
    request.once('close', () => resolve(null))
  })
}

/** Whether the body came to its end. */
function readChunks(response: IncomingMessage, onChunk: OnChunk): Promise<boolean> {
  return new Promise((resolve) => {
    response.on('data', (chunk: Uint8Array) => {
      if (onChunk(chunk) === 'stop') response.destroy()
    })
    response.on('error', () => resolve(false))
    response.once('end', () => resolve(response.complete))
    response.once('close', () => resolve(false))
  })
}

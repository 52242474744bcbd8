/** A gateway that only passes on: what the checks of any proxy hold, and, with a fault, what they must find. */
import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  request as requestOf,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

export type ProxyFault =
  | 'decodes each piece by itself'
  | 'passes on the first event of a piece alone'
  | 'keeps the provider when the client leaves'
  | 'reads ahead of the client'
  | 'asks again after output began'
  | 'asks for ever'
  | 'ends a cut stream as if it were whole'
  | 'swallows error events'
  | 'answers 500 to what is no JSON'
  | 'dies of deep arrays'
  | 'answers any method'
  | 'counts letters on its event loop'

export interface Proxy {
  readonly url: string
  close(): Promise<void>
}

const BODY_BYTES_MAX = 4_194_304
const ATTEMPTS_FOR_EVER = 12
const STALL_MS = 2_500

interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly body: Buffer
}

export async function startProxy(providerUrl: string, fault: ProxyFault | null): Promise<Proxy> {
  const passing = new Passing(providerUrl, fault)
  const server = createServer((request, response) => {
    passing.serve(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

class Passing {
  readonly #providerUrl: string
  readonly #fault: ProxyFault | null
  #dead = false

  constructor(providerUrl: string, fault: ProxyFault | null) {
    this.#providerUrl = providerUrl
    this.#fault = fault
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#dead) request.destroy()
    const body = await read(request)
    if (body === null) response.writeHead(413).end('{}')
    else if (this.#fault === 'answers any method' && request.method !== 'POST') response.end('{}')
    else if (this.#fault === 'answers 500 to what is no JSON' && !isJson(body)) {
      response.writeHead(500).end('{}')
    } else {
      if (this.#fault === 'dies of deep arrays') this.#dead ||= body.includes('[[[[')
      if (this.#fault === 'counts letters on its event loop') count(body)
      await this.#insist({ request, response, body })
    }
  }

  async #insist(call: Call): Promise<void> {
    const { response } = call
    for (let attempt = 1; ; attempt += 1) {
      if ((await this.#forward(call)) === 'done' || response.destroyed) return
      const again =
        this.#fault === 'asks for ever'
          ? !response.headersSent && attempt < ATTEMPTS_FOR_EVER
          : this.#fault === 'asks again after output began' && attempt === 1
      if (again) continue
      const pretends = this.#fault === 'ends a cut stream as if it were whole'
      if (pretends && response.headersSent) response.end('data: [DONE]\n\n')
      else response.destroy()
      return
    }
  }

  #forward({ request, response, body }: Call): Promise<'done' | 'failed'> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length }
      const upstream = requestOf(`${this.#providerUrl}${request.url}`, {
        method: request.method ?? 'GET',
        headers,
        agent: false,
      })
      const leave = (): void => {
        if (this.#fault !== 'keeps the provider when the client leaves') upstream.destroy()
      }
      response.once('close', leave)
      upstream.on('error', () => resolve('failed'))
      upstream.on('response', (answer) => {
        answer.on('error', () => resolve('failed'))
        answer.once('end', () => {
          response.off('close', leave)
          response.end()
          resolve('done')
        })
        this.#passOn(answer, response)
      })
      upstream.end(body)
    })
  }

  #passOn(answer: IncomingMessage, response: ServerResponse): void {
    if (!response.headersSent) {
      const type = answer.headers['content-type'] ?? 'application/json'
      response.writeHead(answer.statusCode ?? 502, { 'content-type': type })
      response.flushHeaders()
    }
    answer.on('data', (chunk: Buffer) => {
      const more = response.write(this.#made(chunk))
      if (more || this.#fault === 'reads ahead of the client') return
      answer.pause()
      response.once('drain', () => answer.resume())
    })
  }

  #made(chunk: Buffer): Buffer | string {
    switch (this.#fault) {
      case 'decodes each piece by itself':
        return chunk.toString()
      case 'passes on the first event of a piece alone': {
        const end = chunk.indexOf('\n\n')
        return end < 0 ? chunk : chunk.subarray(0, end + 2)
      }
      case 'swallows error events':
        return chunk.includes('data: {"error"') ? '' : chunk
      default:
        return chunk
    }
  }
}

/** Null: there is more of it than anybody needs. */
async function read(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length
    if (bytes > BODY_BYTES_MAX) return null
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

function isJson(body: Buffer): boolean {
  try {
    JSON.parse(body.toString())
    return true
  } catch {
    return false
  }
}

/** As long as a tokenizer of the slow kind takes for so many letters. */
function count(body: Buffer): void {
  if (body.length < 50_000) return
  for (const end = performance.now() + STALL_MS; performance.now() < end; );
}

/**
 * The bare floor: the least that a prepaid call over a signed request can cost on this platform, and what level5 is held against.
 * Hono on @hono/node-server, undici dispatching into the raw response, ed25519 by node:crypto with a cached key over the native
 * signed text, SHA-256 of the body, and a durable hold and settle in groups (`ledger` below). Nothing else: no policy, no prices,
 * no metering, no nonces, no receipts, no logs. It is no gateway: what it charges is a constant.
 *
 * `node --import tsx test/bench/floor.ts PORT PROVIDER_ORIGIN FOLDER PUBKEY`: listens on PORT (0: a free one), holds and settles in
 * a new ledger in FOLDER for the agent PUBKEY (base58), and prints `{"url":…}` once it listens. Agents sign for `FLOOR_ORIGIN`
 * below on localnet. `npm run bench` runs it beside level5: only ratios of one run mean anything.
 */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import bs58 from 'bs58'
import { Hono } from 'hono'
import { type Dispatcher, Pool } from 'undici'
import { FloorLedger } from './floor-ledger.ts'

const TARGET = '/v1/chat/completions'
const DOMAIN = 'gateway.test:4020'
const FLOOR_ORIGIN = `http://${DOMAIN}`
/** Held for every call, and charged: units of USDC. */
const HELD = 1000
const CHARGED = 10

interface Bindings {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

class Floor {
  readonly #pool: Pool
  readonly #ledger: FloorLedger
  readonly #pubkey: string
  readonly #key: ReturnType<typeof createPublicKey>

  constructor(providerOrigin: string, ledger: FloorLedger, pubkey: string) {
    this.#pool = new Pool(providerOrigin, { connections: 2048, pipelining: 1 })
    this.#ledger = ledger
    this.#pubkey = pubkey
    const x = Buffer.from(bs58.decode(pubkey)).toString('base64url')
    this.#key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  }

  async serve({ incoming, outgoing }: Bindings): Promise<Response> {
    const body = await bodyOf(incoming)
    if (!this.#isSigned(incoming, body)) {
      outgoing.writeHead(401).end()
      return RESPONSE_ALREADY_SENT
    }
    const hold = await this.#ledger.hold(this.#pubkey, HELD)
    if (hold === null) {
      outgoing.writeHead(402).end()
      return RESPONSE_ALREADY_SENT
    }
    const last = await new Promise<Uint8Array>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', authorization: 'Bearer bench' }
      const request = { path: TARGET, method: 'POST', headers, body } as const
      this.#pool.dispatch(request, new IntoResponse(outgoing, resolve, reject))
    })
    await this.#ledger.settle(hold, CHARGED)
    outgoing.end(last)
    return RESPONSE_ALREADY_SENT
  }

  #isSigned(incoming: IncomingMessage, body: Buffer): boolean {
    const { headers, method, url } = incoming
    const digest = createHash('sha256').update(body).digest('base64url')
    const text = `${DOMAIN} wants you to sign in with your Solana account:\n${this.#pubkey}\n\n${method} ${url}\n\nURI: ${FLOOR_ORIGIN}${url}\nVersion: 1\nChain ID: localnet\nNonce: ${headers['x-agent-nonce']}\nIssued At: ${headers['x-agent-issued-at']}\nResources:\n- ni:///sha-256;${digest}`
    const signature = Buffer.from(String(headers['x-agent-signature']), 'base64')
    return verify(null, Buffer.from(text), this.#key, signature)
  }
}

/** Passes an answer on as it comes; its end, and the last piece of one whose length is known, wait for the charge to be durable. */
class IntoResponse implements Dispatcher.DispatchHandler {
  readonly #outgoing: ServerResponse
  readonly #done: (last: Uint8Array) => void
  readonly #failed: (error: Error) => void
  #withholds = false
  #last: Uint8Array | null = null

  constructor(
    outgoing: ServerResponse,
    done: (last: Uint8Array) => void,
    failed: (error: Error) => void,
  ) {
    this.#outgoing = outgoing
    this.#done = done
    this.#failed = failed
  }

  onRequestStart(): void {}

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    const { 'content-type': type, 'content-length': length } = headers
    this.#outgoing.statusCode = status
    if (type !== undefined) this.#outgoing.setHeader('content-type', type)
    if (length !== undefined) this.#outgoing.setHeader('content-length', length)
    this.#withholds = length !== undefined
    this.#outgoing.on('drain', () => controller.resume())
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    const ready = this.#withholds ? this.#last : chunk
    if (this.#withholds) this.#last = chunk
    if (ready !== null && !this.#outgoing.write(ready)) controller.pause()
  }

  onResponseEnd(): void {
    this.#done(this.#last ?? Buffer.alloc(0))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#failed(error)
  }
}

function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () =>
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
    )
    incoming.on('error', reject)
  })
}

function start([port = '0', providerOrigin = '', folder = '', pubkey = '']: string[]): void {
  const ledger = new FloorLedger(join(folder, 'floor.sqlite'), pubkey)
  const floor = new Floor(providerOrigin, ledger, pubkey)
  const app = new Hono<{ Bindings: Bindings }>()
  app.post(TARGET, (context) => floor.serve(context.env))
  const listener = getRequestListener((request, bindings) => app.fetch(request, bindings), {
    overrideGlobalObjects: false,
  })
  const server = createServer(
    { noDelay: true },
    (incoming, outgoing) => void listener(incoming, outgoing),
  )
  server.listen(Number(port), '127.0.0.1', () => {
    const { port: listening } = server.address() as AddressInfo
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${listening}` })}\n`)
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) start(process.argv.slice(2))

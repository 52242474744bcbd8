/**
 * Stands between a watcher and its node and does to the traffic what it is told to.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { type Answer, type Faults, NONE, seededRandom, spoil } from './faults.ts'
import type { Endpoints } from './watching.ts'

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** A proxy in front of one node. */
export class FaultyRpc implements Endpoints {
  readonly #target: { rpcUrl: string; wsUrl: string }
  readonly #random: () => number
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy())
  })
  readonly #sockets = new WebSocketServer({ noServer: true })
  /** The last answer to each question, to be given again when stale. */
  readonly #remembered = new Map<string, Answer>()
  #faults: Faults = NONE
  #allowed = Number.POSITIVE_INFINITY
  #exhausted: () => void = () => {}
  /** Faults that were injected. */
  injected = 0
  /** Requests seen, by method. */
  readonly seen = new Map<string, number>()

  private constructor(target: { rpcUrl: string; wsUrl: string }, seed: number) {
    this.#target = target
    this.#random = seededRandom(seed)
    this.#server.on('upgrade', (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (client) => this.#relay(client))
    })
  }

  static async start(target: { rpcUrl: string; wsUrl: string }, seed = 1): Promise<FaultyRpc> {
    const proxy = new FaultyRpc(target, seed)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get rpcUrl(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${this.#port}`
  }

  /** From now on; what is left out works. Nothing at all heals everything. */
  breakWith(faults: Partial<Faults> = {}): void {
    this.#faults = { ...NONE, ...faults }
  }

  /** Cuts every WebSocket connection. */
  cutSockets(): void {
    for (const client of this.#sockets.clients) client.terminate()
  }

  /** Answers that many requests and leaves the next ones hanging; resolves when the first one hangs. */
  allow(requests: number): Promise<void> {
    this.#allowed = requests
    return new Promise((resolve) => {
      this.#exhausted = resolve
    })
  }

  /** Answers every request again. */
  allowAll(): void {
    this.#allowed = Number.POSITIVE_INFINITY
  }

  async stop(): Promise<void> {
    this.cutSockets()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    const { method, params, id } = JSON.parse(body)
    this.seen.set(method, (this.seen.get(method) ?? 0) + 1)
    this.#allowed -= 1
    if (this.#allowed < 0) {
      this.#exhausted()
      return
    }
    const fault = this.#faults.next(method, params)
    if (fault !== null) this.injected += 1
    if (fault === 'error_500') return end(response, 500, 'broken')
    if (fault === 'rate_limit') {
      const wait = { 'retry-after': `${this.#faults.retryAfterSeconds}` }
      return end(response, 429, 'slow down', wait)
    }
    if (fault === 'refused') return void response.destroy()
    if (fault === 'rpc_error') {
      const error = { code: -32005, message: 'Node is behind by 42 slots' }
      return end(response, 200, JSON.stringify({ jsonrpc: '2.0', id, error }))
    }
    const question = JSON.stringify([method, params])
    const old = this.#remembered.get(question)
    const answer =
      fault === 'stale' && old !== undefined ? { ...old, id } : await this.#ask(body, question)
    if (fault === 'answer_dropped') return void response.destroy()
    if (fault === 'garbage') return end(response, 200, '<html>bad gateway</html>')
    const spoiled = fault === null ? answer : spoil(fault, method, answer, this.#random)
    end(response, 200, JSON.stringify(spoiled))
  }

  async #ask(body: string, question: string): Promise<Answer> {
    const asked = await fetch(this.#target.rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    const answer = (await asked.json()) as Answer
    if (!this.#remembered.has(question) || this.#random() < 0.5) {
      this.#remembered.set(question, answer)
    }
    return answer
  }

  #relay(client: WebSocket): void {
    const node = new WebSocket(this.#target.wsUrl)
    const waiting: string[] = []
    const cut = () => {
      client.terminate()
      node.terminate()
    }
    client.on('message', (data) => {
      if (node.readyState === WebSocket.OPEN) node.send(`${data}`)
      else waiting.push(`${data}`)
    })
    node.on('open', () => {
      for (const message of waiting) node.send(message)
    })
    node.on('message', (data) => {
      const fault = this.#faults.nextMessage()
      if (fault === 'cut') return cut()
      if (fault === 'lost') return
      client.send(`${data}`)
      if (fault === 'doubled') client.send(`${data}`)
    })
    for (const socket of [client, node]) {
      socket.on('error', cut)
      socket.on('close', cut)
    }
  }
}

function end(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
}

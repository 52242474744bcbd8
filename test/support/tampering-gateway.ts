/**
 * Stands between an agent and its gateway and shows the agent what a hostile operator would. The agent signs for the
 * gateway's own origin and believes to speak to it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** What the gateway answers, its body as JSON where it is JSON. */
interface Shown {
  readonly status: number
  readonly body: unknown
}

/** Shows something else for what was asked (path and query); null: as it is. `'hang up'` and raw text are answers, too. */
export type Tampering = (
  target: string,
  shown: Shown,
) => Shown | 'hang up' | { text: string } | null

export class TamperingGateway {
  readonly #target: string
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy())
  })
  #tampering: Tampering = () => null
  /** What was asked, in order. */
  readonly asked: string[] = []

  private constructor(target: string) {
    this.#target = target
  }

  static async start(target: string): Promise<TamperingGateway> {
    const gateway = new TamperingGateway(target)
    await new Promise<void>((resolve) => gateway.#server.listen(0, '127.0.0.1', resolve))
    return gateway
  }

  /** Tampers from now on, or not any more. */
  tamper(tampering: Tampering = () => null): void {
    this.#tampering = tampering
    this.asked.length = 0
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Carries an agent's requests here, whatever host it believes to ask. */
  readonly transport: typeof globalThis.fetch = (input, init) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : String(input))
    return fetch(new URL(pathname + search, this.url), init)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request
    this.asked.push(url)
    const body = await buffer(request)
    const headers = Object.entries(request.headers).filter(([name]) =>
      /^x-|^content-type|^auth/.test(name),
    )
    const answer = await fetch(new URL(url, this.#target), {
      method,
      headers: Object.fromEntries(headers) as Record<string, string>,
      ...(body.length === 0 ? {} : { body }),
    })
    const text = await answer.text()
    const shown = this.#tampering(url, { status: answer.status, body: jsonOf(text) })
    if (shown === 'hang up') {
      response.destroy()
      return
    }
    const isRaw = shown !== null && 'text' in shown
    response.writeHead(shown === null || isRaw ? answer.status : shown.status, {
      'content-type': answer.headers.get('content-type') ?? 'application/json',
    })
    response.end(shown === null ? text : isRaw ? shown.text : JSON.stringify(shown.body))
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

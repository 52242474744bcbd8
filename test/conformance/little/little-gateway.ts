/**
 * A gateway small enough to be read at once, that keeps the contract's money and identity for chat calls: what the checks
 * hold, and, with a fault, what they must find. It shares no line of the request path with the real one.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Fault } from './faults.ts'
import { LittleBooks } from './little-books.ts'
import { LittleCallers } from './little-callers.ts'
import { LittleCalls, refuse } from './little-calls.ts'
import { type Json, LittleRoutes } from './little-routes.ts'

export interface LittleGateway {
  readonly url: string
  readonly books: LittleBooks
  close(): Promise<void>
}

export interface LittleOptions {
  readonly providerUrl: string
  readonly faults: readonly Fault[]
  /** Unix milliseconds. */
  readonly now: () => number
}

const OK = 200

export async function startLittleGateway(options: LittleOptions): Promise<LittleGateway> {
  const faults = new Set(options.faults)
  const chain = faults.has('has a faucet') ? 'devnet' : 'localnet'
  const books = new LittleBooks(faults)
  const callers = new LittleCallers({ faults, origin: () => url, chain, now: options.now })
  const routes = new LittleRoutes({ faults, chain, books, callers })
  const calls = new LittleCalls({ faults, books, providerUrl: options.providerUrl })
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request)
    const { pathname } = new URL(request.url ?? '/', url)
    const open = routes.open(request, pathname, body)
    if (open !== null) return answer(response, open)
    const caller = callers.find(request, body)
    if (caller === null) {
      refuse(response, 401, 'invalid_signature')
      return
    }
    const account = books.account(caller.agent)
    if (request.method === 'POST' && pathname === '/v1/chat/completions') {
      const status = await calls.serve(request, response, body, { caller, account })
      if (status !== 200) callers.refused(caller)
      return
    }
    const found = routes.own(request, pathname, body, caller, account)
    if (found === null || (found.status ?? OK) >= 400) callers.refused(caller)
    answer(response, found)
  }

  return {
    url,
    books,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function answer(response: ServerResponse, found: Json): void {
  if (found === null) {
    refuse(response, 404, 'not_found')
    return
  }
  const { status = 200, body } = found
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(status === 204 ? undefined : JSON.stringify(body))
}

/** What a little gateway shows beside calls: books, prices, sessions, hints. */
import type { IncomingMessage } from 'node:http'
import bs58 from 'bs58'
import type { Fault } from './faults.ts'
import type { Account, LittleBooks } from './little-books.ts'
import type { Caller, LittleCallers } from './little-callers.ts'
import { objectOf, worstCaseOf } from './little-calls.ts'
import { pricing } from './little-prices.ts'

export interface RouteParts {
  readonly faults: ReadonlySet<Fault>
  readonly chain: 'localnet' | 'devnet'
  readonly books: LittleBooks
  readonly callers: LittleCallers
}

/** Null: there is no such thing. */
export type Json = { readonly status?: number; readonly body: unknown } | null

export class LittleRoutes {
  readonly #parts: RouteParts

  constructor(parts: RouteParts) {
    this.#parts = parts
  }

  open({ method }: IncomingMessage, path: string, body: Buffer): Json {
    if (path === '/v1/pricing') return { body: pricing() }
    if (path === '/v1/deposit') {
      return { body: { network: this.#parts.chain, vault: bs58.encode(Buffer.alloc(32, 3)) } }
    }
    if (path === '/v1/sessions/challenge')
      return { body: this.#parts.callers.challenge(objectOf(body)) }
    if (path === '/v1/sessions' && method === 'POST') {
      const opened = this.#parts.callers.open(objectOf(body))
      return opened === null ? { status: 401, body: {} } : { status: 201, body: opened }
    }
    if (path === '/dev/fund' && this.#parts.faults.has('has a faucet'))
      return { status: 400, body: {} }
    return path.startsWith('/v1/') ? null : { status: 404, body: {} }
  }

  own(
    { method }: IncomingMessage,
    path: string,
    body: Buffer,
    caller: Caller,
    account: Account,
  ): Json {
    const [, , noun, id = ''] = path.split('/')
    if (noun === 'balance') return { body: this.#balance(account) }
    if (noun === 'transactions')
      return { body: { data: this.#journal(account), next_cursor: null } }
    if (noun === 'receipts') return { body: { data: account.receipts, next_cursor: null } }
    if (noun === 'quote') {
      const worst = worstCaseOf(objectOf(body), body.length)
      if (worst === null) return { status: 404, body: {} }
      return { body: { worst_case: String(worst) } }
    }
    if (noun === 'deposits') {
      this.#parts.books.hint(account, String(objectOf(body)['signature']))
      return { status: 202, body: {} }
    }
    if (noun === 'vouchers') {
      return this.#parts.faults.has('takes any voucher') ? { body: {} } : { status: 400, body: {} }
    }
    return noun === 'sessions' ? this.#session(method ?? '', id, caller) : null
  }

  #session(method: string, id: string, { agent, session }: Caller): Json {
    if (id === '') {
      return session === null
        ? { body: this.#parts.callers.list(agent) }
        : { status: 403, body: {} }
    }
    const found = this.#parts.callers.one(agent, id)
    if (found === null) return null
    if (session !== null && session.id !== id) return { status: 403, body: {} }
    if (method === 'GET') return { body: { id, spent: String(found.spent) } }
    found.revoked = true
    return { status: 204, body: null }
  }

  #balance({ agent, available, held, spent, deposited }: Account): object {
    const shown = this.#parts.faults.has('shows a balance that drifts') ? spent + 1n : spent
    const texts = {
      available,
      held,
      frozen: 0n,
      spent: shown,
      deposited,
      settled: 0n,
      withdrawn: 0n,
    }
    const amounts = Object.entries(texts).map(([name, amount]) => [name, String(amount)])
    return { agent, ...Object.fromEntries(amounts), pending: [] }
  }

  #journal(account: Account): readonly object[] {
    const rows = [...account.journal].reverse()
    return this.#parts.faults.has('loses debits of the journal') ? rows.slice(-1) : rows
  }
}

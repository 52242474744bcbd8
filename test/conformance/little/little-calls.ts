/** A billed call through a little gateway: hold, forward, meter, settle; idempotency keys in memory. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { NO_TOKENS, type Tokens } from '../../../src/money.ts'
import type { Fault } from './faults.ts'
import type { Account, Hold, LittleBooks } from './little-books.ts'
import type { Caller } from './little-callers.ts'
import { costOf, DEAR_MODEL, MODELS } from './little-prices.ts'

interface Stored {
  readonly fingerprint: string
  answer: { readonly contentType: string; readonly bytes: Buffer } | null
}

export interface CallParts {
  readonly faults: ReadonlySet<Fault>
  readonly books: LittleBooks
  /** Without `/v1`. */
  readonly providerUrl: string
}

/** More than the hold of any call: a charge of which nobody knows the tokens. */
const UNKNOWN: Tokens = { ...NO_TOKENS, output: 1_000_000_000 }

/** What a call would hold, in units; null where the model has no price. */
export function worstCaseOf(body: Record<string, unknown>, bytes: number): bigint | null {
  const model = String(body['model'])
  if (!Object.hasOwn(MODELS, model)) return null
  const choices = Number(body['n'] ?? 1)
  const output = Number(body['max_tokens'] ?? 1_000) * choices
  return costOf(model, { ...NO_TOKENS, input: bytes, output })
}

export class LittleCalls {
  readonly #parts: CallParts
  readonly #keys = new Map<string, Stored>()

  constructor(parts: CallParts) {
    this.#parts = parts
  }

  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    bytes: Buffer,
    { caller, account }: { readonly caller: Caller; readonly account: Account },
  ): Promise<number> {
    const { faults } = this.#parts
    const body = objectOf(bytes)
    const model = body['model']
    const isServed = typeof model === 'string' && Object.hasOwn(MODELS, model)
    if (!isServed && (typeof model !== 'string' || !faults.has('serves what has no price'))) {
      return refuse(response, 404, 'model_not_found')
    }
    const allowed = faults.has('ignores session models') ? null : (caller.session?.models ?? null)
    if (allowed !== null && !allowed.includes(String(model))) {
      return refuse(response, 403, 'forbidden')
    }
    const key = request.headers['idempotency-key']?.toString()
    if (key !== undefined && !/^[A-Za-z0-9_-]{16,128}$/.test(key)) {
      return refuse(response, 400, 'invalid_request')
    }
    const known = key === undefined || faults.has('ignores idempotency keys') ? null : key
    const stored = this.#recall(response, known, bytes)
    if (stored === 'answered') return response.statusCode
    const amount = worstCaseOf(body, bytes.length) ?? 0n
    const late = faults.has('holds when the provider has answered')
    const hold = this.#parts.books.hold(account, caller.session, late ? 0n : amount, String(model))
    if (typeof hold === 'string') {
      this.#forget(known, stored)
      return refuse(response, 402, hold)
    }
    const sent = await this.#forward(response, bytes, body, hold, late ? amount : null)
    if (sent !== null && stored !== null) stored.answer = sent
    else if (!faults.has('remembers failures')) this.#forget(known, stored)
    else if (stored !== null) {
      stored.answer = { contentType: 'application/json', bytes: Buffer.from('{}') }
    }
    return response.statusCode
  }

  /** The stored answer or a conflict has been sent, or the key is claimed now. */
  #recall(response: ServerResponse, key: string | null, bytes: Buffer): Stored | null | 'answered' {
    if (key === null) return null
    const fingerprint = createHash('sha256').update(bytes).digest('hex')
    const stored = this.#keys.get(key)
    if (stored === undefined) {
      const claimed: Stored = { fingerprint, answer: null }
      this.#keys.set(key, claimed)
      return claimed
    }
    response.setHeader('x-should-retry', 'false')
    const isOther = stored.fingerprint !== fingerprint
    if (isOther && !this.#parts.faults.has('takes a key for any body')) {
      refuse(response, 409, 'idempotency_conflict')
    } else if (stored.answer === null) refuse(response, 409, 'request_in_progress')
    else {
      response.writeHead(200, { 'content-type': stored.answer.contentType })
      response.end(stored.answer.bytes)
    }
    return 'answered'
  }

  #forget(key: string | null, stored: Stored | null): void {
    if (key !== null && stored !== null) this.#keys.delete(key)
  }

  /** What was sent and charged; null: nothing was charged. `late`: what is held only when the provider answers. */
  async #forward(
    response: ServerResponse,
    bytes: Buffer,
    body: Record<string, unknown>,
    hold: Hold,
    late: bigint | null,
  ): Promise<Stored['answer']> {
    const { faults, books } = this.#parts
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const upstream = await this.#ask(bytes, gone.signal)
    if (upstream === null || upstream.status !== 200) {
      if (faults.has('falls back without holding')) {
        await this.#ask(Buffer.from(JSON.stringify({ ...body, model: DEAR_MODEL })), gone.signal)
      }
      if (faults.has('charges failures')) books.settle(hold, hold.amount, UNKNOWN)
      else books.release(hold)
      const status =
        upstream === null || upstream.status >= 429 || upstream.status === 401 ? 502 : 400
      refuse(response, status, 'upstream_error')
      return null
    }
    const settled = late === null ? hold : { ...hold, amount: late }
    const contentType = upstream.headers.get('content-type') ?? 'application/json'
    const read = await pass(upstream, response, contentType)
    if (gone.signal.aborted && faults.has('keeps the hold when the client leaves')) return null
    const tokens = usageIn(read.bytes) ?? UNKNOWN
    const more = faults.has('charges a unit more') ? 1n : 0n
    books.settle(settled, costOf(hold.model, tokens) + more, tokens)
    // The connection's own end settles, too.
    if (!read.whole) books.settle(settled, costOf(hold.model, tokens), tokens)
    response.end()
    return { contentType, bytes: read.bytes }
  }

  async #ask(body: Buffer, signal: AbortSignal): Promise<Response | null> {
    try {
      const headers = { 'content-type': 'application/json' }
      const target = `${this.#parts.providerUrl}/v1/chat/completions`
      return await fetch(target, { method: 'POST', headers, body, signal })
    } catch {
      return null
    }
  }
}

/** Passes the answer on as it comes. */
async function pass(upstream: Response, response: ServerResponse, contentType: string) {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of upstream.body ?? []) {
      if (!response.headersSent) response.writeHead(200, { 'content-type': contentType })
      chunks.push(chunk)
      response.write(chunk)
    }
    return { bytes: Buffer.concat(chunks), whole: true }
  } catch {
    return { bytes: Buffer.concat(chunks), whole: false }
  }
}

/** The last usage that can be read. */
function usageIn(bytes: Buffer): Tokens | null {
  const text = bytes.toString()
  const prompt = [...text.matchAll(/"prompt_tokens":(\d{1,9})[,}]/g)].at(-1)?.[1]
  const completion = [...text.matchAll(/"completion_tokens":(\d{1,9})[,}]/g)].at(-1)?.[1]
  if (prompt === undefined || completion === undefined) return null
  return { ...NO_TOKENS, input: Number(prompt), output: Number(completion) }
}

export function objectOf(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

export function refuse(response: ServerResponse, status: number, code: string): number {
  if (!response.headersSent) response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: { code, message: code, type: 'error', param: null } }))
  return status
}

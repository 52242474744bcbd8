/** Who asks a little gateway: signatures, nonces and sessions. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import bs58 from 'bs58'
import { verifyStrict } from '../../../src/identity/ed25519.ts'
import { checkRequest } from '../../../src/identity/request-proof.ts'
import { parseSessionText, sessionText } from '../../../src/identity/session-text.ts'
import { units } from '../../../src/money.ts'
import type { Fault } from './faults.ts'
import type { LittleSession } from './little-books.ts'

export interface Caller {
  readonly agent: string
  readonly session: LittleSession | null
  readonly nonce: string | null
}

export interface CallerParts {
  readonly faults: ReadonlySet<Fault>
  readonly origin: () => string
  readonly chain: 'localnet' | 'devnet'
  /** Unix milliseconds. */
  readonly now: () => number
}

export class LittleCallers {
  readonly #parts: CallerParts
  readonly #nonces = new Set<string>()
  readonly #sessions: LittleSession[] = []

  constructor(parts: CallerParts) {
    this.#parts = parts
  }

  /** Null: 401. */
  find(request: IncomingMessage, body: Buffer): Caller | null {
    const header = (name: string) => request.headers[name]?.toString()
    if (header('x-agent-signature') === undefined) return this.#findSession(request)
    const agent = header('x-agent-pubkey') ?? ''
    const nonce = header('x-agent-nonce') ?? ''
    if (!this.#verifies(request, body, header)) return null
    const known = `${agent}/${nonce}`
    if (this.#nonces.has(known) && !this.#parts.faults.has('forgets nonces')) return null
    this.#nonces.add(known)
    return { agent, session: null, nonce: known }
  }

  /** A refusal may give its nonce back: it must not. */
  refused({ nonce }: Caller): void {
    if (this.#parts.faults.has('forgets nonces of refusals')) this.#nonces.delete(nonce ?? '')
  }

  #verifies(
    request: IncomingMessage,
    body: Buffer,
    header: (name: string) => string | undefined,
  ): boolean {
    if (this.#parts.faults.has('believes the key')) return true
    const { method = '', url: target = '' } = request
    if (this.#parts.faults.has('verifies laxly') && isWeak(header)) return true
    const bodySha256 = createHash('sha256').update(body).digest()
    const read = this.#parts.faults.has('does not bind the price list')
      ? (name: string) => (name === 'x-price-version' ? undefined : header(name))
      : header
    const host = `http://${request.headers.host}`
    const origins = this.#parts.faults.has('takes the host for the origin')
      ? [host]
      : [this.#parts.origin()]
    return origins.some((origin) => {
      const asked = {
        header: read,
        method,
        target,
        now: this.#parts.now(),
        chain: this.#parts.chain,
      }
      return checkRequest({ ...asked, origin, bodySha256 }).kind === 'signed'
    })
  }

  #findSession(request: IncomingMessage): Caller | null {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    const session = this.#sessions.find((one) => one.token === token)
    if (session === undefined) return null
    const isOver =
      this.#parts.now() >= session.expiresAt && !this.#parts.faults.has('never expires sessions')
    if (isOver || (session.revoked && !this.#parts.faults.has('revokes later'))) return null
    return { agent: session.agent, session, nonce: null }
  }

  challenge(body: Record<string, unknown>): object {
    const limit = body['spend_limit']
    const message = sessionText({
      origin: this.#parts.origin(),
      chain: this.#parts.chain,
      pubkey: String(body['pubkey']),
      terms: {
        spendLimit: typeof limit === 'string' ? units(BigInt(limit)) : null,
        ttlSeconds: Number(body['ttl_seconds'] ?? 3600),
        models: (body['models'] as string[] | undefined) ?? null,
        label: null,
      },
      nonce: `${this.#sessions.length}`.padStart(16, 'n'),
      issuedAt: new Date(this.#parts.now()).toISOString(),
      expiresAt: new Date(this.#parts.now() + 300_000).toISOString(),
    })
    return { message }
  }

  open(body: Record<string, unknown>): object | null {
    const message = String(body['message'])
    const parts = parseSessionText(message)
    const key = bs58.decodeUnsafe(parts?.pubkey ?? '')
    if (parts === null || key === undefined) return null
    const signature = Buffer.from(String(body['signature']), 'base64')
    if (!verifyStrict(key, Buffer.from(message), signature)) return null
    const { spendLimit: limit, models, ttlSeconds } = parts.terms
    const id = `ses_${this.#sessions.length}`
    const token = `l5_${createHash('sha256').update(message).digest('base64url')}`
    const expiresAt = this.#parts.now() + ttlSeconds * 1000
    const agent = parts.pubkey
    const ledger = { spent: 0n, held: 0n, revoked: false }
    this.#sessions.push({ id, token, agent, limit, models, expiresAt, ...ledger })
    return { id, token, expires_at: new Date(expiresAt).toISOString(), spend_limit: null }
  }

  list(agent: string): object {
    const showsTokens = this.#parts.faults.has('lists tokens')
    const own = this.#sessions.filter((session) => session.agent === agent && !session.revoked)
    return { data: own.map(({ id, token }) => (showsTokens ? { id, token } : { id })) }
  }

  one(agent: string, id: string): LittleSession | null {
    return this.#sessions.find((session) => session.agent === agent && session.id === id) ?? null
  }
}

/** What a verifier without the refusals of `verify_strict` takes: R is the neutral element. */
function isWeak(header: (name: string) => string | undefined): boolean {
  const signature = Buffer.from(header('x-agent-signature') ?? '', 'base64')
  return signature[0] === 1 && signature.subarray(1, 32).every((byte) => byte === 0)
}

/**
 * The sessions that the agent has opened: what each may still spend counts as signed for. A session of an earlier run is
 * believed only on the agent's own signature under its terms. Source: wire contract, "Sessions".
 */
import { verifyStrict } from '../../identity/ed25519.ts'
import { decodePublicKey, decodeSignature } from '../../identity/public-key.ts'
import { parseInstant, parseSessionText } from '../../identity/session-text.ts'
import { type Units, units, ZERO } from '../../money.ts'
import type { ReceiptParty } from './receipt-chain.ts'

/** What `GET /v1/sessions/{id}` shows. */
export interface ShownSession {
  readonly proof?: { readonly message?: unknown; readonly signature?: unknown }
}

interface OpenSession {
  /** Null: unlimited, so that nothing of it can be signed for ahead. */
  readonly limit: Units | null
  /** Unix milliseconds. */
  readonly endsAt: number
  charged: bigint
}

export class SessionShelf {
  readonly #sessions = new Map<string, OpenSession>()
  /** Nonces of the messages: each opens one session. */
  readonly #opened = new Map<string, string>()

  has(id: string): boolean {
    return this.#sessions.has(id)
  }

  /** Takes a session on the message that the agent signed. Returns what is wrong with it, or null. */
  admit(id: string, { proof }: ShownSession, party: ReceiptParty): string | null {
    const { message, signature } = proof ?? {}
    const opening = typeof message === 'string' ? parseSessionText(message) : null
    if (opening === null || typeof message !== 'string') return `nothing proves the session ${id}`
    const { origin, chain, agent } = party
    const key = decodePublicKey(agent)
    const bytes = decodeSignature(String(signature))
    const isOwn = opening.origin === origin && opening.chain === chain && opening.pubkey === agent
    const isSigned =
      key !== null && bytes !== null && verifyStrict(key, Buffer.from(message), bytes)
    if (!isOwn || !isSigned) return `the session ${id} was not opened by this agent`
    const other = this.#opened.get(opening.nonce)
    if (other !== undefined && other !== id) return `${other} and ${id} are one signed session`
    this.#opened.set(opening.nonce, id)
    const { spendLimit, ttlSeconds } = opening.terms
    const endsAt = (parseInstant(opening.expiresAt) ?? 0) + ttlSeconds * 1000
    this.#sessions.set(id, { limit: spendLimit, endsAt, charged: 0n })
    return null
  }

  /** Books a charge. Returns what is wrong with it, or null. */
  charge(id: string, amount: bigint): string | null {
    const session = this.#sessions.get(id)
    if (session === undefined) return `nothing proves the session ${id}`
    session.charged += amount
    if (session.limit === null || session.charged <= session.limit) return null
    return `the session ${id} is charged ${session.charged}, its limit is ${session.limit}`
  }

  /** What those that have not ended may still spend. */
  reserved(now: number): Units {
    let sum: bigint = ZERO
    for (const { limit, endsAt, charged } of this.#sessions.values()) {
      if (limit !== null && now < endsAt && charged < limit) sum += limit - charged
    }
    return units(sum)
  }
}

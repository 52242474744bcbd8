/** An agent of the simulation: its key, what it signed so far, and how it asks. */
import { createHash } from 'node:crypto'
import { voucherBytes, voucherHeader } from '../../src/chain/voucher.ts'
import { requestText } from '../../src/identity/signed-text.ts'
import { units } from '../../src/money.ts'
import type { Ask } from './calls/ask.ts'
import type { AgentPlace } from './chain/place.ts'
import { ORIGIN } from './gateway/terms.ts'

export type Headers = Readonly<Record<string, string>>

/** A session that an agent holds the token of. */
export interface HeldSession {
  readonly id: string
  readonly token: string
  readonly limit: bigint | null
  /** Milliseconds of the gateway's clock. */
  readonly expiresAt: number
  revoked: boolean
}

/** A signed request that was sent: a thief may send it again. */
export interface SentRequest {
  readonly ask: Ask
  readonly headers: Headers
  readonly nonce: string
}

export class SimulatedAgent {
  readonly place: AgentPlace
  /** Whether it signs vouchers at all: one that does not can withdraw what it has spent, and owes it then. */
  readonly signs: boolean
  /** Whether it brings money while it is taking some out. */
  readonly stays: boolean
  /** The highest total of a voucher that left its hands. */
  signed = 0n
  readonly sessions: HeldSession[] = []
  readonly sent: SentRequest[] = []
  /** What it asked for under which Idempotency-Key. */
  readonly keyed: { readonly key: string; readonly ask: Ask }[] = []
  /** Receipts that came with its answers. */
  readonly kept: unknown[] = []

  constructor(place: AgentPlace, habits: Pick<SimulatedAgent, 'signs' | 'stays'>) {
    this.place = place
    this.signs = habits.signs
    this.stays = habits.stays
  }

  get pubkey(): string {
    return this.place.key.pubkey
  }

  /** The headers of a signed request; `at` is the agent's own clock. */
  sign(
    method: string,
    target: string,
    body: Uint8Array,
    { nonce, at, priceVersion }: { nonce: string; at: number; priceVersion?: string },
  ): Headers {
    const issuedAt = new Date(at).toISOString()
    const bound = priceVersion === undefined ? {} : { priceVersion }
    const text = requestText({
      origin: ORIGIN,
      chain: 'localnet',
      pubkey: this.pubkey,
      method,
      target,
      nonce,
      issuedAt,
      bodySha256: createHash('sha256').update(body).digest(),
      ...bound,
    })
    return {
      'x-agent-pubkey': this.pubkey,
      'x-agent-nonce': nonce,
      'x-agent-issued-at': issuedAt,
      'x-agent-signature': Buffer.from(this.place.key.sign(Buffer.from(text))).toString('base64'),
      ...(priceVersion === undefined ? {} : { 'x-price-version': priceVersion }),
    }
  }

  /** Signs the message that opens a session. Base64. */
  signMessage(message: string): string {
    return Buffer.from(this.place.key.sign(Buffer.from(message))).toString('base64')
  }

  /** Signs away so much in all, and remembers it. */
  voucher(cumulative: bigint): string {
    if (cumulative > this.signed) this.signed = cumulative
    const bytes = voucherBytes(this.place.vaultKey, units(cumulative))
    const signature = Buffer.from(this.place.key.sign(bytes)).toString('base64')
    return voucherHeader({ cumulative: units(cumulative), expiresAt: 0n, signature })
  }
}

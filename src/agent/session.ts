/** Opens a session: asks for a challenge, and signs it only if it says what was asked. Source: wire contract, "Sessions". */

import { parseSessionText } from '../identity/session-text.ts'
import type { Audience } from '../identity/signed-text.ts'
import { parseUnits } from '../money.ts'
import type { GatewayApi } from './gateway-api.ts'
import type { Signer } from './key.ts'
import { Level5Error } from './level5-error.ts'
import type { OpenedSession } from './wire.ts'

/** What the session may do; what is left out is unlimited, or the gateway's default for the time. */
export interface SessionWish {
  /** Units, as a decimal string. */
  readonly spend_limit?: string
  readonly models?: readonly string[]
  readonly ttl_seconds?: number
  readonly label?: string
}

/** A session, and what the agent signed to open it. */
export interface SignedSession {
  readonly session: OpenedSession
  readonly proof: { readonly message: string; readonly signature: string }
}

/**
 * Opens a session under the wish, with a voucher (as `X-Agent-Voucher` has it) where one is given. Throws
 * `untrusted_answer` when the challenge states other terms.
 */
export async function openSession(
  api: GatewayApi,
  signer: Signer,
  audience: Audience,
  wish: SessionWish,
  voucher: string | null,
): Promise<SignedSession> {
  const { message } = await api.post<{ readonly message: string }>('/v1/sessions/challenge', {
    pubkey: signer.publicKey,
    ...wish,
  })
  const wrong = challengeContradiction(message, signer.publicKey, audience, wish)
  if (wrong !== null) {
    throw new Level5Error('untrusted_answer', `not signed: the challenge states another ${wrong}`)
  }
  const signed = await signer.sign(new TextEncoder().encode(message))
  const proof = { message, signature: Buffer.from(signed).toString('base64') }
  const offered = voucher === null ? {} : { voucher }
  const session = await api.post<OpenedSession>('/v1/sessions', { ...proof, ...offered })
  return { session, proof }
}

/** Names what a challenge states differently from what was asked, or null. Pure. */
export function challengeContradiction(
  message: string,
  pubkey: string,
  audience: Audience,
  wish: SessionWish,
): string | null {
  const stated = parseSessionText(message)
  if (stated === null) return 'form of message'
  if (stated.origin !== audience.origin) return 'origin'
  if (stated.chain !== audience.chain) return 'chain'
  if (stated.pubkey !== pubkey) return 'key'
  const { spendLimit, ttlSeconds, models, label } = stated.terms
  if (spendLimit !== parseUnits(wish.spend_limit)) return 'spend_limit'
  if (wish.ttl_seconds !== undefined && ttlSeconds !== wish.ttl_seconds) return 'ttl_seconds'
  if (JSON.stringify(models) !== JSON.stringify(wish.models ?? null)) return 'models'
  return label === (wish.label ?? null) ? null : 'label'
}

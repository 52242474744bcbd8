/**
 * The challenge that opens a session. Nothing is stored when one is issued, so strangers cannot fill memory or ledger:
 * the server's nonce carries an HMAC over the rest of the message, which only this gateway can have made. What makes a
 * challenge single use is the ledger: it spends the nonce in the transaction that opens the session, so a failed try
 * consumes nothing. Source: wire contract, "Sessions".
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Refusal, refusal } from '../errors.ts'
import { verifyStrict } from './ed25519.ts'
import { decodePublicKey, decodeSignature } from './public-key.ts'
import {
  parseInstant,
  parseSessionText,
  type SessionParts,
  type SignedTerms,
  sessionText,
} from './session-text.ts'
import type { Audience } from './signed-text.ts'

/** How long a challenge may be presented. */
export const CHALLENGE_TTL_MS = 300_000
const SALT_BYTES = 8
const MAC_BYTES = 20

/** The gateway that issues and reads challenges. */
export interface ChallengeIssuer extends Audience {
  /** At least 32 secret random bytes; gateways of one origin share it, a new one voids open challenges. */
  readonly secret: Uint8Array
}

export interface Challenge {
  /** The message to sign. */
  readonly message: string
  readonly nonce: string
  /** RFC 3339 UTC with milliseconds. */
  readonly expiresAt: string
}

/** Issues a challenge at `now` (Unix milliseconds); `salt` is 8 random bytes that make it unique. */
export function issueChallenge(
  issuer: ChallengeIssuer,
  asked: { readonly pubkey: string; readonly terms: SignedTerms },
  salt: Uint8Array,
  now: number,
): Challenge {
  if (salt.length !== SALT_BYTES)
    throw new RangeError(`a challenge takes ${SALT_BYTES} bytes of salt`)
  const expiresAt = new Date(now + CHALLENGE_TTL_MS).toISOString()
  const salted: SessionParts = {
    origin: issuer.origin,
    chain: issuer.chain,
    pubkey: asked.pubkey,
    terms: asked.terms,
    nonce: Buffer.from(salt).toString('hex'),
    issuedAt: new Date(now).toISOString(),
    expiresAt,
  }
  const nonce = authenticNonce(issuer.secret, salted)
  return { message: sessionText({ ...salted, nonce }), nonce, expiresAt }
}

export type ChallengeProof =
  | {
      readonly kind: 'signed'
      readonly agent: string
      readonly terms: SignedTerms
      /** For the ledger to spend; `forgetAt` (Unix milliseconds): when the challenge is expired anyway. */
      readonly nonce: { readonly value: string; readonly forgetAt: number }
      /** Base64, however it was sent. */
      readonly signature: string
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/**
 * Reads a signed challenge; the terms come from the message alone. Refuses with `invalid_request` (not a message of
 * this form), `invalid_session` (not issued by this gateway, or expired) or `invalid_signature`.
 */
export function readSignedChallenge(
  issuer: ChallengeIssuer,
  signed: { readonly message: string; readonly signature: string },
  now: number,
): ChallengeProof {
  const parts = parseSessionText(signed.message)
  const key = parts === null ? null : decodePublicKey(parts.pubkey)
  if (parts === null || key === null) {
    return refused('invalid_request', '`message` is not the message of a session challenge.')
  }
  if (!isOurs(issuer, parts)) {
    return refused('invalid_session', 'This gateway did not issue this challenge.')
  }
  const expiresAt = parseInstant(parts.expiresAt)
  if (expiresAt === null || now >= expiresAt) {
    return refused('invalid_session', `The challenge expired at ${parts.expiresAt}.`)
  }
  const signature = decodeSignature(signed.signature)
  if (signature === null || !verifyStrict(key, Buffer.from(signed.message), signature)) {
    return refused('invalid_signature', `The signature is not ${parts.pubkey}'s over the message.`)
  }
  const nonce = { value: parts.nonce, forgetAt: expiresAt }
  const base64 = Buffer.from(signature).toString('base64')
  return { kind: 'signed', agent: parts.pubkey, terms: parts.terms, nonce, signature: base64 }
}

function isOurs(issuer: ChallengeIssuer, parts: SessionParts): boolean {
  if (parts.origin !== issuer.origin || parts.chain !== issuer.chain) return false
  const salted = { ...parts, nonce: parts.nonce.slice(0, 2 * SALT_BYTES) }
  const expected = Buffer.from(authenticNonce(issuer.secret, salted))
  const given = Buffer.from(parts.nonce)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** The salt followed by the HMAC over the message that carries the salt alone as its nonce. */
function authenticNonce(secret: Uint8Array, salted: SessionParts): string {
  const mac = createHmac('sha256', secret).update(sessionText(salted)).digest()
  return salted.nonce + mac.subarray(0, MAC_BYTES).toString('hex')
}

function refused(
  code: 'invalid_request' | 'invalid_session' | 'invalid_signature',
  message: string,
): ChallengeProof {
  return { kind: 'refused', refusal: refusal(code, message) }
}

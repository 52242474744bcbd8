/**
 * Checks the signature of a request: which key asks, for exactly this method, target and body, of this gateway, now.
 * Pure: spending the nonce is the caller's next step. Source: wire contract, "Signed requests"; property A1.
 */
import { type Refusal, refusal } from '../errors.ts'
import type { ReadHeader } from './credentials.ts'
import { verifyStrict } from './ed25519.ts'
import { decodeBase64Signature, decodePublicKey } from './public-key.ts'
import { parseInstant } from './session-text.ts'
import { type Audience, requestText } from './signed-text.ts'

/** How far the agent's clock may be from the gateway's, either way. */
export const CLOCK_SKEW_MS_MAX = 60_000
/** How far a clock may be set back, after a nonce is forgotten by it, without a request becoming fresh again. */
const CLOCK_STEP_MS_MAX = 120_000
/** Milliseconds for which the ledger remembers the nonce of a request, from when it was issued. */
export const NONCE_KEPT_MS = CLOCK_SKEW_MS_MAX + CLOCK_STEP_MS_MAX

export interface SignedRequest extends Audience {
  readonly header: ReadHeader
  readonly method: string
  /** Path plus query exactly as on the request line. */
  readonly target: string
  /** SHA-256 of the body's bytes (32 bytes). */
  readonly bodySha256: Uint8Array
  /** The gateway's clock, Unix milliseconds. */
  readonly now: number
}

export type RequestProof =
  | {
      readonly kind: 'signed'
      /** The key that verified: the account that is debited. */
      readonly agent: string
      readonly nonce: string
      /** RFC 3339 as sent. */
      readonly issuedAt: string
      /** Unix milliseconds after which no clock accepts this request any more, nor one that is set back then. */
      readonly forgetAt: number
      /** Base64 as sent. */
      readonly signature: string
      /** What was signed, where it is an HTTP message signature: the member of `Signature-Input`. */
      readonly signatureInput?: string
      readonly priceVersion?: string
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/**
 * Refuses with `missing_credentials` when one of the four headers is absent, `stale_request` when the clock differs
 * by more than 60 s, `invalid_signature` for everything else.
 */
export function checkRequest(request: SignedRequest): RequestProof {
  const pubkey = request.header('x-agent-pubkey')
  const nonce = request.header('x-agent-nonce')
  const issuedAt = request.header('x-agent-issued-at')
  const signature = request.header('x-agent-signature')
  const priceVersion = request.header('x-price-version')
  if (!pubkey || !nonce || !issuedAt || !signature) return missing(request.header)

  const key = decodePublicKey(pubkey)
  if (key === null) return invalid('X-Agent-Pubkey is not a base58 key of 32 bytes.')
  if (!isNonce(nonce)) {
    return invalid('X-Agent-Nonce is not 16 to 64 of [A-Za-z0-9].')
  }
  const issued = parseInstant(issuedAt)
  if (issued === null) {
    return invalid('X-Agent-Issued-At is not like 2026-11-21T12:00:00.000Z.')
  }
  const signatureBytes = decodeBase64Signature(signature)
  if (signatureBytes === null) {
    return invalid('X-Agent-Signature is not the padded base64 of 64 bytes.')
  }
  if (priceVersion !== undefined && !isSha256Text(priceVersion)) {
    return invalid('X-Price-Version is not sha256: and 64 lower-case hex digits.')
  }
  if (Math.abs(request.now - issued) > CLOCK_SKEW_MS_MAX) return stale(issuedAt, request.now)

  const { origin, chain, method, target, bodySha256 } = request
  const unbound = { origin, chain, pubkey, method, target, nonce, issuedAt, bodySha256 }
  const parts = priceVersion === undefined ? unbound : { ...unbound, priceVersion }
  if (!verifyStrict(key, Buffer.from(requestText(parts)), signatureBytes)) {
    return invalid(`The signature does not verify for ${method} ${target} at ${origin} (${chain}).`)
  }
  const forgetAt = issued + NONCE_KEPT_MS
  const proof = { kind: 'signed', agent: pubkey, nonce, issuedAt, forgetAt, signature } as const
  return priceVersion === undefined ? proof : { ...proof, priceVersion }
}

export function isNonce(text: string): boolean {
  return /^[A-Za-z0-9]{16,64}$/.test(text)
}

/** Whether a text is `sha256:` and 64 lower-case hex digits, as price versions and body digests are. */
export function isSha256Text(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text)
}

const NEEDED = ['X-Agent-Pubkey', 'X-Agent-Nonce', 'X-Agent-Issued-At', 'X-Agent-Signature']

function missing(header: ReadHeader): RequestProof {
  const absent = NEEDED.filter((name) => !header(name.toLowerCase()))
  const message = `A signed request needs ${absent.join(', ')}.`
  return { kind: 'refused', refusal: refusal('missing_credentials', message) }
}

function invalid(message: string): RequestProof {
  return { kind: 'refused', refusal: refusal('invalid_signature', message) }
}

function stale(issuedAt: string, now: number): RequestProof {
  const message = `Issued at ${issuedAt}, the gateway's clock says ${new Date(now).toISOString()}.`
  return { kind: 'refused', refusal: refusal('stale_request', message) }
}

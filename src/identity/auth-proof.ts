/**
 * Whether what a receipt says of a call's `auth` proves that the agent asked for it: the signed text is rebuilt from the
 * receipt alone, as the gateway rebuilt it from the request. Pure. Source: proof contract, "Receipts".
 */
import { verifyStrict } from './ed25519.ts'
import { decodeBase64Signature, decodePublicKey } from './public-key.ts'
import { isNonce, isSha256Text } from './request-proof.ts'
import { parseInstant } from './session-text.ts'
import { gapInCoverage, readSignatureInput, signatureBase } from './signature-base.ts'
import { type Audience, requestText } from './signed-text.ts'
import { parseDictionary } from './structured-fields.ts'

/** What an agent sent to ask for a call, as receipts carry it. */
interface AskedBy {
  readonly method: string
  readonly target: string
  readonly nonce: string
  /** RFC 3339 UTC with milliseconds. */
  readonly issued_at: string
  /** Base64 of 64 bytes. */
  readonly signature: string
  readonly price_version?: string
  /** The member of `Signature-Input` without its label, where the request was signed by RFC 9421. */
  readonly signature_input?: string
}

export interface AskedCall {
  /** Base58: whose signature it must be. */
  readonly agent: string
  readonly auth: AskedBy
  /** `sha256:<hex>` of the body that the agent sent. */
  readonly requestDigest: string
}

export type AuthProof =
  | { readonly kind: 'proven' }
  /** `reason` names what does not fit. */
  | { readonly kind: 'unproven'; readonly reason: string }

/** Checks the signature of `auth` for a gateway of this origin and chain. Never throws. */
export function checkAuthProof(audience: Audience, call: AskedCall): AuthProof {
  const key = decodePublicKey(call.agent)
  if (key === null) return unproven('agent is not a base58 key of 32 bytes')
  const signature = decodeBase64Signature(call.auth.signature)
  if (signature === null) return unproven('auth.signature is not the base64 of 64 bytes')
  const rebuilt = rebuildSignedText(audience, call)
  if (rebuilt.kind === 'unproven') return rebuilt
  return verifyStrict(key, Buffer.from(rebuilt.text), signature)
    ? { kind: 'proven' }
    : unproven(`auth.signature is not the agent's for ${audience.origin} (${audience.chain})`)
}

/** The text that must be under `auth.signature`: the native one, or the base of an RFC 9421 signature. */
function rebuildSignedText(
  audience: Audience,
  call: AskedCall,
): { readonly kind: 'rebuilt'; readonly text: string } | Extract<AuthProof, { kind: 'unproven' }> {
  const { agent, auth, requestDigest } = call
  const { method, target, nonce, price_version: priceVersion } = auth
  const bodySha256 = digestBytes(requestDigest)
  if (bodySha256 === null) return unproven('request_digest is not sha256:<64 hex digits>')
  const issuedAt = parseInstant(auth.issued_at)
  if (issuedAt === null) return unproven('auth.issued_at is no instant')
  if (!isNonce(nonce)) return unproven('auth.nonce is no nonce')
  if (priceVersion !== undefined && !isSha256Text(priceVersion)) {
    return unproven('auth.price_version is no price version')
  }
  const bound = priceVersion === undefined ? {} : { priceVersion }
  const message = { origin: audience.origin, method, target, bodySha256, ...bound }
  if (auth.signature_input === undefined) {
    const { chain } = audience
    const text = requestText({ ...message, chain, pubkey: agent, nonce, issuedAt: auth.issued_at })
    return { kind: 'rebuilt', text }
  }
  const parsed = parseDictionary(`sig=${auth.signature_input}`)
  const member = parsed.kind === 'parsed' ? parsed.dictionary.get('sig') : undefined
  const read = member && readSignatureInput(member)
  if (read?.kind !== 'read' || read.input.text !== auth.signature_input) {
    return unproven('auth.signature_input is not one that a gateway accepts')
  }
  const { input } = read
  if (input.keyid !== agent || input.nonce !== nonce || input.created * 1000 !== issuedAt) {
    return unproven('auth.signature_input names another key, nonce or time')
  }
  const gap = gapInCoverage(input, message)
  if (gap !== null) return unproven(`auth.signature_input covers too little: ${gap}`)
  return { kind: 'rebuilt', text: signatureBase(input, message) }
}

function digestBytes(digest: string): Uint8Array | null {
  return isSha256Text(digest) ? Buffer.from(digest.slice('sha256:'.length), 'hex') : null
}

function unproven(reason: string): Extract<AuthProof, { kind: 'unproven' }> {
  return { kind: 'unproven', reason }
}

/**
 * Checks a request that is signed as RFC 9421 has it: the other way to say what the native headers say, under the same
 * conditions. Pure: spending the nonce is the caller's next step. Property A1.
 */
import { refusal } from '../errors.ts'
import type { ReadHeader } from './credentials.ts'
import { verifyStrict } from './ed25519.ts'
import { decodePublicKey } from './public-key.ts'
import {
  CLOCK_SKEW_MS_MAX,
  isNonce,
  isSha256Text,
  NONCE_KEPT_MS,
  type RequestProof,
  type SignedRequest,
} from './request-proof.ts'
import {
  contentDigest,
  gapInCoverage,
  readSignatureInput,
  type SignatureInput,
  signatureBase,
} from './signature-base.ts'
import { type Member, parseDictionary, serializeDictionary } from './structured-fields.ts'

/**
 * Refuses with `missing_credentials` when one of the two headers is absent, `stale_request` when `created` differs from
 * the clock by more than 60 s or `expires` has passed, `invalid_signature` for everything else.
 */
export function checkMessageSignature(request: SignedRequest): RequestProof {
  const fields = readFields(request.header)
  if (fields.kind === 'refused') return fields
  const { input, signature } = fields
  const { nonce, keyid, created } = input
  const key = decodePublicKey(keyid)
  if (key === null) return invalid('keyid is not a base58 key of 32 bytes.')
  if (!isNonce(nonce)) return invalid('nonce is not 16 to 64 of [A-Za-z0-9].')
  const priceVersion = request.header('x-price-version')
  if (priceVersion !== undefined && !isSha256Text(priceVersion)) {
    return invalid('X-Price-Version is not sha256: and 64 lower-case hex digits.')
  }
  const late = lateness(input, request.now)
  if (late !== null) return { kind: 'refused', refusal: refusal('stale_request', late) }

  const { origin, method, target, bodySha256, header } = request
  const bound = priceVersion === undefined ? {} : { priceVersion }
  const message = { origin, method, target, bodySha256, ...bound }
  const gap = gapInCoverage(input, message)
  if (gap !== null) return invalid(`The signature does not cover enough. ${gap}`)
  if (input.components.includes('content-digest')) {
    const expected = contentDigest(bodySha256)
    if (header('content-digest') !== expected) {
      return invalid(`Content-Digest is not that of the body, exactly ${expected}`)
    }
  }
  if (!verifyStrict(key, Buffer.from(signatureBase(input, message)), signature)) {
    return invalid(`The signature does not verify for ${method} ${target} at ${origin}.`)
  }
  return {
    kind: 'signed',
    agent: keyid,
    nonce,
    issuedAt: new Date(created * 1000).toISOString(),
    forgetAt: created * 1000 + NONCE_KEPT_MS,
    signature: Buffer.from(signature).toString('base64'),
    signatureInput: input.text,
    ...bound,
  }
}

type Fields =
  | { readonly kind: 'read'; readonly input: SignatureInput; readonly signature: Uint8Array }
  | Extract<RequestProof, { kind: 'refused' }>

function readFields(header: ReadHeader): Fields {
  const inputText = header('signature-input')
  const signatureText = header('signature')
  if (!inputText || !signatureText) {
    const absent = inputText ? 'Signature' : 'Signature-Input'
    const message = `A message signature needs the header ${absent}, too.`
    return { kind: 'refused', refusal: refusal('missing_credentials', message) }
  }
  const input = readOnly('Signature-Input', inputText)
  if (input.kind === 'refused') return input
  const signature = readOnly('Signature', signatureText)
  if (signature.kind === 'refused') return signature
  if (input.label !== signature.label) {
    return invalid(`Signature-Input speaks of ${input.label}, Signature of ${signature.label}.`)
  }
  const bytes = signatureBytes(signature.member)
  if (bytes === null) return invalid('Signature is not 64 bytes between colons, in base64.')
  const read = readSignatureInput(input.member)
  if (read.kind === 'refused') return invalid(read.reason)
  return { kind: 'read', input: read.input, signature: bytes }
}

type OnlyMember =
  | { readonly kind: 'read'; readonly label: string; readonly member: Member }
  | Extract<RequestProof, { kind: 'refused' }>

/** The one member of a field that is written as the standard serializes it, so that no byte of it is free. */
function readOnly(name: string, text: string): OnlyMember {
  const parsed = parseDictionary(text)
  if (parsed.kind === 'malformed') {
    return invalid(`${name} is not a structured field from character ${parsed.at} on.`)
  }
  const [first, second] = parsed.dictionary
  if (first === undefined || second !== undefined) {
    return invalid(`${name} has ${parsed.dictionary.size} members: send exactly one signature.`)
  }
  const canonical = serializeDictionary(parsed.dictionary)
  if (canonical !== text) return invalid(`${name} is not in its canonical form: ${canonical}`)
  return { kind: 'read', label: first[0], member: first[1] }
}

function signatureBytes(member: Member): Uint8Array | null {
  if (member.kind !== 'item' || member.parameters.size > 0) return null
  const { value } = member
  return value.kind === 'bytes' && value.value.length === 64 ? value.value : null
}

/** Why the request is stale, or null. */
function lateness({ created, expires }: SignatureInput, now: number): string | null {
  const clock = `the gateway's clock says ${Math.floor(now / 1000)}`
  if (Math.abs(now - created * 1000) > CLOCK_SKEW_MS_MAX) return `Created at ${created}, ${clock}.`
  if (expires !== null && now > expires * 1000) return `Expired at ${expires}, ${clock}.`
  return null
}

function invalid(message: string): Extract<RequestProof, { kind: 'refused' }> {
  return { kind: 'refused', refusal: refusal('invalid_signature', message) }
}

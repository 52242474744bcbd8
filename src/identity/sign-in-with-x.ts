/**
 * `SIGN-IN-WITH-X`: base64 of a JSON object whose fields make a Sign-In-With-Solana message, with the signature over
 * it. It reads one wallet's own figures and nothing else, under the conditions of signed requests: this gateway, this
 * address of it, now, once. Pure: spending the nonce is the caller's next step.
 * Source: x402's extension sign-in-with-x (CAIP-122); property A1.
 */
import { z } from 'zod'
import { boundedList } from '../bounded.ts'
import { type Refusal, refusal } from '../errors.ts'
import { verifyStrict } from './ed25519.ts'
import { decodePublicKey, decodeSignature } from './public-key.ts'
import { CLOCK_SKEW_MS_MAX, isNonce } from './request-proof.ts'
import { parseInstant } from './session-text.ts'
import { domainOf, siwsHeader } from './signed-text.ts'

export interface SignInRequest {
  /** The header's value. */
  readonly header: string
  /** The gateway's configured public URL without a trailing slash. */
  readonly origin: string
  /** Path plus query exactly as on the request line. */
  readonly target: string
  /** CAIP-2, as the gateway announces its chain. */
  readonly network: string
  /** The gateway's clock, Unix milliseconds. */
  readonly now: number
}

export type SignInProof =
  | {
      readonly kind: 'signed'
      /** The key that verified. */
      readonly wallet: string
      readonly nonce: string
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Characters of the header. */
const HEADER_LENGTH_MAX = 8_192
const RESOURCES_MAX = 16

/** One line of printable ASCII: nothing can pass for a line of its own. */
const line = z.string().regex(/^[\x20-\x7e]{1,512}$/)

const Fields = z.object({
  domain: line,
  address: line,
  uri: line,
  version: z.literal('1'),
  chainId: line,
  type: z.literal('ed25519'),
  nonce: z.string().refine(isNonce),
  issuedAt: z.string().refine((text) => parseInstant(text) !== null),
  signature: line,
  statement: line.optional(),
  expirationTime: z
    .string()
    .refine((text) => parseInstant(text) !== null)
    .optional(),
  notBefore: z
    .string()
    .refine((text) => parseInstant(text) !== null)
    .optional(),
  requestId: line.optional(),
  resources: boundedList(line, 0, RESOURCES_MAX).optional(),
  signatureScheme: z.literal('siws').optional(),
})
type Fields = z.infer<typeof Fields>

/** Refuses with `stale_request` where the time is wrong, `invalid_signature` for everything else. */
export function checkSignIn({ header, origin, target, network, now }: SignInRequest): SignInProof {
  const read = readFields(header)
  if (typeof read === 'string') return invalid(read)
  const bound: [field: 'domain' | 'uri' | 'chainId', expected: string][] = [
    ['domain', domainOf(origin)],
    ['uri', origin + target],
    ['chainId', network],
  ]
  const wrong = bound.find(([field, expected]) => read[field] !== expected)
  if (wrong !== undefined) return invalid(`SIGN-IN-WITH-X: ${wrong[0]} must be ${wrong[1]}.`)
  const late = lateness(read, now)
  if (late !== null) return { kind: 'refused', refusal: refusal('stale_request', late) }
  const key = decodePublicKey(read.address)
  const signature = decodeSignature(read.signature)
  if (key === null) return invalid('SIGN-IN-WITH-X: address is not a base58 key of 32 bytes.')
  if (signature === null || !verifyStrict(key, Buffer.from(signInText(origin, read)), signature)) {
    return invalid(`SIGN-IN-WITH-X: the signature is not ${read.address}'s over the message.`)
  }
  return { kind: 'signed', wallet: read.address, nonce: read.nonce }
}

/** The message under the signature. Lines end in `\n`, none after the last. */
function signInText(origin: string, fields: Fields): string {
  const { statement, resources = [] } = fields
  const optional = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`${name}: ${value}`]
  return [
    siwsHeader(origin, fields.address),
    '',
    ...(statement === undefined ? [] : [statement, '']),
    `URI: ${fields.uri}`,
    `Version: ${fields.version}`,
    `Chain ID: ${fields.chainId.slice(fields.chainId.indexOf(':') + 1)}`,
    `Nonce: ${fields.nonce}`,
    `Issued At: ${fields.issuedAt}`,
    ...optional('Expiration Time', fields.expirationTime),
    ...optional('Not Before', fields.notBefore),
    ...optional('Request ID', fields.requestId),
    ...(resources.length === 0 ? [] : ['Resources:', ...resources.map((uri) => `- ${uri}`)]),
  ].join('\n')
}

/** The fields, or the sentence of what is wrong with them. */
function readFields(header: string): Fields | string {
  if (header.length > HEADER_LENGTH_MAX) return 'SIGN-IN-WITH-X is too long.'
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(header, 'base64').toString('utf8'))
  } catch {
    return 'SIGN-IN-WITH-X is not the base64 of JSON.'
  }
  const read = Fields.safeParse(value)
  if (read.success) return read.data
  return `SIGN-IN-WITH-X: ${read.error.issues[0]?.path.join('.')} is missing or not as it should be.`
}

/** Why the message is not valid now, or null. */
function lateness({ issuedAt, expirationTime, notBefore }: Fields, now: number): string | null {
  const clock = `the gateway's clock says ${new Date(now).toISOString()}`
  const issued = parseInstant(issuedAt) ?? 0
  if (Math.abs(now - issued) > CLOCK_SKEW_MS_MAX) return `Issued at ${issuedAt}, ${clock}.`
  if (expirationTime !== undefined && now > (parseInstant(expirationTime) ?? 0)) {
    return `Expired at ${expirationTime}, ${clock}.`
  }
  if (notBefore !== undefined && now < (parseInstant(notBefore) ?? Number.POSITIVE_INFINITY)) {
    return `Not valid before ${notBefore}, ${clock}.`
  }
  return null
}

function invalid(message: string): SignInProof {
  return { kind: 'refused', refusal: refusal('invalid_signature', message) }
}

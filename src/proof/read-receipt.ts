/** Reads a delivered receipt, trusting nothing about it. Source: proof contract, "Receipts". */
import { z } from 'zod'
import { boundedText } from '../bounded.ts'
import { canonicalJson } from '../canonical-json.ts'
import { decodeBase64Signature } from '../identity/public-key.ts'
import { isSha256Text } from '../identity/request-proof.ts'
import { parseInstant } from '../identity/session-text.ts'
import type { Tokens } from '../money.ts'
import type { ReceiptFact, Stated } from './finding.ts'
import { type CallAuth, type Outcome, receiptBytes, receiptDigest } from './receipt.ts'

/** What a charge rests on; a correction rests on nothing but the charge that it corrects. */
export interface Call {
  readonly requestId: string
  readonly model: string
  readonly outcome: Outcome
  readonly tokens: Tokens
  readonly priceVersion: string
  /** Null where the charge is not the hold. */
  readonly held: bigint | null
  readonly requestDigest: string
  readonly auth: CallAuth
  /** Unix milliseconds. */
  readonly startedAt: number
}

/** A receipt of the contract's form; whether it is true is another matter. Amounts are units. */
export interface ReadReceipt {
  /** `{"receipt","signature"}` as it came. */
  readonly delivered: unknown
  readonly gateway: string
  readonly agent: string
  readonly seq: number
  readonly prev: string
  readonly charge: bigint
  readonly spent: bigint
  readonly balanceAfter: bigint
  /** Unix milliseconds. */
  readonly endedAt: number
  readonly about:
    | { readonly kind: 'call'; readonly call: Call }
    | { readonly kind: 'correction'; readonly corrects: number }
  /** What the signature is over, by the document as it came. */
  readonly signedBytes: Uint8Array
  readonly digest: string
  /** 64 bytes. */
  readonly signature: Uint8Array
}

export type ReceiptReading =
  | { readonly kind: 'read'; readonly receipt: ReadReceipt }
  | { readonly kind: 'malformed'; readonly problem: string }

const TEXT_MAX = 8_192
const text = boundedText(0, TEXT_MAX)
const someText = boundedText(1, TEXT_MAX)
const digest = z.string().refine(isSha256Text, 'not sha256:<64 hex digits>')
const amount = z
  .string()
  .regex(/^(0|[1-9]\d{0,19})$/, 'not a decimal string of units')
  .transform(BigInt)
const signedAmount = z
  .string()
  .regex(/^(0|-?[1-9]\d{0,19})$/, 'not a decimal string of units')
  .transform(BigInt)
const instant = z
  .string()
  .refine((value) => parseInstant(value) !== null, 'not RFC 3339 UTC with milliseconds')
  .transform((value) => Date.parse(value))
const seq = z.int().min(1)
const count = z.int().min(0)
const tokens = z.strictObject({
  input: count,
  cached_input: count,
  cache_write: count,
  cache_write_1h: count,
  output: count,
})
const auth = z.union([
  z.strictObject({ session: someText }),
  z
    .object({
      method: text,
      target: text,
      nonce: text,
      issued_at: text,
      signature: text,
      price_version: digest.optional(),
      signature_input: text.optional(),
      session: z.never().optional(),
    })
    .transform(({ price_version, signature_input, session: _, ...sent }) => ({
      ...sent,
      ...(price_version === undefined ? {} : { price_version }),
      ...(signature_input === undefined ? {} : { signature_input }),
    })),
])
const outcome = z.enum([
  'completed',
  'client_left',
  'provider_failed',
  'provider_stalled',
  'usage_missing',
  'recovered',
])

const every = {
  v: z.literal(1),
  gateway: text,
  agent: text,
  seq,
  prev: digest,
  spent: amount,
  balance_after: signedAmount,
  ended_at: instant,
}
const CallReceipt = z.object({
  ...every,
  charge: amount,
  request_id: someText,
  provider: text,
  upstream_id: text.nullable(),
  model: text,
  outcome,
  tokens,
  price_version: digest,
  held: amount.optional(),
  request_digest: digest,
  response_digest: digest.nullable(),
  auth,
  started_at: instant,
})
const NO_TOKENS_LEFT = z.record(z.string(), z.literal(0))
const CorrectionReceipt = z.object({
  ...every,
  charge: signedAmount,
  corrects: seq,
  tokens: NO_TOKENS_LEFT.nullish(),
})
const Delivered = z.object({
  receipt: z.looseObject({}),
  signature: z.string().refine((value) => decodeBase64Signature(value) !== null, 'not 64 bytes'),
})

/** Reads `{"receipt","signature"}`. Members that the contract does not name are signed and otherwise ignored. */
export function readReceipt(delivered: unknown): ReceiptReading {
  const outer = Delivered.safeParse(delivered)
  if (!outer.success) return malformed(outer.error)
  const { receipt: raw } = delivered as { readonly receipt: object }
  const isCorrection = Object.hasOwn(raw, 'corrects')
  const signed = signedText(raw)
  if (signed === null) return { kind: 'malformed', problem: 'receipt: has no canonical form' }
  const document = {
    delivered: { receipt: raw, signature: outer.data.signature },
    signedBytes: receiptBytes(signed),
    signature: Buffer.from(outer.data.signature, 'base64'),
  }
  const proof = { ...document, digest: receiptDigest(document.signedBytes) }
  if (isCorrection) {
    const read = CorrectionReceipt.safeParse(raw)
    if (!read.success) return malformed(read.error)
    const { corrects } = read.data
    const about = { kind: 'correction', corrects } as const
    return { kind: 'read', receipt: { ...proof, ...common(read.data), about } }
  }
  const read = CallReceipt.safeParse(raw)
  if (!read.success) return malformed(read.error)
  const about = { kind: 'call', call: callOf(read.data) } as const
  return { kind: 'read', receipt: { ...proof, ...common(read.data), about } }
}

function common(read: z.infer<typeof CallReceipt> | z.infer<typeof CorrectionReceipt>) {
  const { gateway, agent, prev, charge, spent } = read
  const { balance_after: balanceAfter, ended_at: endedAt } = read
  return { gateway, agent, seq: read.seq, prev, charge, spent, balanceAfter, endedAt }
}

function callOf(read: z.infer<typeof CallReceipt>): Call {
  return {
    requestId: read.request_id,
    model: read.model,
    outcome: read.outcome,
    tokens: read.tokens,
    priceVersion: read.price_version,
    held: read.held ?? null,
    requestDigest: read.request_digest,
    auth: read.auth,
    startedAt: read.started_at,
  }
}

/** The canonical text of the document as it came; null where it has none (lone surrogates, nested without end). */
function signedText(receipt: object): string | null {
  try {
    return canonicalJson(receipt)
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return null
    throw error
  }
}

function malformed({ issues }: z.ZodError): ReceiptReading {
  return { kind: 'malformed', problem: problemsOf(issues) }
}

/** What is wrong with a document, in one line. */
export function problemsOf(issues: readonly z.core.$ZodIssue[]): string {
  const lines = issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`)
  return lines.slice(0, PROBLEMS_SHOWN).join('; ')
}

/** What a receipt says, as a fact; its number goes with it. */
export function receiptFact(receipt: ReadReceipt, states: Stated): ReceiptFact {
  return {
    source: 'receipt',
    states: { seq: receipt.seq, ...states },
    delivered: receipt.delivered,
  }
}

const PROBLEMS_SHOWN = 5

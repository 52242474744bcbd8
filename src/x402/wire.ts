/**
 * The shapes of x402, version 2, as they travel in headers: base64 of JSON. What clients send is read strictly and
 * bounded. Source: x402 specification v2, HTTP transport, scheme `exact` on Solana.
 */
import { z } from 'zod'
import { boundedText } from '../bounded.ts'
import { CLUSTERS } from '../chain/clusters.ts'
import type { ChainName } from '../identity/signed-text.ts'

/** What the server asks for; `amount` is a decimal string of units. */
export interface PaymentRequirements {
  readonly scheme: 'exact'
  /** CAIP-2. */
  readonly network: string
  readonly amount: string
  /** The mint. */
  readonly asset: string
  /** The vault: clients pay into its associated token account. */
  readonly payTo: string
  readonly maxTimeoutSeconds: number
  readonly extra: { readonly feePayer: string }
}

/** `PAYMENT-REQUIRED`. */
export interface PaymentRequired {
  readonly x402Version: 2
  readonly error: string
  readonly resource: {
    readonly url: string
    readonly description: string
    readonly mimeType: string
  }
  readonly accepts: readonly PaymentRequirements[]
}

/** `PAYMENT-RESPONSE`. `transaction` is empty where none was sent. */
export interface SettlementResponse {
  readonly success: boolean
  readonly errorReason?: string
  readonly errorMessage?: string
  /** Who paid: the authority of the transfer. */
  readonly payer?: string
  readonly transaction: string
  readonly network: string
  readonly amount?: string
}

/** `PAYMENT-SIGNATURE`, as far as it is needed: what the client agreed to, and its transaction. */
export interface PaymentPayload {
  readonly accepted: {
    readonly scheme: string
    readonly network: string
    readonly amount: string
    readonly asset: string
    readonly payTo: string
    readonly feePayer: string
  }
  readonly transaction: Uint8Array
}

export type PayloadOutcome =
  | { readonly kind: 'read'; readonly payload: PaymentPayload }
  | { readonly kind: 'refused'; readonly message: string }

/** Characters of the header: a transaction is 1232 bytes at most, and terms are short. */
const HEADER_LENGTH_MAX = 8_192
/** Bytes of a transaction that a node takes. */
export const TRANSACTION_BYTES_MAX = 1_232

const text = boundedText(1, 128)
const Payload = z.object({
  x402Version: z.literal(2),
  accepted: z.object({
    scheme: text,
    network: text,
    amount: z.string().regex(/^(0|[1-9]\d{0,18})$/),
    asset: text,
    payTo: text,
    extra: z.object({ feePayer: text }),
  }),
  payload: z.object({
    transaction: boundedText(0, Math.ceil(TRANSACTION_BYTES_MAX / 3) * 4),
  }),
})

/** The CAIP-2 name of a chain; x402 clients know no local one, so that is announced as devnet. */
export function networkOf(chain: ChainName): string {
  const known = chain === 'localnet' ? 'devnet' : chain
  const genesisHash = CLUSTERS.find((cluster) => cluster.chain === known)?.genesisHash ?? ''
  return `solana:${genesisHash.slice(0, 32)}`
}

/** A header's value. */
export function encodeHeader(value: PaymentRequired | SettlementResponse): string {
  return Buffer.from(JSON.stringify(value)).toString('base64')
}

/** The JSON that a header carries in canonical base64; undefined where it carries none. */
function decodeHeader(header: string): unknown {
  if (header.length > HEADER_LENGTH_MAX) return undefined
  const bytes = decodeBase64(header)
  if (bytes === null) return undefined
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch {
    return undefined
  }
}

/** Reads `PAYMENT-SIGNATURE`. */
export function readPaymentPayload(header: string): PayloadOutcome {
  const value = decodeHeader(header)
  if (value === undefined) return refused('PAYMENT-SIGNATURE is not the base64 of JSON.')
  const read = Payload.safeParse(value)
  if (!read.success) {
    const at = read.error.issues[0]?.path.join('.') || 'the JSON as a whole'
    return refused(`PAYMENT-SIGNATURE is not an x402 v2 payment of scheme exact: see ${at}.`)
  }
  const { accepted, payload } = read.data
  const transaction = decodeBase64(payload.transaction)
  if (transaction === null) return refused('payload.transaction is not base64.')
  const { scheme, network, amount, asset, payTo, extra } = accepted
  const terms = { scheme, network, amount, asset, payTo, feePayer: extra.feePayer }
  return { kind: 'read', payload: { accepted: terms, transaction } }
}

function decodeBase64(base64: string): Uint8Array | null {
  const bytes = Buffer.from(base64, 'base64')
  return bytes.length > 0 && bytes.toString('base64') === base64 ? bytes : null
}

function refused(message: string): PayloadOutcome {
  return { kind: 'refused', message }
}

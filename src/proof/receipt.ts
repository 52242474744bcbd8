/**
 * A receipt: what an agent was charged for one call, chained to the one before and signed with the gateway's receipt key.
 * Its text is RFC 8785 JSON, so that anyone can build the same bytes. Source: proof contract, "Receipts"; `vectors.json`.
 */
import { hash } from 'node:crypto'
import { canonicalJson } from '../canonical-json.ts'
import type { Tokens } from '../money.ts'

/** How a billed call ended; docs/billing.md says what each charges. */
export type Outcome =
  | 'completed'
  | 'client_left'
  | 'provider_failed'
  | 'provider_stalled'
  | 'usage_missing'
  | 'recovered'

/** What the agent sent to ask for a call; enough to rebuild the signed text, or the session used. */
export type CallAuth =
  | {
      readonly method: string
      readonly target: string
      readonly nonce: string
      readonly issued_at: string
      readonly signature: string
      readonly price_version?: string
      /** The member of `Signature-Input`, where the call was signed as RFC 9421 has it. */
      readonly signature_input?: string
    }
  | { readonly session: string }

/** One charge. Amounts are decimal strings of units, times RFC 3339 UTC with milliseconds, digests `sha256:<hex>`. */
export interface Receipt {
  readonly v: 1
  readonly gateway: string
  readonly agent: string
  /** Counts from 1 per agent, without gaps. */
  readonly seq: number
  /** `receiptDigest` of the receipt before; at seq 1 `FIRST_PREV`. */
  readonly prev: string
  readonly request_id: string
  readonly provider: string
  readonly upstream_id: string | null
  readonly model: string
  readonly outcome: Outcome
  readonly tokens: Tokens
  readonly price_version: string
  readonly charge: string
  /** Present where the charge is the hold, because tokens and prices come to more. */
  readonly held?: string
  /** Total of the agent's charges after this one: what a voucher must reach. */
  readonly spent: string
  /** deposited − withdrawn − spent. */
  readonly balance_after: string
  readonly request_digest: string
  /** Null where the call was recovered: nobody lived to say what the agent was sent. */
  readonly response_digest: string | null
  readonly auth: CallAuth
  readonly started_at: string
  readonly ended_at: string
}

/** A receipt as it is delivered; the signature is base64. */
export interface SignedReceipt {
  readonly receipt: Receipt
  readonly signature: string
}

/** `prev` of the first receipt. */
export const FIRST_PREV = `sha256:${'0'.repeat(64)}`

const DOMAIN = 'level5-receipt-v1\n'

/** The receipt's canonical text. */
export function receiptText(receipt: Receipt): string {
  return canonicalJson(receipt)
}

/** The bytes under the signature of a receipt with this canonical text. */
export function receiptBytes(text: string): Uint8Array {
  return Buffer.from(`${DOMAIN}${text}`)
}

/** What the next receipt's `prev` names: the digest of the signed bytes. */
export function receiptDigest(signedBytes: Uint8Array): string {
  return `sha256:${hash('sha256', signedBytes, 'hex')}`
}

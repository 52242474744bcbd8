/** What a receipt says of a charge. Values in, a receipt out. Source: proof contract, "Receipts". */
import type { Tokens } from '../money.ts'
import { type CallAuth, FIRST_PREV, type Outcome, type Receipt } from '../proof/receipt.ts'

/** A settled call and what the books say after it. Amounts in units, times Unix milliseconds. */
export interface Charge {
  readonly agent: string
  readonly requestId: string
  readonly provider: string
  /** As the provider wrote it: any text. */
  readonly upstreamId: string | null
  readonly model: string
  readonly outcome: Outcome
  readonly tokens: Tokens
  readonly priceVersion: string
  readonly held: bigint
  readonly charge: bigint
  readonly spent: bigint
  readonly balanceAfter: bigint
  readonly requestDigest: string
  readonly responseDigest: string | null
  readonly auth: CallAuth
  readonly startedAt: number
  readonly endedAt: number
}

/** The last receipt of an agent's chain, as far as the next one needs it. */
export interface ChainHead {
  readonly seq: number
  readonly digest: string
}

export const NO_RECEIPT: ChainHead = { seq: 0, digest: FIRST_PREV }

export function chargeReceipt(gateway: string, head: ChainHead, charge: Charge): Receipt {
  return {
    v: 1,
    gateway,
    agent: charge.agent,
    seq: head.seq + 1,
    prev: head.digest,
    request_id: charge.requestId,
    provider: charge.provider,
    upstream_id: charge.upstreamId === null ? null : wellFormed(charge.upstreamId),
    model: charge.model,
    outcome: charge.outcome,
    tokens: charge.tokens,
    price_version: charge.priceVersion,
    charge: charge.charge.toString(),
    ...(charge.charge === charge.held ? { held: charge.held.toString() } : {}),
    spent: charge.spent.toString(),
    balance_after: charge.balanceAfter.toString(),
    request_digest: charge.requestDigest,
    response_digest: charge.responseDigest,
    auth: charge.auth,
    started_at: new Date(charge.startedAt).toISOString(),
    ended_at: new Date(charge.endedAt).toISOString(),
  }
}

/** Lone surrogates, which no I-JSON carries, become U+FFFD: no provider can write a name that makes a charge fail. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}

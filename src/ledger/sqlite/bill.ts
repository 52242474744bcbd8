/** What a hold is charged, and how the journal and the receipt say it. Values in, values out. */
import type { Tokens, Units } from '../../money.ts'
import { type Charge, storedAuthText } from '../charge-receipt.ts'
import type { Outcome, Usage } from '../ledger.ts'
import type { OpenHold } from './open-hold.ts'

/** By whoever ends the hold. */
export interface Bill {
  readonly charge: Units
  readonly tokens: Tokens
  readonly outcome: Outcome
  readonly upstreamId: string | null
  readonly responseDigest: string | null
  readonly at: number
}

export function usageOf(hold: OpenHold, bill: Bill): Usage {
  return {
    provider: hold.provider,
    model: hold.model,
    outcome: bill.outcome,
    tokens: bill.tokens,
    price_version: hold.priceVersion,
    held: hold.amount.toString(),
    upstream_id: bill.upstreamId,
    request_digest: hold.requestDigest,
    response_digest: bill.responseDigest,
  }
}

export function chargeOf(hold: OpenHold, bill: Bill, spent: bigint, balanceAfter: bigint): Charge {
  return {
    agent: hold.agent,
    requestId: hold.requestId,
    provider: hold.provider,
    upstreamId: bill.upstreamId,
    model: hold.model,
    outcome: bill.outcome,
    tokens: bill.tokens,
    priceVersion: hold.priceVersion,
    held: hold.amount,
    charge: bill.charge,
    spent,
    balanceAfter,
    requestDigest: hold.requestDigest,
    responseDigest: bill.responseDigest,
    authText: storedAuthText(hold.authJson),
    startedAt: Number(hold.startedAt),
    endedAt: bill.at,
  }
}

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
  /** `authText` of what the agent sent. */
  readonly authText: string
  readonly startedAt: number
  readonly endedAt: number
}

/** The last receipt of an agent's chain, as far as the next one needs it. */
export interface ChainHead {
  readonly seq: number
  readonly digest: string
}

export const NO_RECEIPT: ChainHead = { seq: 0, digest: FIRST_PREV }

/**
 * The receipt's canonical text. The members stand here as RFC 8785 sorts them, so that the runtime's own JSON writes it:
 * sorting and quoting one by one costs four times as much, on every call.
 */
export function chargeReceiptText(gateway: string, head: ChainHead, charge: Charge): string {
  const rest: Omit<Receipt, 'agent' | 'auth' | 'held'> & { readonly held: string | undefined } = {
    balance_after: charge.balanceAfter.toString(),
    charge: charge.charge.toString(),
    // A clock that is set back during a call must not make the receipt contradict itself.
    ended_at: new Date(Math.max(charge.startedAt, charge.endedAt)).toISOString(),
    gateway,
    held: charge.charge === charge.held ? charge.held.toString() : undefined,
    model: charge.model,
    outcome: charge.outcome,
    prev: head.digest,
    price_version: charge.priceVersion,
    provider: charge.provider,
    request_digest: charge.requestDigest,
    request_id: charge.requestId,
    response_digest: charge.responseDigest,
    seq: head.seq + 1,
    spent: charge.spent.toString(),
    started_at: new Date(charge.startedAt).toISOString(),
    tokens: sortedTokens(charge.tokens),
    upstream_id: charge.upstreamId === null ? null : wellFormed(charge.upstreamId),
    v: 1,
  }
  const agent = JSON.stringify(charge.agent)
  return `{"agent":${agent},"auth":${charge.authText},${JSON.stringify(rest).slice(1)}`
}

/** What the agent sent to ask for a call, in canonical text: written once, it stands in the hold, the call and the receipt. */
export function authText(auth: CallAuth): string {
  if ('session' in auth) return JSON.stringify({ session: auth.session })
  return JSON.stringify({
    issued_at: auth.issued_at,
    method: auth.method,
    nonce: auth.nonce,
    price_version: auth.price_version,
    signature: auth.signature,
    signature_input: auth.signature_input,
    target: auth.target,
  })
}

/** The same of a text that is stored: calls of before have their members in the order in which they were read. */
export function storedAuthText(stored: string): string {
  const isSorted = stored.startsWith('{"issued_at":') || stored.startsWith('{"session":')
  return isSorted ? stored : authText(JSON.parse(stored) as CallAuth)
}

function sortedTokens({
  cache_write,
  cache_write_1h,
  cached_input,
  input,
  output,
}: Tokens): Tokens {
  return { cache_write, cache_write_1h, cached_input, input, output }
}

/** Lone surrogates, which no I-JSON carries, become U+FFFD: no provider can write a name that makes a charge fail. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}

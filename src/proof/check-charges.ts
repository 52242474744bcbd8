/** What each call was charged: by tokens and prices, of the list that the agent signed for, asked for by its own signature. */
import { checkAuthProof } from '../identity/auth-proof.ts'
import { charge, type TokenPrices, type Tokens } from '../money.ts'
import type { PriceShelf } from './check-prices.ts'
import type { Evidence } from './evidence.ts'
import type { Finding } from './finding.ts'
import type { ListedPrices } from './read-price-list.ts'
import type { Call, ReadReceipt } from './read-receipt.ts'
import { receiptFact } from './read-receipt.ts'
import type { CallAuth } from './receipt.ts'
import { CLOCK_TOLERANCE_MS } from './receipt-keys.ts'

/** What is billed: a signature for anything else asks for no call. Source: wire contract, "Calls (billed)". */
const BILLED = ['/v1/chat/completions', '/v1/responses', '/v1/embeddings', '/v1/messages']
/** A signed request is accepted for a minute; a payment that comes with it may take two; then what clocks are apart. */
const SIGNATURE_AGE_MS_MAX = 60_000 + 120_000 + 2 * CLOCK_TOLERANCE_MS

/** A call whose receipt is being checked. */
interface Charged {
  readonly receipt: ReadReceipt
  readonly call: Call
}

/** Checks every call: charge, price list and authorization; `signatures` is how many were verified. */
export function checkCalls(
  evidence: Evidence,
  receipts: readonly ReadReceipt[],
  shelf: PriceShelf,
): { readonly findings: readonly Finding[]; readonly signatures: number } {
  const findings: Finding[] = []
  let signatures = 0
  for (const receipt of receipts) {
    if (receipt.about.kind === 'correction') continue
    const charged = { receipt, call: receipt.about.call }
    findings.push(...checkCharge(charged, shelf))
    if ('session' in charged.call.auth) continue
    signatures += 1
    findings.push(...checkAuthorization(evidence, charged, charged.call.auth))
  }
  return { findings, signatures }
}

function checkCharge({ receipt, call }: Charged, shelf: PriceShelf): Finding[] {
  const { priceVersion, model, tokens, held } = call
  const shown = shelf.lists.get(priceVersion)
  const says = receiptFact(receipt, { price_version: priceVersion, model })
  if (shown === undefined) {
    const target = `GET /v1/pricing?version=${priceVersion}`
    const problem = shelf.troubles.get(priceVersion) ?? 'no list of this version was answered'
    const message = `receipt ${receipt.seq} charges by a price list that is not shown`
    const but = { source: 'answer', target, states: { problem } } as const
    return [{ kind: 'price_list_missing', message, says, but }]
  }
  const listed = shown.models.get(model)
  const version = { version: priceVersion }
  if (listed === undefined) {
    const message = `receipt ${receipt.seq} charges for a model that its price list does not have`
    const but = { source: 'price_list', states: version, delivered: shown.delivered } as const
    return [{ kind: 'charge_differs', message, says, but }]
  }
  const { prices, computed, isRight } = recompute(listed, call, receipt.charge)
  if (isRight) return []
  const states = { ...version, model, ...stated(prices), charge: computed.toString() }
  return [
    {
      kind: 'charge_differs',
      message: `receipt ${receipt.seq} charges ${receipt.charge} units where tokens and prices come to ${computed}`,
      says: receiptFact(receipt, {
        charge: receipt.charge.toString(),
        ...(held === null ? {} : { held: held.toString() }),
        tokens: { ...tokens },
      }),
      but: { source: 'price_list', states, delivered: shown.delivered },
    },
  ]
}

/** What tokens and listed prices come to, and whether that, or a hold that is no higher, is what was charged. */
export function recompute(listed: ListedPrices, { tokens, held }: Call, charged: bigint) {
  const prices = pricesOf(listed, tokens)
  const computed = charge(tokens, prices)
  const isRight = held === null ? charged === computed : charged === held && held <= computed
  return { prices, computed, isRight }
}

/** `long_context` prices hold for the whole call when its input passes `above` tokens. */
function pricesOf({ prices, longContext }: ListedPrices, tokens: Tokens): TokenPrices {
  const { input, cached_input, cache_write, cache_write_1h } = tokens
  const sent = input + cached_input + cache_write + cache_write_1h
  return longContext !== null && sent > longContext.above ? longContext.prices : prices
}

function stated(prices: TokenPrices): Record<string, string> {
  return Object.fromEntries(Object.entries(prices).map(([name, price]) => [name, price.toString()]))
}

function checkAuthorization(
  { party }: Evidence,
  { receipt, call }: Charged,
  auth: Exclude<CallAuth, { session: string }>,
): Finding[] {
  const { requestDigest, priceVersion, startedAt } = call
  const findings: Finding[] = []
  const refuse = (why: string): void => {
    const { origin, chain, agent } = party
    findings.push({
      kind: 'not_asked_for',
      message: `nothing shows that the agent asked for call ${receipt.seq}: ${why}`,
      says: receiptFact(receipt, { auth: { ...auth }, request_digest: requestDigest }),
      but: {
        source: 'computed',
        rule: 'the text that the agent signs for a call, rebuilt from auth and request_digest',
        states: { origin, chain, agent, why },
      },
    })
  }
  const [path = ''] = auth.target.split('?')
  if (auth.method !== 'POST' || !BILLED.includes(path)) {
    refuse(`${auth.method} ${auth.target} is no call that is billed`)
  }
  const proof = checkAuthProof(party, { agent: party.agent, auth, requestDigest })
  if (proof.kind === 'unproven') refuse(proof.reason)
  else if (Math.abs(startedAt - Date.parse(auth.issued_at)) > SIGNATURE_AGE_MS_MAX) {
    refuse(`it was signed at ${auth.issued_at} and started at ${new Date(startedAt).toISOString()}`)
  }
  if (auth.price_version !== undefined && auth.price_version !== priceVersion) {
    findings.push({
      kind: 'other_price_list',
      message: `the agent signed call ${receipt.seq} for another price list than it was charged by`,
      says: receiptFact(receipt, { price_version: priceVersion }),
      but: receiptFact(receipt, { 'auth.price_version': auth.price_version }),
    })
  }
  return findings
}

/**
 * What a receipt can charge at most by what it says itself, held against the signed price list that it names. The one
 * bound for a call that this process did not make, and so cannot reckon from its body. Pure.
 *
 * - The charge is what tokens and prices come to, or a hold below that.
 * - A `completed` call that reports its usage read one context window at most. Output: the model's maximum; a path that
 *   takes `n` gives it for each choice, and bills a predicted output, which the window bounds, besides.
 * - Everything else is charged by the gateway's own bounds (a byte counts as a token, an image as its maximum), or is a
 *   batch of embeddings, each with a window of its own: at most the largest body, and 128 windows for what its bytes do
 *   not show. Wide, because an honest gateway reaches far beyond one window there: ten bytes can be one token.
 *
 * It is the charge that is bounded, not each count: an honest provider that miscounts within it does no harm. Left open:
 * a gateway that inflates tokens below these bounds, most of all under an outcome that is not `completed`. Such a charge
 * is bounded by the owner's limit on vouchers only. Source: proof contract, "Receipts"; billing policy, "The two bounds".
 */
import { TOKENS_PER_PRICE, type TokenPrices } from '../../money.ts'
import { recompute } from '../../proof/check-charges.ts'
import type { ListedPrices, ReadPriceList } from '../../proof/read-price-list.ts'
import type { Call } from '../../proof/read-receipt.ts'

/** The most that `n` may ask for, which only chat completions take. */
const CHOICES_MAX = 128n
const CHOOSING = '/v1/chat/completions'
const EMBEDDING = '/v1/embeddings'
/** The largest body that is taken (`MAX_BODY_MB`), in bytes. */
const BODY_BYTES_MAX = 33_554_432n
/** Windows that images and documents may come to in an estimate, or a larger body in a gateway that takes one. */
const WINDOWS_MAX = 128n

/** What is wrong with a charge (units), or null. `isOwn`: its call is known, and a closer bound for it was kept. */
export function chargeProblem(
  charge: bigint,
  call: Call,
  list: ReadPriceList,
  isOwn: boolean,
): string | null {
  const { model, priceVersion } = call
  const listed = list.models.get(model)
  if (listed === undefined) return `the price list ${priceVersion} has no model ${model}`
  const { computed, isRight } = recompute(listed, call, charge)
  if (!isRight) return `charges ${charge} where tokens and prices come to ${computed}`
  if (isOwn) return null
  const bound = chargeBound(call, listed)
  if (bound === null) return `the price list ${priceVersion} does not say how long calls may be`
  return charge > bound ? `charges ${charge} for a call that costs ${bound} at the very most` : null
}

/** Units; null where the list does not state the model's limits. */
function chargeBound(call: Call, listed: ListedPrices): bigint | null {
  const { limits, prices, longContext } = listed
  if (limits === null) return null
  const window = BigInt(limits.contextWindow)
  const output = BigInt(limits.maxOutputTokens)
  const tiers = longContext === null ? [prices] : [prices, longContext.prices]
  const { maxInput, maxOutput } = greatest(tiers)
  const inputTokens = isCounted(call) ? window : BODY_BYTES_MAX + WINDOWS_MAX * window
  const outputTokens = takes(call, CHOOSING) ? CHOICES_MAX * output + window : output
  const millionths = inputTokens * maxInput + outputTokens * maxOutput
  return (millionths + TOKENS_PER_PRICE - 1n) / TOKENS_PER_PRICE
}

/** Whether its tokens are the provider's own count of one prompt and its answer. */
function isCounted(call: Call): boolean {
  const isBatch = takes(call, EMBEDDING) && call.tokens.output === 0
  return call.outcome === 'completed' && call.held === null && !isBatch
}

/** Whether it was, or in a session may have been, a call of this path. */
function takes({ auth }: Call, path: string): boolean {
  return 'session' in auth || auth.target.split('?')[0] === path
}

function greatest(tiers: readonly TokenPrices[]) {
  let maxInput = 0n
  let maxOutput = 0n
  for (const { output, ...inputs } of tiers) {
    for (const price of Object.values(inputs)) if (price > maxInput) maxInput = price
    if (output > maxOutput) maxOutput = output
  }
  return { maxInput, maxOutput }
}

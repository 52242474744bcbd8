/**
 * What a call must cost, from the price list that the gateway publishes and the tokens that the provider stated. Pure.
 * Source: wire contract, "Money" and "GET /v1/pricing".
 */
import { memberOf } from './json-values.ts'
import type { TokenCounts } from './provider/wire-format.ts'

const PER = 1_000_000n
const AMOUNT = /^\d{1,30}$/

/** Whether the list names the model. */
export function hasPrices(pricing: unknown, model: string): boolean {
  return memberOf(memberOf(pricing, 'models'), model) !== undefined
}

/**
 * The charge in atomic units, rounded up once. A class without a price of its own costs the dearest of the input prices;
 * long-context prices hold for the whole call. Throws where the list does not say what the contract has it say.
 */
export function chargeOf(pricing: unknown, model: string, counts: TokenCounts): bigint {
  const terms = memberOf(memberOf(pricing, 'models'), model)
  const { input, cachedInput, cacheWrite, cacheWriteHour, output } = counts
  const long = memberOf(terms, 'long_context')
  const above = memberOf(long, 'above')
  const read = input + cachedInput + cacheWrite + cacheWriteHour
  const prices = typeof above === 'number' && read > above ? long : terms
  const named = ['input', 'cached_input', 'cache_write', 'cache_write_1h'].map((name) =>
    priceOf(prices, name),
  )
  const dearest = named.reduce<bigint>((most, price) => {
    return price !== null && price > most ? price : most
  }, 0n)
  const tokens = [input, cachedInput, cacheWrite, cacheWriteHour]
  const outputPrice = priceOf(prices, 'output')
  if (outputPrice === null) throw new Error(`the price list names no output price of ${model}`)
  const sum = tokens.reduce(
    (all, count, at) => all + BigInt(count) * (named[at] ?? dearest),
    BigInt(output) * outputPrice,
  )
  return (sum + PER - 1n) / PER
}

/** Units per 1,000,000 tokens; null where the class has no price of its own. */
function priceOf(prices: unknown, name: string): bigint | null {
  const price = memberOf(prices, name)
  return typeof price === 'string' && AMOUNT.test(price) ? BigInt(price) : null
}

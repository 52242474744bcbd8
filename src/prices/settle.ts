/** What a call is charged at once its usage is known. Source: wire contract, `GET /v1/pricing`; property M7. */
import type { TokenPrices, Tokens } from '../money.ts'
import type { ModelTerms } from './price-list.ts'

/** The prices of a call: `long_context` prices hold for the whole call when its input passes `above` tokens. */
export function pricesFor(terms: ModelTerms, tokens: Tokens): TokenPrices {
  const { longContext } = terms
  return longContext !== null && inputTokens(tokens) > longContext.above
    ? longContext.prices
    : terms.prices
}

function inputTokens(tokens: Tokens): number {
  return tokens.input + tokens.cached_input + tokens.cache_write + tokens.cache_write_1h
}

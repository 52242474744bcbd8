/** What a call costs once its usage is known. Source: wire contract, "Money" and `GET /v1/pricing`; property M7. */
import { charge, type TokenPrices, type Tokens, type Units } from '../money.ts'
import type { ModelTerms } from './price-list.ts'

/** The prices of a call: `long_context` prices hold for the whole call when its input passes `above` tokens. */
export function pricesFor(terms: ModelTerms, tokens: Tokens): TokenPrices {
  const { longContext } = terms
  return longContext !== null && inputTokens(tokens) > longContext.above
    ? longContext.prices
    : terms.prices
}

export interface Charge {
  readonly charge: Units
  /** True when the usage costs more than the hold: then the hold is charged and the operator bears the difference. */
  readonly capped: boolean
}

/** The charge of a call, at most its hold. Throws a RangeError when a count of tokens is not one. */
export function chargeFor(terms: ModelTerms, tokens: Tokens, hold: Units): Charge {
  const full = charge(tokens, pricesFor(terms, tokens))
  return full > hold ? { charge: hold, capped: true } : { charge: full, capped: false }
}

function inputTokens(tokens: Tokens): number {
  return tokens.input + tokens.cached_input + tokens.cache_write + tokens.cache_write_1h
}

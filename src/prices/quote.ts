/** The answer to `POST /v1/quote`: what a call would hold and would likely cost. Charges nothing. */
import type { InputBounds, OutputBounds } from '../formats/format.ts'
import { charge, least, NO_TOKENS, type Units } from '../money.ts'
import type { ModelTerms } from './price-list.ts'
import { pricesFor } from './settle.ts'
import { affordableCap, chooseCap, inputBoundTokens, worstCase } from './worst-case.ts'

/** English text is about this many bytes a token. */
const BYTES_PER_TOKEN = 4
/** What an answer is taken to be long where the cap allows more. */
const TYPICAL_OUTPUT_TOKENS = 500

/** As on the wire: units as decimal strings, tokens as a number. */
export interface Quote {
  readonly price_version: string
  readonly worst_case: string
  readonly expected: string
  readonly affordable: boolean
  readonly affordable_max_tokens: number
}

/**
 * Quotes a call of an agent that may spend `available` (the lower of balance and session), which chooses the cap where
 * the client sent none, and for which no more than `holdable` could be held now. `expected` is an estimate: a quarter of
 * the body's bytes as input and, per choice, 500 tokens or the cap as output, uncached; never above `worst_case`.
 * Throws a RangeError where `refuseUnbounded` refuses.
 */
export function quote(
  priceVersion: string,
  terms: ModelTerms,
  input: InputBounds,
  output: OutputBounds,
  available: Units,
  holdable: Units = available,
): Quote {
  const cap = chooseCap(terms, input, output, available)
  const worst = worstCase(terms, input, output, cap)
  return {
    price_version: priceVersion,
    worst_case: worst.toString(),
    expected: least(expectedCharge(terms, input, output, cap), worst).toString(),
    affordable: worst <= holdable,
    affordable_max_tokens: affordableCap(terms, input, output, holdable),
  }
}

function expectedCharge(
  terms: ModelTerms,
  input: InputBounds,
  output: OutputBounds,
  cap: number,
): Units {
  const beyondText = inputBoundTokens(terms, input) - input.bytes
  const tokens = {
    ...NO_TOKENS,
    input: Math.ceil(input.bytes / BYTES_PER_TOKEN) + Math.max(0, beyondText),
    output: Math.min(cap, TYPICAL_OUTPUT_TOKENS) * output.choices,
  }
  return charge(tokens, pricesFor(terms, tokens))
}

/**
 * What a call can cost at most, before it is sent. Pure: terms of the model and bounds of the call in, units out.
 * Source: wire contract, "Calls" (worst case = input bound + output cap × n); property M5.
 */
import { type Refusal, refusal } from '../errors.ts'
import type { InputBounds, OutputBounds } from '../formats/format.ts'
import { most, TOKENS_PER_PRICE, type TokenPrices, type Units, units } from '../money.ts'
import type { ModelTerms } from './price-list.ts'

/**
 * The smallest cap that the gateway writes where the client sent none, in tokens: the Responses API takes no less.
 * Below it the balance counts as insufficient.
 */
const WRITTEN_CAP_MIN = 16

/** Refuses input that this model has no bound for (images, documents), with `unsupported_parameter`; else null. */
export function refuseUnbounded(terms: ModelTerms, input: InputBounds): Refusal | null {
  if (input.images > 0 && terms.imageTokensMax === null) {
    const message = `Images to ${terms.id} have no stated maximum of tokens.`
    return refusal('unsupported_parameter', message, 'image')
  }
  if (input.documentPages > 0 && terms.documentPageTokensMax === null) {
    const message = `Documents to ${terms.id} have no stated maximum of tokens.`
    return refusal('unsupported_parameter', message, 'document')
  }
  return null
}

/**
 * The most input tokens that a call can be billed. With documents, whose compressed text no count of pages bounds, at
 * most the context window, which no provider reads beyond. Throws a RangeError where `refuseUnbounded` refuses.
 */
export function inputBoundTokens(terms: ModelTerms, input: InputBounds): number {
  if (refuseUnbounded(terms, input) !== null) {
    throw new RangeError(`the input of this call to ${terms.id} has no bound`)
  }
  const tools = input.tools ? terms.toolPromptTokens : 0
  const images = input.images * (terms.imageTokensMax ?? 0)
  const plain = input.bytes + tools + images
  if (input.documentPages === 0) return plain
  const documents = input.documentPages * (terms.documentPageTokensMax ?? 0)
  return Math.min(plain + documents, terms.contextWindow)
}

/** The hold of a call whose output is capped at `cap` tokens per choice: no usage within the bounds costs more. */
export function worstCase(
  terms: ModelTerms,
  input: InputBounds,
  output: OutputBounds,
  cap: number,
): Units {
  const dearest = dearestPrices(terms, input)
  const outputTokens = BigInt(cap) * BigInt(output.choices) + BigInt(output.extra)
  return roundedUp(dearest.inputMillionths + outputTokens * dearest.output)
}

/**
 * The largest cap, in tokens per choice, whose worst case `available` covers; at most what the model can generate.
 * 0 when not even one token is affordable, and for calls without output.
 */
export function affordableCap(
  terms: ModelTerms,
  input: InputBounds,
  output: OutputBounds,
  available: Units,
): number {
  if (output.cap === 0) return 0
  const dearest = dearestPrices(terms, input)
  const fixed = dearest.inputMillionths + BigInt(output.extra) * dearest.output
  const left = available * TOKENS_PER_PRICE - fixed
  if (left <= 0n) return 0
  const cap = left / (dearest.output * BigInt(output.choices))
  return cap < BigInt(terms.maxOutputTokens) ? Number(cap) : terms.maxOutputTokens
}

/**
 * The cap to hold for and to forward: the client's own, or else the model's or what `available` affords, whichever is
 * lower, never below `WRITTEN_CAP_MIN` (then the hold is refused, and says what is missing).
 */
export function chooseCap(
  terms: ModelTerms,
  input: InputBounds,
  output: OutputBounds,
  available: Units,
): number {
  if (output.cap !== null) return output.cap
  const least = Math.min(WRITTEN_CAP_MIN, terms.maxOutputTokens)
  return Math.max(least, affordableCap(terms, input, output, available))
}

interface DearestPrices {
  /** The input bound at the dearest input price, in millionths of a unit. */
  readonly inputMillionths: bigint
  readonly output: bigint
}

/** The dearest prices that could apply, given how large the input can get. */
function dearestPrices(terms: ModelTerms, input: InputBounds): DearestPrices {
  const bound = inputBoundTokens(terms, input)
  const { prices, longContext } = terms
  let dearestInput = dearestInputPrice(terms, prices, input)
  let { output } = prices
  if (longContext !== null && bound > longContext.above) {
    dearestInput = most(dearestInput, dearestInputPrice(terms, longContext.prices, input))
    output = most(output, longContext.prices.output)
  }
  return { inputMillionths: BigInt(bound) * dearestInput, output }
}

/**
 * The dearest of the input classes that the call could be billed in. Cache reads happen by themselves everywhere. Anthropic's format
 * writes caches only when asked, and for an hour only when asked for that; OpenAI's models write them by themselves.
 */
function dearestInputPrice(terms: ModelTerms, prices: TokenPrices, input: InputBounds): Units {
  const asked = input.cacheWrite !== 'none' || !terms.formats.includes('anthropic-messages')
  let dearest = most(prices.input, prices.cached_input)
  if (asked) dearest = most(dearest, prices.cache_write)
  if (input.cacheWrite === '1h') dearest = most(dearest, prices.cache_write_1h)
  return dearest
}

function roundedUp(millionths: bigint): Units {
  return units((millionths + TOKENS_PER_PRICE - 1n) / TOKENS_PER_PRICE)
}

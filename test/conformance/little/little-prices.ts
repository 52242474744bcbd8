/** What a little gateway sells: a unit a token in, two out; and the same ten times dearer. */
import { charge, type TokenPrices, type Tokens, units } from '../../../src/money.ts'
import { versionOf } from '../../../src/prices/make-list.ts'

export const MODEL = 'little-model'
export const DEAR_MODEL = 'little-model-dear'

const LISTED = {
  provider: 'openai',
  input: '1000000',
  cached_input: '1000000',
  cache_write: '1000000',
  cache_write_1h: '1000000',
  output: '2000000',
  context_window: 100_000,
  max_output_tokens: 100_000,
}

export const MODELS: Readonly<Record<string, typeof LISTED>> = {
  [MODEL]: LISTED,
  [DEAR_MODEL]: { ...LISTED, input: '10000000', output: '20000000' },
}

export const VERSION = versionOf(MODELS)

export function pricing(): object {
  const effective_at = '2026-11-21T12:00:00.000Z'
  return {
    asset: 'USDC',
    decimals: 6,
    per: 1_000_000,
    version: VERSION,
    effective_at,
    models: MODELS,
  }
}

/** What tokens cost at a model's prices, in units. A model without a price is free. */
export function costOf(model: string, tokens: Tokens): bigint {
  const listed = Object.hasOwn(MODELS, model) ? MODELS[model] : undefined
  if (listed === undefined) return 0n
  const { input, cached_input, cache_write, cache_write_1h, output } = listed
  const texts = { input, cached_input, cache_write, cache_write_1h, output }
  const prices = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, units(BigInt(text))]),
  )
  return charge(tokens, prices as TokenPrices)
}

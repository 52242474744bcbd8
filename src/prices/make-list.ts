/** Makes a price list of the models' terms: its wire form, and the version that names it. Pure. */
import { createHash } from 'node:crypto'
import { canonicalJson } from '../canonical-json.ts'
import type { ModelTerms, PriceList, WireModel } from './price-list.ts'

/**
 * The list in force from `at` (Unix milliseconds). The version is SHA-256 over the RFC 8785 JSON of the wire's
 * `models`, so equal prices are the same version whenever they are listed.
 */
export function makePriceList(terms: readonly ModelTerms[], at: number): PriceList {
  const wireModels = Object.fromEntries(terms.map((model) => [model.id, wireModel(model)]))
  return {
    version: versionOf(wireModels),
    effectiveAt: new Date(at).toISOString(),
    models: new Map(terms.map((model) => [model.id, model])),
    wireModels,
  }
}

/** `sha256:<hex>` of a wire's `models`, whoever published them. */
export function versionOf(models: object): string {
  return `sha256:${createHash('sha256').update(modelsJson(models)).digest('hex')}`
}

/** The text that the version is the digest of; what the ledger keeps of a list. */
export function modelsJson(models: object): string {
  return canonicalJson(models)
}

function wireModel(terms: ModelTerms): WireModel {
  const { prices, longContext } = terms
  return {
    provider: terms.provider,
    input: prices.input.toString(),
    cached_input: prices.cached_input.toString(),
    cache_write: prices.cache_write.toString(),
    ...(terms.hasHourCache ? { cache_write_1h: prices.cache_write_1h.toString() } : {}),
    output: prices.output.toString(),
    ...(longContext === null
      ? {}
      : {
          long_context: {
            above: longContext.above,
            input: longContext.prices.input.toString(),
            cached_input: longContext.prices.cached_input.toString(),
            cache_write: longContext.prices.cache_write.toString(),
            output: longContext.prices.output.toString(),
          },
        }),
    context_window: terms.contextWindow,
    max_output_tokens: terms.maxOutputTokens,
  }
}

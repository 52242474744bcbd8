/**
 * The built-in price list: the data set's prices, the repository's limits, the operator's markup. Pure.
 * A model is served only when everything about it is known; nothing is guessed, nothing is free (property M7).
 */
import { type TokenPrices, type Units, units } from '../money.ts'
import type { DatedPrices, PricedModel, StatedPrices } from './dataset.ts'
import type { ModelLimits } from './limits.ts'
import type { LongContext, ModelTerms } from './price-list.ts'

export interface CatalogueSource {
  readonly models: readonly PricedModel[]
  readonly limits: readonly ModelLimits[]
  /** Names of the configured providers: only their models are served. */
  readonly providers: readonly string[]
  /** Whole percent on top of each price, rounded up to the unit per price. */
  readonly markupPercent: number
}

export interface Catalogue {
  readonly served: readonly ModelTerms[]
  /** Listed models that are not served, and why. */
  readonly leftOut: readonly { readonly id: string; readonly why: string }[]
}

/** The models as they are sold at `at` (Unix milliseconds). */
export function buildCatalogue(source: CatalogueSource, at: number): Catalogue {
  const served: ModelTerms[] = []
  const leftOut: { id: string; why: string }[] = []
  for (const limits of source.limits) {
    if (!source.providers.includes(limits.provider)) continue
    for (const id of limits.ids) {
      const sold = sell(source, limits, id, at)
      if (typeof sold === 'string') leftOut.push({ id, why: sold })
      else served.push(sold)
    }
  }
  return { served, leftOut }
}

/** When the catalogue of `at` stops being right: the next effective date (Unix milliseconds), or null. */
export function nextPriceChange(models: readonly PricedModel[], at: number): number | null {
  const dates = models.flatMap(({ versions }) => versions.map(startOf)).filter((from) => from > at)
  return dates.length === 0 ? null : Math.min(...dates)
}

/** The terms, or why there are none. */
function sell(
  source: CatalogueSource,
  limits: ModelLimits,
  id: string,
  at: number,
): ModelTerms | string {
  const model = findModel(source.models, limits.provider, id)
  if (model === null) return 'the data set has no one price for it'
  const version = versionAt(model.versions, at)
  if (version === null) return 'its price is not in force yet'
  const reachable = version.tier !== null && version.tier.above < limits.contextWindow
  const tier = reachable ? version.tier : null
  if (tier !== null && tier.prices.cache_write_1h !== undefined) {
    return 'the list cannot state an hour of cache above a threshold'
  }
  const stated = [version.prices, ...(tier === null ? [] : [tier.prices])]
  if (stated.flatMap((prices) => Object.values(prices)).some((price) => price <= 0n)) {
    return 'a price of zero'
  }
  if (version.prices.output === undefined && !limits.formats.includes('openai-embeddings')) {
    return 'its output has no price'
  }
  const longContext: LongContext | null =
    tier === null ? null : { above: tier.above, prices: sold(tier.prices, source.markupPercent) }
  return {
    id,
    provider: limits.provider,
    formats: limits.formats,
    prices: sold(version.prices, source.markupPercent),
    hasHourCache: version.prices.cache_write_1h !== undefined,
    longContext,
    contextWindow: limits.contextWindow,
    maxOutputTokens: limits.maxOutputTokens,
    toolPromptTokens: limits.toolPromptTokens,
    imageTokensMax: limits.imageTokensMax,
    documentPageTokensMax: limits.documents ? limits.contextWindow : null,
  }
}

/** The model of this id, or else the only one that has it as an alias. */
function findModel(
  models: readonly PricedModel[],
  provider: string,
  id: string,
): PricedModel | null {
  const own = models.filter((model) => model.provider === provider)
  const named = own.filter((model) => model.id === id)
  const matches = named.length > 0 ? named : own.filter((model) => model.aliases.includes(id))
  return matches.length === 1 ? (matches[0] ?? null) : null
}

function versionAt(versions: readonly DatedPrices[], at: number): DatedPrices | null {
  const inForce = versions.filter((version) => startOf(version) <= at)
  return inForce.sort((a, b) => startOf(b) - startOf(a))[0] ?? null
}

function startOf({ from }: DatedPrices): number {
  return from === null ? Number.NEGATIVE_INFINITY : Date.parse(`${from}T00:00:00.000Z`)
}

function sold(stated: StatedPrices, markupPercent: number): TokenPrices {
  const { input, cached_input, cache_write, cache_write_1h, output } = completed(stated)
  const factor = BigInt(100 + markupPercent)
  const marked = (price: bigint): Units => units((price * factor + 99n) / 100n)
  return {
    input: marked(input),
    cached_input: marked(cached_input),
    cache_write: marked(cache_write),
    cache_write_1h: marked(cache_write_1h),
    output: marked(output),
  }
}

/** A class without a price of its own costs the dearest of the model's input prices. */
export function completed(stated: StatedPrices): { readonly [K in keyof TokenPrices]: bigint } {
  const { input, cached_input, cache_write, cache_write_1h, output } = stated
  const inputs = [input, cached_input, cache_write, cache_write_1h].filter((p) => p !== undefined)
  const dearest = inputs.sort((a, b) => (a < b ? 1 : -1))[0] ?? input
  return {
    input,
    cached_input: cached_input ?? dearest,
    cache_write: cache_write ?? dearest,
    cache_write_1h: cache_write_1h ?? dearest,
    output: output ?? dearest,
  }
}

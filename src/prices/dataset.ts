/**
 * Reads `@pydantic/genai-prices` into integers. Pure: the generator hands in what the package says.
 * Exact ids and exact aliases only; what cannot be carried over exactly is left out, never rounded or guessed.
 */

/** Prices as the data set states them, in units per 1,000,000 tokens; a class that it does not state is absent. */
export interface StatedPrices {
  readonly input: bigint
  readonly cached_input?: bigint
  readonly cache_write?: bigint
  readonly cache_write_1h?: bigint
  readonly output?: bigint
}

/** Prices that hold from a day on, until the next version's. */
export interface DatedPrices {
  /** `YYYY-MM-DD`, UTC; null: since ever. */
  readonly from: string | null
  readonly prices: StatedPrices
  /** Prices of calls whose input passes `above` tokens. */
  readonly tier: { readonly above: number; readonly prices: StatedPrices } | null
}

export interface PricedModel {
  readonly provider: string
  readonly id: string
  /** Other ids that the data set equates with it. */
  readonly aliases: readonly string[]
  /** Oldest first. */
  readonly versions: readonly DatedPrices[]
}

export type Imported =
  | { readonly kind: 'imported'; readonly model: PricedModel }
  | { readonly kind: 'left_out'; readonly id: string; readonly why: string }

const CLASSES = {
  input_mtok: 'input',
  cache_read_mtok: 'cached_input',
  cache_write_mtok: 'cache_write',
  cache_write_1h_mtok: 'cache_write_1h',
  output_mtok: 'output',
} as const satisfies Record<string, keyof StatedPrices>
/** Prices of hosted tools, which the gateway refuses. */
const IRRELEVANT = new Set(['web_searches_kcount', 'storage_searches_kcount'])

/** Imports one model of the data set, given as the package holds it. */
export function importModel(provider: string, source: unknown): Imported {
  const model = record(source)
  const id = String(model['id'])
  try {
    const versions = Array.isArray(model['prices'])
      ? model['prices'].map((dated) => importDated(record(dated)))
      : [importVersion(null, record(model['prices']))]
    const aliases = exactAliases(record(model['match'])).filter((alias) => alias !== id)
    return { kind: 'imported', model: { provider, id, aliases, versions } }
  } catch (error) {
    if (!(error instanceof NotExact)) throw error
    return { kind: 'left_out', id, why: error.message }
  }
}

/** The data set says something that the integer table cannot. */
class NotExact extends Error {
  override readonly name = 'NotExact'
}

function importDated(dated: Readonly<Record<string, unknown>>): DatedPrices {
  const prices = record(dated['prices'])
  if (dated['constraint'] === undefined) return importVersion(null, prices)
  const { type, start_date: from } = record(dated['constraint'])
  if (type !== 'start_date' || typeof from !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(from)) {
    throw new NotExact('prices depend on more than a first day')
  }
  return importVersion(from, prices)
}

function importVersion(
  from: string | null,
  source: Readonly<Record<string, unknown>>,
): DatedPrices {
  const base: Record<string, bigint> = {}
  const long: Record<string, bigint> = {}
  const thresholds = new Set<number>()
  for (const [key, price] of Object.entries(source)) {
    if (IRRELEVANT.has(key) || price === undefined) continue
    const name = CLASSES[key as keyof typeof CLASSES]
    if (name === undefined) throw new NotExact(`${key} has no class of tokens`)
    const { flat, tier } = readPrice(price)
    base[name] = flat
    long[name] = tier?.price ?? flat
    if (tier !== null) thresholds.add(tier.above)
  }
  if (thresholds.size > 1) throw new NotExact('its tiers begin at different thresholds')
  const [above] = thresholds
  return {
    from,
    prices: stated(base),
    tier: above === undefined ? null : { above, prices: stated(long) },
  }
}

function stated(prices: Record<string, bigint>): StatedPrices {
  const { input, ...rest } = prices
  if (input === undefined) throw new NotExact('it states no input price')
  return { input, ...rest }
}

/** A price is a number, or a base with tiers; one tier is one threshold. */
function readPrice(price: unknown): {
  flat: bigint
  tier: { above: number; price: bigint } | null
} {
  if (typeof price === 'number') return { flat: exactUnits(price), tier: null }
  const { base, tiers } = record(price)
  if (!Array.isArray(tiers) || tiers.length !== 1) throw new NotExact('it has several tiers')
  const { start, price: tierPrice } = record(tiers[0])
  if (!Number.isSafeInteger(start)) throw new NotExact('its tier begins at no count of tokens')
  return {
    flat: exactUnits(base),
    tier: { above: Number(start), price: exactUnits(tierPrice) },
  }
}

/** USD per 1,000,000 tokens → units per 1,000,000 tokens, from the number's decimal digits. */
function exactUnits(usd: unknown): bigint {
  const match = /^(\d+)(?:\.(\d{1,6}))?$/.exec(String(usd))
  if (match === null) throw new NotExact(`${String(usd)} USD is not a whole number of units`)
  const [, whole = '0', fraction = ''] = match
  return BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
}

/** The ids that a match names exactly; patterns and prefixes are no aliases. */
function exactAliases(match: Readonly<Record<string, unknown>>): string[] {
  if (typeof match['equals'] === 'string') return [match['equals']]
  return Array.isArray(match['or']) ? match['or'].flatMap((one) => exactAliases(record(one))) : []
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new NotExact('it is not an object')
  return value as Readonly<Record<string, unknown>>
}

/**
 * Money. One unit everywhere: the atomic unit of USDC (1 USDC = 1,000,000 units).
 * Amounts are bigint in code, INTEGER in SQLite, decimal strings in JSON. No float ever holds money.
 * Source: wire contract, "Money". Imports nothing.
 */

declare const unit: unique symbol

/** An amount in atomic units of USDC. May be negative only where a docstring says so. */
export type Units = bigint & { readonly [unit]: 'USDC atomic unit' }

/** The classes of tokens that have a price. Disjoint: each token is counted in exactly one. */
export interface Tokens {
  readonly input: number
  readonly cached_input: number
  readonly cache_write: number
  readonly cache_write_1h: number
  readonly output: number
}

/** What each class of tokens costs, in units per 1,000,000 tokens. */
export type TokenPrices = { readonly [K in keyof Tokens]: Units }

export const NO_TOKENS: Tokens = {
  input: 0,
  cached_input: 0,
  cache_write: 0,
  cache_write_1h: 0,
  output: 0,
}

export const TOKEN_CLASSES = [
  'input',
  'cached_input',
  'cache_write',
  'cache_write_1h',
  'output',
] as const satisfies readonly (keyof Tokens)[]

/** USDC has six decimals on every chain. */
export const USDC_DECIMALS = 6

/** Prices are stated per this many tokens. */
export const TOKENS_PER_PRICE = 1_000_000n

export const ZERO = 0n as Units

/** Brands a bigint as an amount. */
export function units(amount: bigint): Units {
  return amount as Units
}

/**
 * Reads a decimal string of units (`"4230000"`), as JSON carries it.
 * Returns null for anything else: signs, spaces, fractions, exponents, leading zeros, more than 20 digits.
 */
export function parseUnits(text: unknown): Units | null {
  if (typeof text !== 'string' || !/^(0|[1-9]\d{0,19})$/.test(text)) return null
  return units(BigInt(text))
}

/**
 * Reads an amount of USDC as a person writes it (`"5"`, `"0.25"`), at most six decimals.
 * Returns null for anything else.
 */
export function parseUsdc(text: string): Units | null {
  const match = /^(\d{1,13})(?:\.(\d{1,6}))?$/.exec(text)
  if (match === null) return null
  const [, whole = '0', fraction = ''] = match
  return units(BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(USDC_DECIMALS, '0')))
}

/** Writes units as USDC with all six decimals: 4230000n → `4.230000`. */
export function formatUsdc(amount: bigint): string {
  const sign = amount < 0n ? '-' : ''
  const digits = (amount < 0n ? -amount : amount).toString().padStart(USDC_DECIMALS + 1, '0')
  return `${sign}${digits.slice(0, -USDC_DECIMALS)}.${digits.slice(-USDC_DECIMALS)}`
}

/**
 * The charge for a call, in units: `ceil(Σ tokensᵢ × priceᵢ / 1,000,000)`, rounded up once.
 * Throws a RangeError when a count is not a non-negative safe integer: readers of usage must not let one through.
 */
export function charge(tokens: Tokens, prices: TokenPrices): Units {
  let millionths = 0n
  for (const name of TOKEN_CLASSES) {
    const count = tokens[name]
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`${name} tokens: ${count} is not a count`)
    }
    millionths += BigInt(count) * prices[name]
  }
  return units((millionths + TOKENS_PER_PRICE - 1n) / TOKENS_PER_PRICE)
}

/** The smaller of two amounts. */
export function least(a: Units, b: Units): Units {
  return a < b ? a : b
}

/** The larger amount. */
export function most(a: Units, b: Units): Units {
  return a > b ? a : b
}

/**
 * What calls cost, reckoned from the specs alone and with nothing of the product: prices as the operator stated them,
 * tokens as the provider generated them. Source: wire contract, "Money" and "Calls"; billing policy.
 */
import type { StatedModel } from '../calls/price-lists.ts'

/** Disjoint classes. */
export interface Usage {
  readonly input: number
  readonly cached: number
  readonly written: number
  readonly writtenHour: number
  readonly output: number
}

export const NOTHING: Usage = { input: 0, cached: 0, written: 0, writtenHour: 0, output: 0 }

const MILLION = 1_000_000n

interface ClassPrices {
  readonly input: bigint
  readonly cached: bigint
  readonly written: bigint
  readonly writtenHour: bigint
  readonly output: bigint
}

/** A class without a price of its own costs the dearest of the model's input prices. */
function pricesOf(
  stated: Pick<StatedModel, 'input' | 'cached_input' | 'cache_write' | 'cache_write_1h' | 'output'>,
): ClassPrices {
  const given = [stated.input, stated.cached_input, stated.cache_write, stated.cache_write_1h]
  const dearest = largest(given.flatMap((price) => (price === undefined ? [] : [BigInt(price)])))
  const own = (price: string | undefined): bigint => (price === undefined ? dearest : BigInt(price))
  return {
    input: BigInt(stated.input),
    cached: own(stated.cached_input),
    written: own(stated.cache_write),
    writtenHour: own(stated.cache_write_1h),
    output: BigInt(stated.output),
  }
}

export function inputOf({ input, cached, written, writtenHour }: Usage): number {
  return input + cached + written + writtenHour
}

/** In units, rounded up once. */
export function costOf(model: StatedModel, usage: Usage): bigint {
  const { long_context: long } = model
  const isLong = long !== undefined && inputOf(usage) > long.above
  const prices = pricesOf(isLong ? long : model)
  const millionths =
    BigInt(usage.input) * prices.input +
    BigInt(usage.cached) * prices.cached +
    BigInt(usage.written) * prices.written +
    BigInt(usage.writtenHour) * prices.writtenHour +
    BigInt(usage.output) * prices.output
  return (millionths + MILLION - 1n) / MILLION
}

/** What bounds a call. */
export interface Bounds {
  /** Tokens that the input can have at most. */
  readonly input: number
  /** The cap for all choices together. */
  readonly output: number
  /** The classes that its input can be billed in. */
  readonly classes: readonly ('input' | 'cached' | 'written' | 'writtenHour')[]
}

/** The least that must be held: the dearest of what the call can be billed within its bounds. */
export function worstCase(model: StatedModel, bounds: Bounds): bigint {
  const tiers = [pricesOf(model)]
  const { long_context: long } = model
  if (long !== undefined && bounds.input > long.above) tiers.push(pricesOf(long))
  const input = largest(tiers.flatMap((tier) => bounds.classes.map((name) => tier[name])))
  const output = largest(tiers.map((tier) => tier.output))
  const millionths = BigInt(bounds.input) * input + BigInt(bounds.output) * output
  return (millionths + MILLION - 1n) / MILLION
}

/** The smaller of two amounts. */
export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

export function largest(values: readonly bigint[]): bigint {
  let most = 0n
  for (const value of values) if (value > most) most = value
  return most
}

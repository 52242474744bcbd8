/** Medians, percentiles and ratios of paired figures. Pure. */

/** The value below which a share of the sorted figures lies: nearest rank. NaN of none. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const rank = Math.min(sorted.length, Math.max(1, Math.ceil(share * sorted.length)))
  return sorted[rank - 1] ?? Number.NaN
}

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Middle and ends of some figures; of an even number, the median is the mean of the middle two. */
export function spread(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN
  const high = sorted[Math.floor(middle)] ?? Number.NaN
  return {
    median: (low + high) / 2,
    least: sorted[0] ?? Number.NaN,
    most: sorted.at(-1) ?? Number.NaN,
  }
}

/** The ratios of figures that were measured in the same round: what both rounds had in common cancels out. */
export function ratios(figures: readonly number[], base: readonly number[]): Spread {
  return spread(paired(figures, base).map(([figure, under]) => figure / under))
}

/** As `ratios`, for what is added. */
export function differences(figures: readonly number[], base: readonly number[]): Spread {
  return spread(paired(figures, base).map(([figure, under]) => figure - under))
}

function paired(figures: readonly number[], base: readonly number[]): [number, number][] {
  if (figures.length !== base.length) throw new Error('these are not figures of the same rounds')
  return figures.map((figure, round) => [figure, base[round] ?? Number.NaN])
}

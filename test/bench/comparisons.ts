/** Ratios and differences between subjects of a run, round by round. Pure. */
import type { Figures } from './drive.ts'
import type { CellId, SubjectName } from './plan.ts'
import { type Results, roundsOf } from './results.ts'
import { differences, ratios, type Spread, spread } from './statistics.ts'

export type Key = keyof Figures

/** The rounds of a subject in a cell, by one figure; null where it was not measured. */
function figuresOf(
  results: Results,
  cell: CellId,
  subject: SubjectName,
  key: Key,
): readonly number[] | null {
  return roundsOf(results, cell, subject)?.map((figures) => figures[key]) ?? null
}

/** Median and ends of a figure over the rounds. */
export function figure(
  results: Results,
  cell: CellId,
  subject: SubjectName,
  key: Key,
): Spread | null {
  const figures = figuresOf(results, cell, subject, key)
  return figures === null ? null : spread(figures)
}

interface Pair {
  readonly cell: CellId
  readonly of: SubjectName
  readonly to: SubjectName
  readonly key: Key
}

/** How many times the other's figure it is. */
export function ratio(results: Results, { cell, of, to, key }: Pair): Spread | null {
  const own = figuresOf(results, cell, of, key)
  const other = figuresOf(results, cell, to, key)
  return own === null || other === null ? null : ratios(own, other)
}

/** How much more than the other's figure it is. */
export function difference(results: Results, { cell, of, to, key }: Pair): Spread | null {
  const own = figuresOf(results, cell, of, key)
  const other = figuresOf(results, cell, to, key)
  return own === null || other === null ? null : differences(own, other)
}

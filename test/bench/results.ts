/** What a bench leaves behind: every figure of every round, and what is needed to read them. */
import type { Figures } from './drive.ts'
import type { Machine } from './machine.ts'
import type { CellId, SubjectName } from './plan.ts'

export interface CellResult {
  readonly id: CellId
  /** One entry a round, in the same order for every subject. */
  readonly rounds: Readonly<Partial<Record<SubjectName, readonly Figures[]>>>
}

/** The books of a ledger after the run, against what its callers were answered. */
export interface BooksResult {
  readonly subject: string
  readonly answered: number
  readonly settled: number
  /** What is wrong with them; null: every call is settled once, and the balance is what its charges leave. */
  readonly wrong: string | null
}

export interface Results {
  /** RFC 3339. */
  readonly measuredAt: string
  readonly command: string
  readonly machine: Machine
  /** Of everything that was measured, by name. */
  readonly versions: Readonly<Record<string, string>>
  readonly pinning: string
  /** Calls in the big ledger. */
  readonly bigLedgerRows: number
  /** Who or what is missing, and why. */
  readonly missing: readonly string[]
  readonly cells: readonly CellResult[]
  readonly books: readonly BooksResult[]
}

/** The rounds of a subject in a cell; null where it was not measured. */
export function roundsOf(
  results: Results,
  cell: CellId,
  subject: SubjectName,
): readonly Figures[] | null {
  return results.cells.find(({ id }) => id === cell)?.rounds[subject] ?? null
}

/** Figures keep four digits: more would only be noise to read. */
export function toJson(results: Results): string {
  const short = (_key: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value
  return `${JSON.stringify(results, short, 1)}\n`
}

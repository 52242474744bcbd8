/** Runs the cells of a plan: rounds interleaved over the subjects, so that a busy minute of the machine hits all of them. */
import type { Driver, Figures, Load } from './drive.ts'
import type { Cell, SubjectName } from './plan.ts'
import type { CellResult } from './results.ts'
import type { Subject } from './subjects/subject.ts'

export type Subjects = ReadonlyMap<SubjectName, Subject>

/** Bounds what is signed beforehand. */
const REQUESTS_MAX = 20_000
/** Fewer would measure how connections begin; of slow peers, more would take minutes. */
const FEWEST_PER_CONNECTION = { ours: 4, foreign: 1 }

export interface Report {
  progress(line: string): void
  /** A peer that could not be measured. */
  missing(line: string): void
}

/** Rejects when one of ours fails; a peer that fails is left out of the cell, and reported. */
export async function runCell(
  driver: Driver,
  cell: Cell,
  subjects: Subjects,
  report: Report,
): Promise<CellResult> {
  const measured = new Map<SubjectName, { load: Load; figures: Figures[] }>()
  for (const name of cell.subjects) {
    const subject = subjects.get(name)
    if (subject === undefined) continue
    const load = await orMissing(warmUp(driver, cell, subject), subject, cell, report)
    if (load !== null) measured.set(name, { load, figures: [] })
  }
  for (let round = 0; round < cell.rounds; round += 1) {
    for (const name of turned([...measured.keys()], round)) {
      const entry = measured.get(name)
      const subject = subjects.get(name)
      if (entry === undefined || subject === undefined) continue
      const run = driver.measure(subject, entry.load)
      const figures = await orMissing(run, subject, cell, report)
      if (figures === null) measured.delete(name)
      else entry.figures.push(figures)
    }
    report.progress(`${cell.id}: round ${round + 1} of ${cell.rounds}`)
  }
  const rounds = [...measured].map(([name, { figures }]) => [name, figures] as const)
  return { id: cell.id, rounds: Object.fromEntries(rounds) }
}

/** Asks until the rate is known, and answers with as many requests as fill a run. */
async function warmUp(driver: Driver, cell: Cell, subject: Subject): Promise<Load> {
  const { connections, body, seconds } = cell
  const ask = (requests: number) => driver.measure(subject, { connections, body, requests })
  const each = FEWEST_PER_CONNECTION[subject.foreign ? 'foreign' : 'ours']
  const fewest = Math.min(cell.warmUp, each * connections)
  const first = await ask(fewest)
  const enough = subject.foreign ? first.requestsPerSecond * seconds : cell.warmUp
  const { requestsPerSecond } = await ask(within(fewest, enough))
  return { connections, body, requests: within(fewest, requestsPerSecond * seconds) }
}

function within(fewest: number, requests: number): number {
  return Math.min(REQUESTS_MAX, Math.max(fewest, Math.round(requests)))
}

async function orMissing<T>(
  run: Promise<T>,
  subject: Subject,
  cell: Cell,
  report: Report,
): Promise<T | null> {
  try {
    return await run
  } catch (error) {
    if (!subject.foreign) throw error
    report.missing(`${subject.name}, ${cell.id}: ${(error as Error).message}`)
    return null
  }
}

/** Nobody is always first. */
function turned<T>(items: readonly T[], by: number): T[] {
  const at = by % Math.max(1, items.length)
  return [...items.slice(at), ...items.slice(0, at)]
}

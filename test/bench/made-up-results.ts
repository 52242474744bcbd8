/** A run that never was, for the tests of what is made of one. */
import type { Figures } from './drive.ts'
import type { CellId, SubjectName } from './plan.ts'
import type { CellResult, Results } from './results.ts'

/** One round in which everything was `value`, but for what is named. */
export function figures(value: number, named: Partial<Figures> = {}): Figures {
  return {
    cpuMicrosPerRequest: value,
    requestsPerSecond: value,
    latencyMsMedian: value,
    latencyMsP99: value,
    firstByteMsMedian: value,
    firstByteMsP99: value,
    residentBytes: value,
    ...named,
  }
}

export function cell(
  id: CellId,
  rounds: Partial<Record<SubjectName, readonly Figures[]>>,
): CellResult {
  return { id, rounds }
}

export function results(cells: readonly CellResult[], named: Partial<Results> = {}): Results {
  return {
    measuredAt: '2026-11-21T12:00:00.000Z',
    command: 'npm run bench',
    machine: { cpu: 'One CPU', cores: 2, memoryGb: 8, kernel: 'Linux 6.1', node: 'v20.20.2' },
    versions: { level5: '0.1.0 (abcdef0)' },
    pinning: 'pinned',
    bigLedgerRows: 0,
    missing: [],
    cells,
    books: [],
    ...named,
  }
}

/** What a simulation did, as a table to be read. */
import type { Tally } from './tally.ts'

export function tableOf(tally: Tally, effects: number): string {
  const sections = [
    section('operations', tally.operations),
    section('faults', tally.faults),
    section('answers to clients, and ends on the books', tally.outcomes),
    section('figures (units, counts)', tally.figures),
  ]
  return `${sections.join('\n\n')}\n\n${effects} effects at which a process could die`
}

function section(title: string, rows: ReadonlyMap<string, number | bigint>): string {
  const lines = [...rows]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, times]) => `  ${name.padEnd(44)} ${String(times).padStart(12)}`)
  return [title, ...lines].join('\n')
}

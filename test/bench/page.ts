/** The benchmarks' page: its words are written by people, what stands between the two marks by a run. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chart } from './chart.ts'
import type { Results } from './results.ts'
import { allTables } from './tables.ts'

const BEGIN = '<!-- figures: npm run bench writes from here -->'
const END = '<!-- to here -->'

/** Writes the raw figures, the chart, and the tables into the page of a folder. */
export function writePage(folder: string, json: string): void {
  const results = JSON.parse(json) as Results
  const file = join(folder, 'benchmarks.md')
  writeFileSync(file, withFigures(readFileSync(file, 'utf8'), results))
  writeFileSync(join(folder, 'benchmarks.json'), json)
  writeFileSync(join(folder, 'benchmarks.svg'), chart(results))
}

/** The page with the figures of a run. Throws where the marks are missing. Pure. */
export function withFigures(page: string, results: Results): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin === -1 || end < begin) throw new Error('the page has no place for figures')
  const before = page.slice(0, begin + BEGIN.length)
  return `${before}\n${figuresOf(results)}\n${page.slice(end)}`
}

function figuresOf(results: Results): string {
  const { machine, versions, command, measuredAt, pinning, bigLedgerRows } = results
  const { cpu, cores, memoryGb, kernel, node } = machine
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `Measured on ${measuredAt.slice(0, 10)}: ${cpu}, ${cores} cores, ${memoryGb} GB, ${kernel}, Node ${node}; ${pinning}.`,
    `Versions: ${named.join(', ')}.`,
    ...(bigLedgerRows > 0 ? [`The big ledger holds ${bigLedgerRows} rows of the journal.`] : []),
    '',
    '```sh',
    command,
    '```',
    '',
    '![Requests per second](benchmarks.svg)',
    '',
    allTables(results),
  ].join('\n')
}

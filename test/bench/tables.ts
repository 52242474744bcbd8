/** A run as tables in Markdown: ratios first, then what they are ratios of. Pure. */
import { difference, figure, type Key, ratio } from './comparisons.ts'
import { type CellId, SUBJECTS, type SubjectName } from './plan.ts'
import { type BooksResult, type Results, roundsOf } from './results.ts'
import type { Spread } from './statistics.ts'
import { verdicts } from './targets.ts'

const WHOLE: readonly CellId[] = [
  '1 connection',
  '32 connections',
  '64 connections',
  '4 KB bodies',
  '256 KB bodies',
]
const NONE = '–'

export function allTables(results: Results): string {
  const sections = [
    titled('Targets', targetsTable(results)),
    titled('CPU per request, as a multiple of the floor’s', byCell(results, WHOLE, overFloor)),
    titled('CPU per request, µs', byCell(results, WHOLE, median('cpuMicrosPerRequest', 0))),
    titled('Requests per second', byCell(results, WHOLE, median('requestsPerSecond', 0))),
    titled('Latency, ms: median / 99th percentile', byCell(results, WHOLE, latency)),
    titled('Streams of 100 chunks', streamsTable(results)),
    titled('Resident memory after the cell, MB', byCell(results, MEMORY, memory)),
    results.books.map(booksLine).join('\n'),
    results.missing.map((line) => `Not measured: ${line}.`).join('\n'),
  ]
  return sections.filter((section) => section !== '').join('\n\n')
}

const MEMORY: readonly CellId[] = ['64 connections', '256 KB bodies', 'streams', 'big ledger']

function targetsTable(results: Results): string {
  return table(
    ['target', 'measured (least to most)', 'met'],
    verdicts(results).map(({ target, measured, unit, met }) => [
      target,
      withSpread(measured, unit),
      met ? 'yes' : '**no**',
    ]),
  )
}

type Entry = (results: Results, cell: CellId, subject: SubjectName) => string

/** Rows are subjects, columns are cells; what was not measured is left out. */
function byCell(results: Results, wanted: readonly CellId[], entry: Entry): string {
  const cells = wanted.filter((cell) => results.cells.some(({ id }) => id === cell))
  const rows = SUBJECTS.map((subject) => [
    subject,
    ...cells.map((cell) =>
      roundsOf(results, cell, subject) ? entry(results, cell, subject) : NONE,
    ),
  ])
  return table(['', ...cells], rows.filter(saysSomething))
}

function saysSomething([, ...entries]: readonly string[]): boolean {
  return entries.some((entry) => entry !== NONE)
}

function overFloor(results: Results, cell: CellId, of: SubjectName): string {
  if (of === 'provider directly') return NONE
  return withSpread(ratio(results, { cell, of, to: 'floor', key: 'cpuMicrosPerRequest' }), '×')
}

function median(key: Key, digits: number): Entry {
  return (results, cell, subject) => plain(figure(results, cell, subject, key), digits)
}

function latency(results: Results, cell: CellId, subject: SubjectName): string {
  const middle = plain(figure(results, cell, subject, 'latencyMsMedian'), 2)
  return `${middle} / ${plain(figure(results, cell, subject, 'latencyMsP99'), 2)}`
}

function memory(results: Results, cell: CellId, subject: SubjectName): string {
  const bytes = figure(results, cell, subject, 'residentBytes')
  return bytes === null ? NONE : (bytes.median / 1e6).toFixed(0)
}

function streamsTable(results: Results): string {
  const rows = SUBJECTS.map((subject) => [
    subject,
    overFloor(results, 'streams', subject),
    plain(figure(results, 'streams', subject, 'requestsPerSecond'), 0),
    addedFirst(results, 'one stream', subject),
    addedFirst(results, 'paced streams', subject),
  ])
  const head = [
    '',
    'CPU per stream, × the floor’s',
    'streams per second',
    'first token later by, ms: one stream',
    '32 paced streams',
  ]
  return table(head, rows.filter(saysSomething))
}

function addedFirst(results: Results, cell: CellId, of: SubjectName): string {
  if (of === 'provider directly') return NONE
  const pair = { cell, of, to: 'provider directly', key: 'firstByteMsMedian' } as const
  return withSpread(difference(results, pair), '')
}

function booksLine({ subject, answered, settled, wrong }: BooksResult): string {
  const counts = `${subject}: ${answered} calls answered, ${settled} settled`
  return wrong === null ? `Books of ${counts}, nothing lost.` : `Books of ${counts}: **${wrong}**.`
}

function withSpread(spread: Spread | null, unit: string): string {
  if (spread === null) return NONE
  const { median, least, most } = spread
  const gap = unit === 'ms' ? ' ' : ''
  return `${median.toFixed(2)}${gap}${unit} (${least.toFixed(2)} to ${most.toFixed(2)})`
}

function plain(spread: Spread | null, digits: number): string {
  return spread === null ? NONE : spread.median.toFixed(digits)
}

function titled(title: string, body: string): string {
  return body === '' ? '' : `### ${title}\n\n${body}`
}

/** Empty without rows. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

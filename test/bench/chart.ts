/** The run's headline as an SVG: requests per second on one core at 64 connections. Readable on light and on dark. Pure. */
import { figure } from './comparisons.ts'
import { SUBJECTS, type SubjectName } from './plan.ts'
import type { Results } from './results.ts'
import type { Spread } from './statistics.ts'

const CELL = '64 connections'
const WIDTH = 720
const BAR = 22
const ROW = 34
const TOP = 56
const LEFT = 130
const RIGHT = 90

interface Bar {
  readonly name: SubjectName
  readonly rate: Spread
}

export function chart(results: Results): string {
  const bars = barsOf(results)
  const most = Math.max(0, ...bars.map(({ rate }) => rate.most))
  const scale = (rate: number) => (rate / most) * (WIDTH - LEFT - RIGHT)
  const height = TOP + bars.length * ROW + 10
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Requests per second at 64 connections, one core">
<style>
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.note { font-size: 12px; fill: #59636e }
.ours { fill: #0969da }
.other { fill: #8c959f }
.spread { stroke: #1f2328 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.note { fill: #9198a1 }
.ours { fill: #4493f8 }
.other { fill: #656c76 }
.spread { stroke: #f0f6fc }
}
</style>
<text class="title" x="10" y="22">Requests per second, 64 connections, gateway on one core</text>
<text class="note" x="10" y="41">median of ${rounds(results)} interleaved rounds; the line spans least to most</text>
${bars.map((bar, index) => row(bar, TOP + index * ROW, scale)).join('\n')}
</svg>
`
}

function barsOf(results: Results): Bar[] {
  return SUBJECTS.flatMap((name) => {
    const rate = figure(results, CELL, name, 'requestsPerSecond')
    return rate === null || name === 'provider directly' ? [] : [{ name, rate }]
  })
}

function row({ name, rate }: Bar, y: number, scale: (rate: number) => number): string {
  const kind = name.startsWith('level5') ? 'ours' : 'other'
  const middle = y + BAR / 2
  const line = `x1="${px(LEFT + scale(rate.least))}" x2="${px(LEFT + scale(rate.most))}" y1="${middle}" y2="${middle}"`
  const label = px(LEFT + scale(rate.most) + 8)
  return [
    `<text x="${LEFT - 10}" y="${middle + 5}" text-anchor="end">${name}</text>`,
    `<rect class="${kind}" x="${LEFT}" y="${y}" width="${px(scale(rate.median))}" height="${BAR}" rx="2"/>`,
    `<line class="spread" ${line}/>`,
    `<text x="${label}" y="${middle + 5}">${rate.median.toFixed(0)}</text>`,
  ].join('\n')
}

function rounds(results: Results): number {
  const cell = results.cells.find(({ id }) => id === CELL)
  return Object.values(cell?.rounds ?? {})[0]?.length ?? 0
}

function px(length: number): string {
  return length.toFixed(1)
}

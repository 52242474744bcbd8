/** Whether memory was flat, and whether anything was left behind. Pure. */
import type { Entry } from './books.ts'
import { COURSES, OUTCOMES } from './courses.ts'
import type { Sent } from './load.ts'

/** One part of the streams. */
export interface Sample extends Sent {
  /** As the kernel counts them, garbage included; several times while the part ran. */
  readonly rssBytes: readonly number[]
  /** What lives after the part, its garbage collected. */
  readonly aliveBytes: number
}

export interface Finding {
  readonly text: string
  readonly isBroken: boolean
}

interface Soaked {
  readonly samples: readonly Sample[]
  readonly left: Entry
  readonly seconds: number
  readonly streams: number
}

const MB = 1_048_576
/**
 * How much the resident memory may rise from the second part's median to the last one's: a tenth, for the collector's
 * moods, and 16 MB. The first part warms up.
 */
const RSS_RISE_MAX = 0.1
const RSS_RISE_BYTES_MAX = 16 * MB
/** How much more may live at the end than after the second part: nonces and noise; of 60,000 streams, 70 bytes each. */
const ALIVE_RISE_BYTES_MAX = 4 * MB

export function judge({ samples, left, seconds, streams }: Soaked): Finding[] {
  const medians = samples.map(({ rssBytes }) => median(rssBytes))
  const [second = 0, last = 0] = [medians[1], medians.at(-1)]
  const [aliveBefore = 0, aliveAfter = 0] = [samples[1]?.aliveBytes, samples.at(-1)?.aliveBytes]
  const rssMax = second * (1 + RSS_RISE_MAX) + RSS_RISE_BYTES_MAX
  const aliveMax = aliveBefore + ALIVE_RISE_BYTES_MAX
  const alive = samples.map(({ aliveBytes }) => aliveBytes)
  const sent = endings(samples)
  const isBooked = COURSES.every((course) => left.calls[OUTCOMES[course]] === sent[course])
  const calls = Object.values(left.calls).reduce((sum, count) => sum + count, 0)
  const sums = `${left.charged} units charged, ${left.spent} spent, ${left.missing} missing`
  return [
    finding(true, `${streams} streams in ${seconds.toFixed(0)} s: ${listed(sent)}`),
    finding(last <= rssMax, `RSS by fifths ${megabytes(medians)}; the last at most ${mb(rssMax)}`),
    finding(
      aliveAfter <= aliveMax,
      `alive after each ${megabytes(alive)}; at most ${mb(aliveMax)}`,
    ),
    finding(left.sockets <= 0, `sockets left open: ${Math.max(0, left.sockets)}`),
    finding(left.holds === 0, `holds left open: ${left.holds}`),
    finding(
      isBooked && calls === streams,
      `calls in the journal: ${calls} (${listed(left.calls)})`,
    ),
    finding(left.missing === 0n && left.charged === left.spent, `the books: ${sums}`),
    finding(left.audit === null, `the ledger's audit: ${left.audit ?? 'nothing'}`),
  ]
}

function finding(isHeld: boolean, text: string): Finding {
  return { text, isBroken: !isHeld }
}

function endings(samples: readonly Sample[]): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const { ended } of samples) {
    for (const [course, count] of Object.entries(ended)) sum[course] = (sum[course] ?? 0) + count
  }
  return sum
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? 0
}

function mb(bytes: number): string {
  return `${(bytes / MB).toFixed(1)} MB`
}

function megabytes(values: readonly number[]): string {
  return values.map(mb).join(', ')
}

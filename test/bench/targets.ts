/** What level5 set itself to reach, and whether a run shows it. Pure. */
import { difference, ratio } from './comparisons.ts'
import type { CellId, SubjectName } from './plan.ts'
import { type Results, roundsOf } from './results.ts'
import type { Spread } from './statistics.ts'

export interface Verdict {
  readonly target: string
  /** `×` or `ms`. */
  readonly unit: string
  readonly measured: Spread
  /** Judged by the median. */
  readonly met: boolean
}

const FULL: CellId = '64 connections'
const HALF: CellId = '32 connections'
const MS_ADDED_MAX = 3
const FLAT = 1.1

/** The targets that the run has figures for. */
export function verdicts(results: Results): Verdict[] {
  return [
    atMost(
      'CPU per signed call ≤ 1.25 × the floor',
      1.25,
      '×',
      cpu(results, FULL, 'level5 signed', 'floor'),
    ),
    atMost(
      'CPU per session call ≤ 0.8 × the floor',
      0.8,
      '×',
      cpu(results, FULL, 'level5 session', 'floor'),
    ),
    ...faster(results, 'Portkey', 3),
    ...faster(results, 'ancestor', 10),
    ...faster(results, 'LiteLLM', 40),
    atMost(
      'first token of one stream ≤ 3 ms later',
      MS_ADDED_MAX,
      'ms',
      added(results, 'one stream'),
    ),
    atMost(
      'first token of 32 paced streams ≤ 3 ms later',
      MS_ADDED_MAX,
      'ms',
      added(results, 'paced streams'),
    ),
    atMost(
      'CPU per call of 2 processes on one ledger ≤ 1.1 × one',
      1.1,
      '×',
      cpu(results, '2 processes', 'level5 signed, 2 processes', 'level5 signed'),
    ),
    ...(['signed', 'session'] as const).map((kind) =>
      atMost(
        `CPU per ${kind} call flat on the big ledger (≤ ${FLAT} × the empty one)`,
        FLAT,
        '×',
        cpu(results, 'big ledger', `level5 ${kind}, big ledger`, `level5 ${kind}`),
      ),
    ),
  ].filter((verdict) => verdict !== null)
}

function cpu(results: Results, cell: CellId, of: SubjectName, to: SubjectName): Spread | null {
  return ratio(results, { cell, of, to, key: 'cpuMicrosPerRequest' })
}

function added(results: Results, cell: CellId): Spread | null {
  const pair = { of: 'level5 signed', to: 'provider directly', key: 'firstByteMsMedian' } as const
  return difference(results, { cell, ...pair })
}

/** Requests per second against a peer's, for both ways to ask; at 32 connections where the peer could not take 64. */
function faster(results: Results, peer: SubjectName, times: number): (Verdict | null)[] {
  const cell = roundsOf(results, FULL, peer) === null ? HALF : FULL
  const where = cell === FULL ? '' : ` at ${HALF}`
  return (['signed', 'session'] as const).map((kind) => {
    const pair = { of: `level5 ${kind}`, to: peer, key: 'requestsPerSecond' } as const
    const measured = ratio(results, { cell, ...pair })
    if (measured === null) return null
    const whose = peer === 'ancestor' ? 'the ancestor' : peer
    const target = `${kind} calls per second ≥ ${times} × ${whose}${where}`
    return { target, unit: '×', measured, met: measured.median >= times }
  })
}

function atMost(
  target: string,
  most: number,
  unit: string,
  measured: Spread | null,
): Verdict | null {
  return measured === null ? null : { target, unit, measured, met: measured.median <= most }
}

/** What is measured, cell by cell: how much is asked at a time, and of whom. */
import { chatBody } from './workload.ts'

/** The gateways that a run knows, by the names in its tables. */
export const SUBJECTS = [
  'provider directly',
  'floor',
  'level5 signed',
  'level5 session',
  'level5 signed, 2 processes',
  'level5 session, 2 processes',
  'level5 signed, big ledger',
  'level5 session, big ledger',
  'Portkey',
  'ancestor',
  'LiteLLM',
] as const
export type SubjectName = (typeof SUBJECTS)[number]

export type CellId =
  | '1 connection'
  | '32 connections'
  | '64 connections'
  | '4 KB bodies'
  | '256 KB bodies'
  | 'streams'
  | 'one stream'
  | 'paced streams'
  | '2 processes'
  | 'big ledger'

export interface Cell {
  readonly id: CellId
  readonly connections: number
  readonly body: string
  readonly subjects: readonly SubjectName[]
  readonly rounds: number
  /** How long one run lasts, about. */
  readonly seconds: number
  /** Requests before the first round, at least: runtimes compile what they run often. Peers that are slow get fewer. */
  readonly warmUp: number
}

const OURS = ['floor', 'level5 signed', 'level5 session'] as const
const ALL = ['provider directly', ...OURS, 'Portkey', 'ancestor', 'LiteLLM'] as const

const SMALL = chatBody({ bytes: 1000, answer: 'whole' })
const STREAM = chatBody({ bytes: 1000, answer: 'stream' })
const PACED = chatBody({ bytes: 1000, answer: 'paced_stream' })

function bodies(bytes: number): string {
  return chatBody({ bytes, answer: 'whole' })
}

export function wholePlan(): Cell[] {
  const run = { rounds: 5, seconds: 1.5, warmUp: 1500 }
  // These are asked in one cell only: they must be as warm as those that were asked in all of them.
  const late = { rounds: 7, warmUp: 6000 }
  const cell = (
    id: CellId,
    connections: number,
    body: string,
    subjects: Cell['subjects'] = ALL,
  ) => ({
    id,
    connections,
    body,
    subjects,
    ...run,
  })
  return [
    { ...cell('1 connection', 1, SMALL), warmUp: 200 },
    cell('32 connections', 32, SMALL),
    { ...cell('64 connections', 64, SMALL), rounds: 7 },
    cell('4 KB bodies', 32, bodies(4_096)),
    { ...cell('256 KB bodies', 32, bodies(262_144)), warmUp: 200 },
    { ...cell('streams', 32, STREAM), warmUp: 200 },
    { ...cell('one stream', 1, STREAM), warmUp: 20 },
    { ...cell('paced streams', 32, PACED), seconds: 2.5, warmUp: 64 },
    {
      ...cell('2 processes', 64, SMALL, ['level5 signed', 'level5 signed, 2 processes']),
      ...late,
    },
    {
      ...cell('big ledger', 64, SMALL, [
        'level5 signed',
        'level5 session',
        'level5 signed, big ledger',
        'level5 session, big ledger',
      ]),
      ...late,
    },
  ]
}

/** Enough to see that everything runs, and the ratios to the floor. */
export function quickPlan(): Cell[] {
  const cell = { connections: 64, body: SMALL, rounds: 5, seconds: 1, warmUp: 1500 }
  return [
    { ...cell, id: '64 connections', subjects: OURS },
    { ...cell, id: 'streams', connections: 32, body: STREAM, subjects: OURS, rounds: 2 },
    {
      ...cell,
      id: '2 processes',
      subjects: ['level5 signed', 'level5 signed, 2 processes'],
      rounds: 3,
      // Both of them must be as warm as the one.
      warmUp: 6000,
    },
  ]
}

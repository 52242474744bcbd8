/** What `npm run bench` may be told. */
import { parseArgs } from 'node:util'

export type Peer = 'portkey' | 'litellm'

export interface Options {
  readonly quick: boolean
  readonly peers: readonly Peer[]
  /** A checkout of the Python ancestor, chris-gilbert/Level5. */
  readonly ancestor: string | null
  /** Calls that the big ledger holds. */
  readonly rows: number
  /** Where the raw figures go. */
  readonly json: string | null
  /** The folder whose page, chart and raw figures are written. */
  readonly out: string | null
  /** Raw figures of an earlier run: nothing is measured. */
  readonly from: string | null
}

export const HELP = `npm run bench -- [options]

Measures level5 against the bare floor of the same run, and against peers: processes pinned to cores
of their own, rounds interleaved, medians, ratios first. Needs Linux (/proc); takes about 15 minutes.

  --quick              a minute: the three that matter at 64 connections, streams, two processes
  --peers a,b          also portkey, litellm: installed into a temporary folder from npm and PyPI
  --ancestor CHECKOUT  also the Python ancestor of this design (github.com/chris-gilbert/Level5)
  --rows N             calls in the big ledger (10000000; 0: none)
  --json FILE          keep the raw figures
  --out FOLDER         write FOLDER/benchmarks.{json,svg} and the tables of FOLDER/benchmarks.md
  --from FILE          measure nothing: show, or write with --out, the figures of an earlier run
  --help
`

const ROWS = 10_000_000

/** Null where help was asked for. Throws for what it does not know. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      peers: { type: 'string', default: '' },
      ancestor: { type: 'string' },
      rows: { type: 'string' },
      json: { type: 'string' },
      out: { type: 'string' },
      from: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const { quick } = values
  return {
    quick,
    peers: values.peers.split(',').filter(Boolean).map(peer),
    ancestor: values.ancestor ?? null,
    rows: rowsOf(values.rows ?? String(quick ? 0 : ROWS)),
    json: values.json ?? null,
    out: values.out ?? null,
    from: values.from ?? null,
  }
}

/** The command that measures the same again, on any machine. */
export function commandOf({ quick, peers, ancestor, rows }: Options): string {
  return [
    'npm run bench --',
    ...(quick ? ['--quick'] : []),
    ...(peers.length > 0 ? [`--peers ${peers.join(',')}`] : []),
    ...(ancestor === null ? [] : ['--ancestor CHECKOUT']),
    ...(quick || rows === ROWS ? [] : [`--rows ${rows}`]),
  ].join(' ')
}

function peer(name: string): Peer {
  if (name === 'portkey' || name === 'litellm') return name
  throw new Error(`--peers ${name}: portkey or litellm`)
}

function rowsOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--rows ${text}: a number`)
  return Number(text)
}

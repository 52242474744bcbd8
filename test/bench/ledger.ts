/**
 * Measures the built ledger alone: CPU time of a hold and its settlement by kind of call and by how many are in flight,
 * beside the bare floor's ledger on the same disk.
 * `npm run build && npx tsx test/bench/ledger.ts [--calls n] [--rounds n] [--on FILE] [--against MODULE …]`
 * `--on`: calls of the agents of a grown ledger, too (`big-ledger.ts`), on that very file. `--against`: the same of other
 * builds, in turn with this one; MODULE is their `open-ledger.js`. Machines differ, and so do their busy minutes: read
 * ratios of one run only.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { TEST_ISSUER } from '../support/receipt-key.ts'
import { spenderName } from './big-ledger.ts'
import {
  agentNames,
  type Books,
  type Callers,
  drive,
  floorBooks,
  fundAll,
  level5Books,
  type OpenLedger,
} from './ledger-books.ts'
import { spread } from './statistics.ts'

interface Case {
  readonly name: string
  readonly inFlight: number
  open(file: string, run: string): Promise<Books>
}

interface Figures {
  /** Of the process, all threads, per call. */
  readonly cpuMicros: number
  readonly micros: number
  readonly callsPerCommit: number
}

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '4000' },
    rounds: { type: 'string', default: '5' },
    on: { type: 'string' },
    against: { type: 'string', multiple: true, default: [] },
  },
})
const BUILT = 'dist/src/ledger/sqlite/open-ledger.js'
/** How many are funded before a case is measured. */
const MANY = 1_000

async function casesOf(module: string, name: string): Promise<Case[]> {
  const { openLedger } = (await import(resolve(module))) as { openLedger: OpenLedger }
  const unsigned = { ...TEST_ISSUER, sign: null }
  function of(
    what: string,
    inFlight: number,
    { by, agents }: Pick<Callers, 'by'> & { readonly agents: number },
    issuer = TEST_ISSUER,
  ): Case {
    const names = agentNames(agents)
    return {
      name: `${name}, ${what}`,
      inFlight,
      async open(file, run) {
        const ledger = openLedger(file, issuer)
        await fundAll(ledger, names)
        return level5Books(ledger, { agents: names, by, run })
      },
    }
  }
  const one = { by: 'signature', agents: 1 } as const
  return [
    of('signed', 64, one),
    of(`signed, ${MANY} agents`, 64, { ...one, agents: MANY }),
    of('by session', 64, { by: 'session', agents: 1 }),
    of('signed, receipts signed elsewhere', 64, one, unsigned),
    of('signed', 8, one),
    of('signed', 1, one),
  ]
}

async function grownCase(file: string): Promise<Case> {
  const { openLedger } = (await import(resolve(BUILT))) as { openLedger: OpenLedger }
  const agents = Array.from({ length: MANY }, (_, index) => spenderName(index))
  return {
    name: `level5, signed, ${MANY} agents, on ${file}`,
    inFlight: 64,
    open: (_, run) => level5Books(openLedger(file, TEST_ISSUER), { agents, by: 'signature', run }),
  }
}

async function measure({ open, inFlight }: Case, calls: number, run: string): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'level5-ledger-'))
  const books = await open(join(folder, 'ledger.sqlite'), run)
  await drive(books, inFlight, Math.ceil(calls / 4))
  const commits = books.commits() ?? Number.NaN
  const before = process.cpuUsage()
  const start = performance.now()
  await drive(books, inFlight, calls)
  const micros = ((performance.now() - start) * 1000) / calls
  const { user, system } = process.cpuUsage(before)
  const callsPerCommit = calls / ((books.commits() ?? Number.NaN) - commits)
  await books.close()
  rmSync(folder, { recursive: true })
  return { cpuMicros: (user + system) / calls, micros, callsPerCommit }
}

const floor = (inFlight: number): Case => ({ name: 'bare floor', inFlight, open: floorBooks })
const others = await Promise.all(values.against.map((module) => casesOf(module, module)))
const cases = [
  ...(await casesOf(BUILT, 'level5')),
  ...(values.on === undefined ? [] : [await grownCase(values.on)]),
  ...others.flat(),
  ...[64, 8, 1].map(floor),
]
const figures = cases.map((): Figures[] => [])
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const [index, one] of cases.entries()) {
    const run = `${process.pid} ${round} ${index}`
    // One call at a time waits for the disk each time: fewer of them say as much.
    const calls = Math.ceil(Number(values.calls) * Math.min(1, one.inFlight / 16))
    figures[index]?.push(await measure(one, calls, run))
  }
}
process.stdout.write('in flight  CPU µs/call  µs/call  calls/commit\n')
for (const [index, { name, inFlight }] of cases.entries()) {
  const of = (key: keyof Figures) => spread((figures[index] ?? []).map((one) => one[key])).median
  const cells = [`${inFlight}`.padStart(9), of('cpuMicros').toFixed(0).padStart(11)]
  cells.push(of('micros').toFixed(0).padStart(7), of('callsPerCommit').toFixed(1).padStart(12))
  process.stdout.write(`${cells.join('  ')}  ${name}\n`)
}

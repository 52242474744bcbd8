/**
 * Measures one, two and more processes on one ledger file: CPU time per call over all of them, calls per second, and the
 * longest that a hold or a settlement waited. Nothing may be lost: every call is counted, and the books are audited.
 * `npm run build && npx tsx test/bench/ledger-processes.ts [--calls n] [--rounds n]`: n calls in all, 64 in flight in all.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { TEST_ISSUER } from '../support/receipt-key.ts'
import {
  agentNames,
  type Books,
  drive,
  fundAll,
  level5Books,
  type OpenLedger,
} from './ledger-books.ts'
import { spread } from './statistics.ts'

const PROCESSES = [1, 2, 3]
const IN_FLIGHT = 64
const AGENTS = agentNames(100)
const { openLedger } = (await import(resolve('dist/src/ledger/sqlite/open-ledger.js'))) as {
  openLedger: OpenLedger
}

/** What one process says when it has made its calls. */
interface Report {
  readonly cpuMicros: number
  readonly seconds: number
  readonly longestMs: number
}

/** The same books, with the longest wait for any of them. */
function timed(books: Books): { readonly books: Books; longestMs(): number } {
  let longest = 0
  async function wait<T>(write: () => Promise<T>): Promise<T> {
    const start = performance.now()
    const result = await write()
    longest = Math.max(longest, performance.now() - start)
    return result
  }
  const hold = async () => {
    const settle = await wait(() => books.hold())
    return () => wait(settle)
  }
  return { books: { ...books, hold }, longestMs: () => longest }
}

/** Makes its calls when it is told to, and reports. */
async function work(file: string, run: string, inFlight: number, calls: number): Promise<void> {
  const made = await level5Books(openLedger(file, TEST_ISSUER), {
    agents: AGENTS,
    by: 'signature',
    run,
  })
  await drive(made, 1, 50)
  process.send?.('ready')
  await once(process, 'message')
  const { books, longestMs } = timed(made)
  const before = process.cpuUsage()
  const start = performance.now()
  await drive(books, inFlight, calls)
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(before)
  process.send?.({ cpuMicros: user + system, seconds, longestMs: longestMs() } satisfies Report)
  await books.close()
  process.disconnect()
}

function startWorker(argv: readonly string[]): ChildProcess {
  return fork(fileURLToPath(import.meta.url), ['work', ...argv], { execArgv: process.execArgv })
}

interface Round {
  readonly cpuMicros: number
  readonly perSecond: number
  readonly longestMs: number
}

async function round(processes: number, calls: number): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), 'level5-processes-'))
  const file = join(folder, 'ledger.sqlite')
  const ledger = openLedger(file, TEST_ISSUER)
  await fundAll(ledger, AGENTS)
  const each = Math.ceil(calls / processes)
  const inFlight = Math.ceil(IN_FLIGHT / processes)
  const workers = Array.from({ length: processes }, (_, index) =>
    startWorker([file, `run ${index}`, `${inFlight}`, `${each}`]),
  )
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const reported = workers.map(async (worker) => {
    worker.send('go')
    const [report] = (await once(worker, 'message')) as [Report]
    return report
  })
  const reports = await Promise.all(reported)
  await Promise.all(workers.map((worker) => worker.exitCode ?? once(worker, 'exit')))
  const ended = (await ledger.calls(0, 2 * calls + 1_000)).length
  const fault = await ledger.audit()
  await ledger.close()
  rmSync(folder, { recursive: true })
  const made = processes * (each + 50)
  if (ended !== made) throw new Error(`${made} calls were settled, ${ended} are on record`)
  if (fault !== null) throw new Error(fault)
  const cpuMicros = reports.reduce((sum, report) => sum + report.cpuMicros, 0)
  const seconds = Math.max(...reports.map((report) => report.seconds))
  const longestMs = Math.max(...reports.map((report) => report.longestMs))
  const done = processes * each
  return { cpuMicros: cpuMicros / done, perSecond: done / seconds, longestMs }
}

async function bench(calls: number, rounds: number): Promise<void> {
  const figures = PROCESSES.map((): Round[] => [])
  for (let index = 0; index < rounds; index += 1) {
    for (const [at, processes] of PROCESSES.entries()) {
      figures[at]?.push(await round(processes, calls))
    }
  }
  const alone = spread((figures[0] ?? []).map(({ cpuMicros }) => cpuMicros)).median
  process.stdout.write('processes  CPU µs/call  of one  calls/s  longest wait ms\n')
  for (const [at, processes] of PROCESSES.entries()) {
    const of = (key: keyof Round) => spread((figures[at] ?? []).map((one) => one[key])).median
    const cells = [`${processes}`.padStart(9), of('cpuMicros').toFixed(0).padStart(11)]
    cells.push((of('cpuMicros') / alone).toFixed(2).padStart(6))
    cells.push(of('perSecond').toFixed(0).padStart(7), of('longestMs').toFixed(0).padStart(15))
    process.stdout.write(`${cells.join('  ')}\n`)
  }
  process.stdout.write('every call is on record once, and the books balance\n')
}

const [mode, file = '', run = '', inFlight = '', calls = ''] = process.argv.slice(2)
if (mode === 'work') await work(file, run, Number(inFlight), Number(calls))
else {
  const options = {
    calls: { type: 'string', default: '8000' },
    rounds: { type: 'string', default: '3' },
  } as const
  const { values } = parseArgs({ options })
  await bench(Number(values.calls), Number(values.rounds))
}

/** One run: builds, starts everything, measures cell by cell, checks the books, stops everything. */
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkBooks } from './books.ts'
import { Driver, startScript } from './drive.ts'
import { thisMachine } from './machine.ts'
import { commandOf, type Options } from './options.ts'
import { type Cell, quickPlan, wholePlan } from './plan.ts'
import { choosePinning, endAll, type Pinning } from './processes.ts'
import type { BooksResult, Results } from './results.ts'
import { type Report, runCell, type Subjects } from './run-cells.ts'
import { startAncestor } from './subjects/ancestor.ts'
import { askDirectly } from './subjects/direct.ts'
import { startFloor } from './subjects/floor.ts'
import { type Level5, startLevel5 } from './subjects/level5.ts'
import { startLiteLlm } from './subjects/litellm.ts'
import { startPortkey } from './subjects/portkey.ts'
import type { Site, Subject } from './subjects/subject.ts'
import { versions } from './versions.ts'

const BIG_LEDGER = fileURLToPath(new URL('big-ledger.ts', import.meta.url))

/** Everything that runs, and which of it has books to check. */
interface Scene {
  readonly subjects: Subjects
  readonly level5: readonly Level5[]
}

export async function runBench(options: Options): Promise<Results> {
  const folder = mkdtempSync(join(tmpdir(), 'level5-bench-'))
  function leave(): void {
    endAll()
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', leave)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const missing: string[] = []
  const report: Report = {
    progress: (line) => process.stderr.write(`${line}\n`),
    missing(line) {
      missing.push(line.split('\n')[0]?.replaceAll(folder, '…') ?? '')
      process.stderr.write(`not measured: ${line}\n`)
    },
  }
  build()
  const pinning = choosePinning()
  const provider = startScript(pinning, 'provider.ts')
  const [providerPort] = (await once(provider, 'message')) as [number]
  const site = { pinning, folder, providerPort }
  const driver = await Driver.start(pinning)
  const scene = await startAll(site, options, askDirectly(site, provider.pid ?? 0), report)
  const cells: Results['cells'][number][] = []
  for (const cell of planOf(options))
    cells.push(await runCell(driver, cell, scene.subjects, report))
  for (const subject of scene.subjects.values()) await subject.stop()
  const books = await checkAll(scene, driver, report)
  leave()
  return {
    measuredAt: new Date().toISOString(),
    command: commandOf(options),
    machine: thisMachine(),
    versions: versions(options),
    pinning: describe(pinning),
    bigLedgerRows: options.rows,
    missing,
    cells,
    books,
  }
}

function planOf({ quick, rows }: Options): readonly Cell[] {
  return (quick ? quickPlan() : wholePlan()).filter((cell) => cell.id !== 'big ledger' || rows > 0)
}

/** Measures what is in the checkout, not what was built last. */
function build(): void {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']
  const { status } = spawnSync(process.execPath, tsc, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) process.stderr.write('The build reports errors: what it made is measured.\n')
}

async function startAll(
  site: Site,
  options: Options,
  directly: Subject,
  report: Report,
): Promise<Scene> {
  report.progress('starting the floor and level5')
  const floor = await startFloor(site)
  const level5 = [
    await startLevel5(site, { processes: 1, ledger: 'new' }),
    await startLevel5(site, { processes: 2, ledger: 'new' }),
  ]
  const big: Level5[] = []
  if (options.rows > 0) {
    const bigFile = growLedger(site.folder, options.rows, report)
    big.push(await startLevel5(site, { processes: 1, ledger: { bigFile } }))
  }
  const peers = await startPeers(site, options, report)
  const ours = [...level5, ...big].flatMap(({ signed, session }) => [signed, session])
  const all = [directly, floor, ...ours, ...peers]
  return { level5, subjects: new Map(all.map((subject) => [subject.name, subject])) }
}

function growLedger(folder: string, rows: number, report: Report): string {
  report.progress(`growing a ledger of ${rows} rows`)
  const file = join(folder, 'big.sqlite')
  const args = ['--import', 'tsx', BIG_LEDGER, file, '--rows', `${rows}`]
  execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  return file
}

async function startPeers(site: Site, options: Options, report: Report): Promise<Subject[]> {
  const { ancestor, peers } = options
  const starts: [name: string, start: () => Promise<Subject>][] = []
  if (peers.includes('portkey')) starts.push(['Portkey', () => startPortkey(site)])
  if (peers.includes('litellm')) starts.push(['LiteLLM', () => startLiteLlm(site)])
  if (ancestor !== null) starts.push(['the ancestor', () => startAncestor(site, ancestor)])
  const started: Subject[] = []
  for (const [name, start] of starts) {
    report.progress(`installing and starting ${name}`)
    try {
      started.push(await start())
    } catch (error) {
      report.missing(`${name}: ${(error as Error).message}`)
    }
  }
  return started
}

async function checkAll({ level5 }: Scene, driver: Driver, report: Report): Promise<BooksResult[]> {
  report.progress('checking the books')
  const books: BooksResult[] = []
  for (const { signed, session, agent, ledgerFile } of level5) {
    const answered = driver.answered(signed.name) + driver.answered(session.name)
    if (answered > 0) books.push(await checkBooks(signed.name, ledgerFile, agent.pubkey, answered))
  }
  return books
}

function describe(pinning: Pinning): string {
  return pinning.kind === 'pinned'
    ? `the gateway under test on core ${pinning.cores.gateway}, load and provider on core ${pinning.cores.load}`
    : `nothing was pinned: ${pinning.why}`
}

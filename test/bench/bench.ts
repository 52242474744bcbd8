/** `npm run bench`: what a call costs, against the bare floor of the same run and against peers. `--help` says what it takes. */
import { readFileSync, writeFileSync } from 'node:fs'
import { HELP, type Options, readOptions } from './options.ts'
import { writePage } from './page.ts'
import { hasProc } from './processes.ts'
import { type Results, toJson } from './results.ts'
import { runBench } from './run-bench.ts'
import { allTables } from './tables.ts'

async function figures(options: Options): Promise<Results> {
  if (options.from !== null) return JSON.parse(readFileSync(options.from, 'utf8')) as Results
  if (!hasProc()) throw new Error("CPU time is read from Linux's /proc, and there is none here")
  return await runBench(options)
}

async function main(options: Options): Promise<void> {
  // What is shown is what was kept: the same digits, whether measured now or before.
  const json = toJson(await figures(options))
  const results = JSON.parse(json) as Results
  process.stdout.write(`\n${allTables(results)}\n`)
  if (options.json !== null) writeFileSync(options.json, json)
  if (options.out !== null) writePage(options.out, json)
  const wrong = results.books.filter((books) => books.wrong !== null)
  if (wrong.length > 0) throw new Error('the books do not balance: see above')
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === null) process.stdout.write(HELP)
  else await main(options)
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`)
  process.exitCode = 1
}

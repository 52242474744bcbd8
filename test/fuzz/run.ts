/**
 * Fuzzes every parser for as long as asked: `npm run fuzz -- --runs 100000 --seed 7 --only vouchers`. Ends with 1 where
 * one broke its word; the same seed and runs break it again.
 */
import { parseArgs } from 'node:util'
import { FUZZERS } from './fuzzers.ts'

const HELP = `npm run fuzz [-- options]
  --runs N     inputs for each parser (default 20000; dear ones get fewer)
  --seed S     where the inputs start (default: the clock)
  --only NAME  only fuzzers whose name contains this

${FUZZERS.map(({ name, feeds }) => `  ${name.padEnd(28)} ${feeds.map((one) => one.split('#')[1]).join(', ')}`).join('\n')}
`
const FLOOD_BYTES = 2_000_000

async function fuzz(runs: number, seed: number, only: string): Promise<string[]> {
  const broken: string[] = []
  process.stdout.write(`seed ${seed}, ${runs} runs\n`)
  for (const fuzzer of FUZZERS.filter(({ name }) => name.includes(only))) {
    const start = performance.now()
    process.stdout.write(`${fuzzer.name.padEnd(28)} `)
    try {
      await fuzzer.run(runs, seed)
      const ran = performance.now()
      await fuzzer.flood(FLOOD_BYTES)
      process.stdout.write(
        `held  ${seconds(ran - start)}, floods ${seconds(performance.now() - ran)}\n`,
      )
    } catch (error) {
      broken.push(fuzzer.name)
      process.stdout.write(`BROKEN\n${error instanceof Error ? error.stack : String(error)}\n`)
    }
  }
  return broken
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
    only: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(HELP)
} else {
  const broken = await fuzz(Number(values.runs), Number(values.seed), values.only)
  process.stdout.write(broken.length === 0 ? 'all held\n' : `broken: ${broken.join(', ')}\n`)
  process.exitCode = broken.length === 0 ? 0 : 1
}

/** `npm run simulate`: worlds of one seed after the other, until so many operations have held. Says how to replay what breaks. */
import { parseArgs } from 'node:util'
import { TROUBLES } from './operations.ts'
import { type Outcome, simulate } from './simulate.ts'
import { tableOf } from './table.ts'
import { Tally } from './tally.ts'

/** Operations of one world: later ones cost more to check and find little that others do not. */
const OPERATIONS_PER_WORLD = 5_000

const USAGE = `npm run simulate -- [--ops N] [--seed S] [--faults a,b] [--help]

Drives gateway, ledger, watcher and chain through N operations (100000) in worlds of at most ${OPERATIONS_PER_WORLD},
each of one seed, the first of seed S (1). Everything is drawn from the seed: the same seed and number of operations
run the same again. Faults: ${Object.keys(TROUBLES).join(', ')} (all); --faults '' injects none, though providers
and clients still fail. Exits with 1 and the command that replays it when a property is broken.
`

function optionsOf(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      ops: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      faults: { type: 'string', default: Object.keys(TROUBLES).join(',') },
      help: { type: 'boolean', default: false },
    },
  })
  const [operations, seed] = [Number(values.ops), Number(values.seed)]
  const faults = values.faults.split(',').filter((kind) => kind !== '')
  const unknown = faults.filter((kind) => TROUBLES[kind] === undefined)
  const fine = Number.isSafeInteger(operations) && operations > 0 && Number.isSafeInteger(seed)
  if (!fine) throw new Error('--ops is a whole number above 0, --seed a whole number.')
  if (unknown.length > 0) throw new Error(`There are no faults called ${unknown.join(', ')}.`)
  return { operations, seed, faults, help: values.help }
}

function report(outcome: Extract<Outcome, { kind: 'broken' }>, faults: readonly string[]): string {
  const { seed, operation, last, violation } = outcome
  const chosen = faults.length === Object.keys(TROUBLES).length ? '' : ` --faults '${faults}'`
  const what = violation instanceof Error ? (violation.stack ?? violation.message) : violation
  return [
    `seed ${seed}, operation ${operation}: ${what}`,
    'The last operations:',
    ...last.map((line) => `  ${line}`),
    `Replay: npm run simulate -- --seed ${seed} --ops ${Math.max(1, operation)}${chosen}`,
  ].join('\n')
}

async function main(asked: ReturnType<typeof optionsOf>): Promise<number> {
  const { operations, seed: first, faults, help } = asked
  if (help) {
    process.stdout.write(USAGE)
    return 0
  }
  const total = new Tally()
  let effects = 0
  for (let [done, seed] = [0, first]; done < operations; seed += 1) {
    const some = Math.min(OPERATIONS_PER_WORLD, operations - done)
    const outcome = await simulate({ seed, operations: some, faults })
    total.add(outcome.tally)
    effects += outcome.effects
    if (outcome.kind === 'broken') {
      process.stdout.write(`${tableOf(total, effects)}\n\n${report(outcome, faults)}\n`)
      return 1
    }
    done += some
    process.stdout.write(
      `seed ${seed}: ${some} operations held, trace ${outcome.digest.slice(0, 16)}; ${done} of ${operations}\n`,
    )
  }
  process.stdout.write(`\n${tableOf(total, effects)}\n\nEverything held.\n`)
  return 0
}

function understood(args: string[]): ReturnType<typeof optionsOf> | null {
  try {
    return optionsOf(args)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
    return null
  }
}

const asked = understood(process.argv.slice(2))
process.exitCode = asked === null ? 2 : await main(asked)

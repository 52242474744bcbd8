/** Runs one world for so many operations, and says what came of it. */
import { calmDown } from './calm.ts'
import { OPERATIONS, type Operation, TROUBLES } from './operations.ts'
import { checkHistories } from './oracle/histories.ts'
import { Invariants } from './oracle/invariants.ts'
import { Violation } from './oracle/violation.ts'
import type { Tally } from './tally.ts'
import { World } from './world.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly operations: number
  /** Kinds of `TROUBLES`. */
  readonly faults: readonly string[]
}

export type Outcome = { readonly seed: number; readonly tally: Tally; readonly effects: number } & (
  | {
      readonly kind: 'held'
      /** Of every operation, every outcome and the final books. */
      readonly digest: string
    }
  | {
      readonly kind: 'broken'
      readonly operation: number
      readonly last: readonly string[]
      readonly violation: unknown
    }
)

/** Operations between two times of rest. */
const UNTIL_CALM = 2_000
const LAST = 12

export async function simulate(options: SimulationOptions): Promise<Outcome> {
  const world = new World(options.seed)
  const { seed, tally } = { seed: options.seed, tally: world.tally }
  const last: string[] = []
  let operation = 0
  try {
    await world.begin()
    const invariants = new Invariants(world)
    const choices = weighed(options.faults)
    for (operation = 1; operation <= options.operations; operation += 1) {
      const next = world.dice.weighed(choices)
      last.push(`${operation} at ${world.time.now}: ${next.name}`)
      if (last.length > LAST) last.shift()
      await step(world, next)
      invariants.check()
      if (operation % UNTIL_CALM === 0) await calmDown(world, false)
    }
    operation -= 1
    await calmDown(world, true)
    invariants.check()
    await checkHistories(world)
    noteFigures(world)
    const digest = finalDigest(world)
    return { kind: 'held', seed, tally, effects: world.lives.effects, digest }
  } catch (violation) {
    return { kind: 'broken', seed, tally, effects: world.lives.effects, operation, last, violation }
  } finally {
    world.end()
  }
}

/** Begins an operation and lets some time go by: none, a moment, or a while. */
async function step(world: World, { name, run }: Operation): Promise<void> {
  world.tally.operation(name)
  world.trace(name)
  const accuse = (error: unknown): void => world.accuse(error)
  void new Promise<void>((resolve) => resolve(run(world))).catch(accuse)
  const ms = world.dice.weighed([
    [50, 0],
    [40, world.dice.whole(1, 60)],
    [8.5, world.dice.whole(60, 500)],
    [1.2, world.dice.whole(900, 6_000)],
    [0.3, world.dice.whole(6_000, 20_000)],
  ])
  await world.advance(ms)
}

function weighed(faults: readonly string[]): (readonly [number, Operation])[] {
  const troubles = faults.flatMap((kind) => {
    const known = TROUBLES[kind]
    if (known === undefined) throw new Violation('usage', `there are no faults called ${kind}`)
    return known
  })
  return [...OPERATIONS, ...troubles].map((operation) => [operation.weight, operation] as const)
}

function finalDigest(world: World): string {
  for (const row of world.books.rows.agents()) world.trace(Object.values(row).join(' '))
  for (const row of world.books.rows.sessions()) world.trace(Object.values(row).join(' '))
  const { charged, credits, settledCalls, releasedCalls } = world.books.figures()
  world.trace(`${charged} ${credits} ${settledCalls} ${releasedCalls}`)
  return world.digest()
}

function noteFigures(world: World): void {
  const { charged, credits, settledCalls, releasedCalls } = world.books.figures()
  const rows = world.books.rows.agents()
  const sum = (part: (row: (typeof rows)[number]) => bigint): bigint =>
    rows.reduce((total, row) => total + part(row), 0n)
  world.tally.figure('calls charged', BigInt(settledCalls))
  world.tally.figure('calls released', BigInt(releasedCalls))
  world.tally.figure('deposits credited', BigInt(credits))
  world.tally.figure('units charged', charged)
  world.tally.figure(
    'units deposited',
    sum((row) => row.deposited),
  )
  world.tally.figure(
    'units available, held and frozen',
    sum((row) => row.balance + row.held + row.frozen),
  )
  world.tally.figure(
    'units spent',
    sum((row) => row.spent),
  )
  world.tally.figure(
    'units withdrawn',
    sum((row) => row.withdrawn),
  )
  world.tally.figure(
    'units owed',
    sum((row) => row.owed),
  )
  world.tally.figure(
    'units settled on chain',
    sum((row) => row.settled),
  )
}

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ProgramChain, startScenario } from './chain.ts'
import { Driver, PURSE_UNITS, type Sight } from './driver.ts'
import { HONEST_START, HOSTILE_REST, lives, MONTH_SECONDS, WHOLE_LIFE } from './lives.ts'
import { apply, type Model, type ModelVault, type Step, type Who } from './model.ts'

let chain: ProgramChain
beforeAll(async () => {
  chain = await startScenario()
})
afterAll(() => chain.validator.stop())

const RUNS = 6

const EMPTY = { deposited: 0n, settled: 0n, withdrawn: 0n, depositIndex: 0n }
const newVault = (delaySeconds: bigint): ModelVault => ({
  ...EMPTY,
  pending: 0n,
  withdrawableAt: 0n,
  delaySeconds,
  balance: 0n,
  wallet: PURSE_UNITS,
  vouchers: [],
})

/** What holds whatever was done. */
function expectInvariants(start: Sight, now: Sight, model: Model): void {
  for (const of of ['alice', 'bob'] as const) {
    const { deposited, settled, withdrawn, pending, balance } = now[of]
    const booked = deposited - settled - withdrawn
    expect(balance ?? 0n).toBeGreaterThanOrEqual(booked)
    expect(pending).toBeLessThanOrEqual(booked)
    const covered = model[of].vouchers.some(({ cumulative }) => settled <= cumulative)
    expect(settled === 0n || covered).toBe(true)
  }
  const all = ({ alice, bob, treasury, stranger }: Sight) =>
    [alice, bob].reduce((sum, { balance, wallet }) => sum + (balance ?? 0n) + wallet, 0n) +
    treasury +
    stranger
  expect(all(now)).toBe(all(start))
  expect(now.treasury - start.treasury).toBe(now.alice.settled + now.bob.settled)
  expect(now.stranger).toBe(start.stranger)
}

function withoutVouchers({ vouchers: _, ...vault }: ModelVault) {
  return vault
}

/** A request's time is the block's: between the two readings of the clock, and from then on the chain's word. */
function adoptTime(model: Model, of: Who, before: Sight, now: Sight): Model {
  const vault = model[of]
  const { withdrawableAt } = now[of]
  expect(withdrawableAt).toBeGreaterThanOrEqual(before.seconds + vault.delaySeconds)
  expect(withdrawableAt).toBeLessThanOrEqual(now.seconds + vault.delaySeconds)
  return { ...model, [of]: { ...vault, withdrawableAt } }
}

/** Takes one step on both sides and holds the chain to the model. */
async function takeStep(driver: Driver, model: Model, step: Step, before: Sight, start: Sight) {
  // Nobody waits for a month.
  if (step.kind === 'wait' && model[step.who].delaySeconds === MONTH_SECONDS)
    return { model, sight: before, taken: false }
  const taken = await driver.take(step, model)
  const sight = await driver.look()
  const early = apply(model, step, before.seconds)
  const late = apply(model, step, sight.seconds)
  const said = `${JSON.stringify(step, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}`
  if ((early === null) === (late === null)) expect(taken, said).toBe(late !== null)
  const next = taken ? (late ?? early) : model
  if (next === null) throw new Error(`${said} was taken`)
  const expected =
    taken && step.kind === 'request' ? adoptTime(next, step.who, before, sight) : next
  for (const of of ['alice', 'bob'] as const) {
    expect(sight[of], said).toEqual(withoutVouchers(expected[of]))
  }
  expect(sight.treasury, said).toBe(expected.treasury)
  expectInvariants(start, sight, expected)
  return { model: expected, sight, taken }
}

/** Lives through the steps and gives those that the chain took. */
async function live(
  delays: Readonly<Record<Who, bigint>>,
  steps: readonly Step[],
): Promise<readonly Step[]> {
  const driver = new Driver(chain)
  await driver.open(delays)
  const start = await driver.look()
  let sight = start
  let model: Model = {
    alice: newVault(delays.alice),
    bob: newVault(delays.bob),
    treasury: start.treasury,
  }
  const took: Step[] = []
  for (const next of steps) {
    const after = await takeStep(driver, model, next, sight, start)
    ;({ model, sight } = after)
    if (after.taken) took.push(next)
  }
  return took
}

const delays = fc.record({
  alice: fc.constantFrom(0n, 1n),
  bob: fc.constantFrom(0n, 0n, 1n, MONTH_SECONDS),
})

test('C9: the whole way of a vault is taken step by step', async () => {
  const taken = await live({ alice: 1n, bob: 0n }, WHOLE_LIFE)
  expect(taken).toEqual(WHOLE_LIFE)
})

test('C9: what hostile parties try is refused, step by step', async () => {
  const month = { alice: MONTH_SECONDS, bob: MONTH_SECONDS }
  expect(await live(month, [...HONEST_START, ...HOSTILE_REST])).toEqual(HONEST_START)
})

test('C9: whatever honest and hostile parties do, no money is made, lost, or paid beyond a signature', async () => {
  const property = fc.asyncProperty(delays, lives, async (under, steps) => {
    await live(under, steps)
  })
  await fc.assert(property, { numRuns: RUNS, endOnFailure: true })
})

/** Small worlds; `npm run simulate` runs the large ones. */
import { expect, test } from 'vitest'
import { TROUBLES } from './operations.ts'
import { type Outcome, simulate } from './simulate.ts'
import { Tally } from './tally.ts'

const ALL = Object.keys(TROUBLES)

function run(seed: number, operations: number): Promise<Outcome> {
  return simulate({ seed, operations, faults: ALL })
}

/** Whatever broke, in the words that replay it. */
function broken(outcome: Outcome): string | null {
  if (outcome.kind === 'held') return null
  const { seed, operation, violation, last } = outcome
  return `--seed ${seed} --ops ${operation}: ${violation}\n${last.join('\n')}`
}

/** What a world must come to, for its silence to say anything. */
const MET = [
  'charged, signed',
  'charged, by session',
  'answered again, under its key',
  'released: upstream_error',
  'insufficient_balance',
  'replayed_nonce',
  'invalid_signature',
  'invalid_session',
  'session: 201',
  'revocation: 204',
  'balance: 200',
  'voucher: 200',
  'quote: 200',
]

const SEEDS = [1, 2, 3]
const OPERATIONS = 900

test('L1 L2 L3 L4 L5 L8 M2 M3 M4 M5 M8 A1 A2 A3 A4 C1 C2 C4 C5 C8 C9: small worlds hold, and meet what they are for', async () => {
  const met = new Tally()
  for (const seed of SEEDS) {
    const outcome = await run(seed, OPERATIONS)
    expect(broken(outcome)).toBeNull()
    const { figures } = outcome.tally
    for (const name of ['units charged', 'units settled on chain', 'receipts verified']) {
      expect(figures.get(name), `seed ${seed}: ${name}`).toBeGreaterThan(0n)
    }
    met.add(outcome.tally)
  }
  // Which of them meets what changes with every timer of the product.
  expect(MET.filter((one) => !met.outcomes.has(one))).toEqual([])
  expect([...met.faults.keys()].join()).toMatch(/power cut.*|kill.*/)
})

test('the same seed gives the same trace: every operation, outcome and book', async () => {
  const [once, again] = [await run(3, 250), await run(3, 250)]
  expect(broken(once) ?? broken(again)).toBeNull()
  expect(again).toEqual(once)
})

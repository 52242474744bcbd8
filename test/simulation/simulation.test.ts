/** Small worlds; `npm run simulate` runs the large ones. */
import { expect, test } from 'vitest'
import { TROUBLES } from './operations.ts'
import { type Outcome, simulate } from './simulate.ts'

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

test.each([
  [1, 900],
  [2, 900],
])(
  'L1 L2 L3 L4 L5 L8 M2 M3 M4 M5 M8 A1 A2 A3 A4 C1 C2 C4 C5 C8 C9: the world of seed %i holds for %i operations',
  async (seed, operations) => {
    const outcome = await run(seed, operations)
    expect(broken(outcome)).toBeNull()
    const { outcomes, faults, figures } = outcome.tally
    expect(MET.filter((one) => !outcomes.has(one))).toEqual([])
    expect([...faults.keys()].join()).toMatch(/power cut.*|kill.*/)
    for (const name of ['units charged', 'units settled on chain', 'receipts verified']) {
      expect(figures.get(name), name).toBeGreaterThan(0n)
    }
  },
)

test('the same seed gives the same trace: every operation, outcome and book', async () => {
  const [once, again] = [await run(3, 250), await run(3, 250)]
  expect(broken(once) ?? broken(again)).toBeNull()
  expect(again).toEqual(once)
})

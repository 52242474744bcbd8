import fc from 'fast-check'
import { expect, test } from 'vitest'
import { admitHold, type HoldFacts, mostHoldable } from '../../src/ledger/admission.ts'
import { type Units, units } from '../../src/money.ts'

const amount = fc.bigInt({ min: 0n, max: 50n }).map(units)
const room = fc.record({ spendLimit: fc.option(amount), spent: amount, held: amount })
const facts: fc.Arbitrary<HoldFacts> = fc.record({
  nonceSpent: fc.boolean(),
  vaultFrozen: fc.boolean(),
  withdrawalDelaySeconds: fc.option(fc.integer({ min: 0, max: 20 })),
  available: amount,
  owed: fc.oneof(fc.constant(units(0n)), amount),
  spent: amount,
  held: amount,
  signed: fc.option(amount),
  session: fc.oneof(fc.constant('gone' as const), fc.constant(null), room),
  recalled: fc.constant(null),
})

const MARGIN_SECONDS = 10

function admits(asked: Units, of: HoldFacts): boolean {
  return admitHold({ amount: asked, settleMarginSeconds: MARGIN_SECONDS }, of).kind === 'held'
}

test('C8: what can be held at most is admitted, and one unit more is not', () => {
  fc.assert(
    fc.property(facts, (of) => {
      const most = mostHoldable(MARGIN_SECONDS, of)
      if (most > 0n) expect(admits(most, of)).toBe(true)
      expect(admits(units(most + 1n), of)).toBe(false)
    }),
    { numRuns: 2_000 },
  )
})

test('C8, C9: where vouchers are required, nothing is held beyond what was signed for', () => {
  fc.assert(
    fc.property(facts, amount, (of, asked) => {
      if (of.signed === null || !admits(asked, of)) return
      expect(of.spent + of.held + asked).toBeLessThanOrEqual(of.signed)
    }),
    { numRuns: 2_000 },
  )
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Settleable } from '../../src/ledger/voucher-ledger.ts'
import { units, ZERO } from '../../src/money.ts'
import {
  byUrgency,
  cumulativeToSettle,
  type Demand,
  reasonToSettle,
  standingOf,
  totalOf,
  withVault,
} from '../../watcher/settle-plan.ts'

const VAULT = 'vault'

/** An agent with 100 deposited; a voucher of null is none. */
function agent(changed: Partial<Record<keyof Settleable, bigint | string>> = {}): Settleable {
  const { agent = 'agent', withdrawableAt = 0n, voucher = null, ...amounts } = changed
  const base = {
    spent: ZERO,
    held: ZERO,
    deposited: units(100n),
    settled: ZERO,
    withdrawn: ZERO,
    owed: ZERO,
    pendingWithdrawal: ZERO,
  }
  return {
    ...base,
    ...(amounts as Partial<typeof base>),
    agent: String(agent),
    vault: VAULT,
    withdrawableAt: Number(withdrawableAt),
    voucher:
      typeof voucher === 'bigint'
        ? { vault: VAULT, cumulative: units(voucher), signature: '' }
        : null,
  }
}

function demand(changed: Partial<Demand> = {}): Demand {
  return { byHand: false, thresholdUnits: units(10n), met: new Map(), ...changed }
}

const amount = fc.bigInt({ min: 0n, max: 1_000n })
const anyAgent = fc
  .record({
    spent: amount,
    held: amount,
    deposited: amount,
    settled: amount,
    withdrawn: amount,
    owed: amount,
    pendingWithdrawal: amount,
    withdrawableAt: amount,
    voucher: fc.option(fc.oneof(amount, fc.constant(2n ** 64n - 1n)), { nil: 'none' }),
  })
  .map((fields) => agent(fields))
const anyDemand = fc
  .record({ byHand: fc.boolean(), threshold: amount, met: fc.option(amount, { nil: null }) })
  .map(({ byHand, threshold, met }) =>
    demand({
      byHand,
      thresholdUnits: units(threshold),
      met: new Map(met === null ? [] : [[VAULT, Number(met)]]),
    }),
  )

describe('how much', () => {
  test('C9: never above the voucher, what was spent or what is in the vault, never at or below what is settled', () => {
    fc.assert(
      fc.property(anyAgent, (own) => {
        const cumulative = cumulativeToSettle(own)
        if (cumulative === null) {
          const bounds = [own.voucher?.cumulative ?? 0n, own.spent, own.deposited - own.withdrawn]
          expect(bounds.some((bound) => bound <= own.settled)).toBe(true)
          return
        }
        expect(cumulative <= (own.voucher?.cumulative ?? 0n)).toBe(true)
        expect(cumulative <= own.spent).toBe(true)
        expect(cumulative <= own.deposited - own.withdrawn).toBe(true)
        expect(cumulative > own.settled).toBe(true)
      }),
    )
  })

  test.each([
    ['the voucher bounds it', { spent: 30n, voucher: 20n }, 20n],
    ['what was spent bounds it', { spent: 30n, voucher: 50n }, 30n],
    ['what is in the vault bounds it', { spent: 90n, voucher: 90n, withdrawn: 40n }, 60n],
    ['all of it is settled', { spent: 30n, voucher: 50n, settled: 30n }, null],
    ['there is no voucher', { spent: 30n }, null],
    ['a voucher may be more than there is', { spent: 30n, voucher: 2n ** 64n - 1n }, 30n],
  ])('%s', (_, fields, expected) => {
    expect(cumulativeToSettle(agent(fields))).toBe(expected)
  })
})

describe('when', () => {
  test('nothing is due that cannot be settled, and by hand everything is that can', () => {
    fc.assert(
      fc.property(anyAgent, anyDemand, (own, asked) => {
        const reason = reasonToSettle(own, asked)
        if (cumulativeToSettle(own) === null) expect(reason).toBeNull()
        else if (asked.byHand) expect(reason).toBe('by_hand')
      }),
    )
  })

  test.each([
    ['below the threshold', { spent: 9n, voucher: 50n }, null],
    ['at the threshold', { spent: 10n, voucher: 50n }, 'threshold'],
    ['what the voucher covers counts', { spent: 50n, voucher: 9n }, null],
    ['since the last settlement', { spent: 25n, voucher: 50n, settled: 20n }, null],
    [
      'a withdrawal is met at once',
      { spent: 1n, voucher: 1n, pendingWithdrawal: 5n },
      'withdrawal',
    ],
    ['with nothing to settle', { voucher: 1n, pendingWithdrawal: 5n }, null],
  ])('%s', (_, fields, expected) => {
    expect(reasonToSettle(agent(fields), demand())).toBe(expected)
  })

  test('after a withdrawal was met, only charges that it leaves unpaid are settled at once', () => {
    const asked = demand({ met: new Map([[VAULT, 900]]) })
    const open = { pendingWithdrawal: 60n, withdrawableAt: 900n, voucher: 50n, settled: 38n }
    expect(reasonToSettle(agent({ ...open, spent: 40n }), asked)).toBeNull()
    expect(reasonToSettle(agent({ ...open, spent: 41n }), asked)).toBe('withdrawal')
    expect(reasonToSettle(agent({ ...open, spent: 40n, settled: 30n }), asked)).toBe('threshold')
    const another = agent({ ...open, spent: 40n, withdrawableAt: 901n })
    expect(reasonToSettle(another, asked)).toBe('withdrawal')
  })

  test('C8: whatever a withdrawal would leave unpaid is due, however small', () => {
    fc.assert(
      fc.property(anyAgent, anyDemand, (own, asked) => {
        const left = own.deposited - own.withdrawn - own.pendingWithdrawal
        if (own.pendingWithdrawal === 0n || left >= own.spent) return
        if (cumulativeToSettle(own) !== null) expect(reasonToSettle(own, asked)).not.toBeNull()
      }),
    )
  })

  test('withdrawals come first, in the order of their time, then what there is most of', () => {
    const agents = [
      agent({ agent: 'small', spent: 5n }),
      agent({ agent: 'large', spent: 50n, settled: 10n }),
      agent({ agent: 'later', spent: 1n, pendingWithdrawal: 1n, withdrawableAt: 200n }),
      agent({ agent: 'sooner', spent: 1n, pendingWithdrawal: 1n, withdrawableAt: 100n }),
    ]
    const order = agents.toSorted(byUrgency).map(({ agent: name }) => name)
    expect(order).toEqual(['sooner', 'later', 'large', 'small'])
  })
})

describe('what is left', () => {
  test('unsettled charges are covered, owed or at risk: each unit once', () => {
    fc.assert(
      fc.property(anyAgent, (own) => {
        const { covered, owed, atRisk, spent, settled } = standingOf(own)
        const unsettled = spent > settled ? spent - settled : 0n
        expect(covered + owed + atRisk).toBe(unsettled)
        expect(covered >= 0n && owed >= 0n && atRisk >= 0n).toBe(true)
        expect(settled + covered).toBe(cumulativeToSettle(own) ?? settled)
      }),
    )
  })

  test('what was withdrawn though it was spent is a debt, what was not signed for a risk', () => {
    const unsigned = agent({ agent: 'a', spent: 30n, voucher: 20n, settled: 5n })
    const gone = agent({ agent: 'b', spent: 30n, voucher: 30n, withdrawn: 80n, owed: 10n })
    expect(standingOf(unsigned)).toMatchObject({ covered: 15n, owed: 0n, atRisk: 10n })
    expect(standingOf(gone)).toMatchObject({ covered: 20n, owed: 10n, atRisk: 0n })
    const totals = totalOf([unsigned, gone].map(standingOf))
    expect(totals).toEqual({ covered: 35n, owed: 10n, atRisk: 10n })
  })

  test('a fresh look at the vault counts instead of the books', () => {
    const own = agent({ spent: 40n, voucher: 40n })
    const vault = agent({ settled: 40n, withdrawn: 20n, spent: 1n })
    expect(withVault(own, vault)).toMatchObject({ spent: 40n, settled: 40n, withdrawn: 20n })
    expect(cumulativeToSettle(withVault(own, vault))).toBeNull()
  })
})

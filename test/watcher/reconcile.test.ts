import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DepositFact, PayoutFact } from '../../src/ledger/chain-ledger.ts'
import { units } from '../../src/money.ts'
import {
  type Books,
  compareBooks,
  isSound,
  type Movements,
  planDeposits,
  planPayouts,
  planVault,
  planVaults,
} from '../../watcher/reconcile.ts'

function fact(index: bigint, amount: bigint, cumulative: bigint, vault = 'V'): DepositFact {
  return {
    vault,
    agent: 'A',
    amount: units(amount),
    cumulative: units(cumulative),
    depositIndex: index,
    depositor: 'A',
    signature: `s${index}`,
    instructionPath: '0.1',
    slot: Number(index),
  }
}

function payout(amount: bigint, cumulative: bigint, vault = 'V'): PayoutFact {
  return {
    vault,
    agent: 'A',
    amount: units(amount),
    cumulative: units(cumulative),
    signature: `p${cumulative}`,
    instructionPath: '0.1',
    slot: Number(cumulative),
  }
}

function books(deposited: bigint, depositIndex: bigint, settled = 0n, withdrawn = 0n): Books {
  return {
    deposited: units(deposited),
    depositIndex,
    settled: units(settled),
    withdrawn: units(withdrawn),
  }
}

function moved(change: Partial<Movements>): Movements {
  return { deposits: [], settlements: [], withdrawals: [], ...change }
}

const ONE = fact(1n, 10n, 10n)
const TWO = fact(2n, 5n, 15n)
const THREE = fact(3n, 1n, 16n)

/** All of these once more, in an order that the keys give. */
function shuffledTwice<Fact>(facts: readonly Fact[], keys: Iterator<number>): Fact[] {
  const keyed = [...facts, ...facts].map((one) => ({ one, key: keys.next().value as number }))
  return keyed.sort((a, b) => a.key - b.key).map(({ one }) => one)
}

const amounts = fc.array(fc.bigInt(1n, 1_000_000n), { minLength: 1, maxLength: 12 })

describe('planning deposits', () => {
  test.each([
    ['in order', books(0n, 0n), [ONE, TWO], [1n, 2n], false],
    ['newest first, as nodes list them', books(0n, 0n), [THREE, TWO, ONE], [1n, 2n, 3n], false],
    ['what is booked comes along, to be compared', books(10n, 1n), [TWO, ONE], [1n, 2n], false],
    ['twice the same', books(0n, 0n), [ONE, ONE], [1n, 1n], false],
    ['a gap ends it', books(0n, 0n), [THREE, ONE], [1n], true],
    ['the first is missing', books(0n, 0n), [TWO], [], true],
  ])('%s', (_, stand, deposits, credited, missing) => {
    const plan = planDeposits(stand, deposits)
    expect(plan.facts.map(({ depositIndex }) => depositIndex)).toEqual(credited)
    expect(plan).toMatchObject({ missing, contradiction: null })
  })

  test('a total that does not add up is a contradiction, and is not credited', () => {
    const plan = planDeposits(books(10n, 1n), [fact(2n, 5n, 16n)])
    expect(plan.facts).toEqual([])
    expect(plan.contradiction).toContain('deposit 2 brings the total to 15')
  })

  test('C1: in any order, with duplicates and from any stand, the same credits come out', () => {
    fc.assert(
      fc.property(amounts, fc.nat(), fc.infiniteStream(fc.nat(100)), (all, cut, keys) => {
        let total = 0n
        const facts = all.map((amount, index) => {
          total += amount
          return fact(BigInt(index + 1), amount, total)
        })
        const booked = cut % (facts.length + 1)
        const stand = books(facts[booked - 1]?.cumulative ?? 0n, BigInt(booked))
        const plan = planDeposits(stand, shuffledTwice(facts, keys))
        expect(plan).toMatchObject({ missing: false, contradiction: null })
        const fresh = new Set(plan.facts.filter((one) => one.depositIndex > stand.depositIndex))
        const sum = [...fresh].reduce((units, { amount }) => units + amount, stand.deposited + 0n)
        expect(sum).toBe(total)
      }),
    )
  })
})

describe('planning settlements and withdrawals', () => {
  const [FOUR, SIX, NINE] = [payout(4n, 4n), payout(2n, 6n), payout(3n, 9n)]

  test.each([
    ['in the order of their totals', 0n, [NINE, FOUR, SIX], [4n, 6n, 9n], false],
    ['what is booked comes along, to be compared', 4n, [SIX, FOUR], [4n, 6n], false],
    ['twice the same', 0n, [FOUR, FOUR], [4n, 4n], false],
    ['a gap ends it', 0n, [NINE, FOUR], [4n], true],
    ['the first is missing', 0n, [SIX], [], true],
  ])('%s', (_, booked, payouts, planned, missing) => {
    const plan = planPayouts(units(booked), payouts)
    expect(plan.facts.map(({ cumulative }) => cumulative)).toEqual(planned)
    expect(plan).toMatchObject({ missing, contradiction: null })
  })

  test('one that overlaps what is booked is a contradiction, and is not booked', () => {
    const plan = planPayouts(units(5n), [SIX])
    expect(plan.facts).toEqual([])
    expect(plan.contradiction).toContain('2 brings the total to 7, its event says 6')
  })

  test('C6: in any order, with duplicates and from any stand, each unit is booked once', () => {
    fc.assert(
      fc.property(amounts, fc.nat(), fc.infiniteStream(fc.nat(100)), (all, cut, keys) => {
        let total = 0n
        const facts = all.map((amount) => {
          total += amount
          return payout(amount, total)
        })
        const booked = facts[(cut % (facts.length + 1)) - 1]?.cumulative ?? units(0n)
        const plan = planPayouts(booked, shuffledTwice(facts, keys))
        expect(plan).toMatchObject({ missing: false, contradiction: null })
        const fresh = new Set(plan.facts.filter(({ cumulative }) => cumulative > booked))
        expect([...fresh].reduce((sum, { amount }) => sum + amount, booked + 0n)).toBe(total)
      }),
    )
  })
})

describe('C8: a withdrawal is booked when an account proves that no deposit is missing before it', () => {
  const ALL = payout(15n, 15n)
  const deposits = [ONE, TWO]

  test.each([
    [
      'the account includes it, and all its deposits are booked with it',
      [ALL],
      books(15n, 2n, 0n, 15n),
      [],
    ],
    ['no account was read', [], null, [ALL]],
    ['the account is from before it', [], books(15n, 2n), [ALL]],
    ['the account knows of a deposit that nobody listed', [], books(16n, 3n, 0n, 15n), [ALL]],
  ])('%s', (_, withdrawals, account, waiting) => {
    const plan = planVault('V', books(0n, 0n), moved({ deposits, withdrawals: [ALL] }), account)
    expect(plan).toMatchObject({ credits: [ONE, TWO], withdrawals, waiting, contradiction: null })
  })

  test('the account proves the earlier and not the later one', () => {
    const [first, second] = [payout(4n, 4n), payout(2n, 6n)]
    const movements = moved({ withdrawals: [second, first] })
    const plan = planVault('V', books(15n, 2n), movements, books(15n, 2n, 0n, 4n))
    expect(plan).toMatchObject({ withdrawals: [first], waiting: [second] })
  })

  test('a deposit that does not add up holds withdrawals up; settlements wait for nothing', () => {
    const movements = moved({
      deposits: [fact(1n, 10n, 11n)],
      settlements: [payout(3n, 3n)],
      withdrawals: [payout(4n, 4n)],
    })
    const plan = planVault('V', books(0n, 0n), movements, books(11n, 1n, 3n, 4n))
    expect(plan).toMatchObject({ credits: [], withdrawals: [], settlements: [payout(3n, 3n)] })
    expect(plan.contradiction).toContain('deposit 1')
  })

  test('one that is booked does not wait', () => {
    const movements = moved({ withdrawals: [ALL] })
    expect(planVault('V', books(15n, 2n, 0n, 15n), movements, null).waiting).toEqual([])
  })
})

test('vaults are planned apart: a gap in one holds up no other', () => {
  const other = fact(1n, 7n, 7n, 'W')
  const [settled, withdrawn] = [payout(1n, 1n, 'X'), payout(1n, 1n, 'W')]
  const movements = { deposits: [TWO, other], settlements: [settled], withdrawals: [withdrawn] }
  const accounts = new Map([['W', books(7n, 1n, 0n, 1n)]])
  expect(planVaults(new Map(), movements, accounts)).toMatchObject([
    { vault: 'V', credits: [] },
    { vault: 'W', credits: [other], withdrawals: [withdrawn] },
    { vault: 'X', settlements: [settled], withdrawals: [] },
  ])
})

const EQUAL = { behind: false, ahead: false, differ: false }

test.each([
  [books(10n, 1n, 2n, 3n), books(10n, 1n, 2n, 3n), {}],
  [books(10n, 1n), books(15n, 2n), { behind: true }],
  [books(15n, 2n), books(10n, 1n), { ahead: true }],
  [books(11n, 1n), books(10n, 1n), { differ: true }],
  [books(10n, 1n), books(10n, 1n, 2n), { behind: true }],
  [books(10n, 1n, 2n), books(10n, 1n), { ahead: true }],
  [books(10n, 1n), books(10n, 1n, 0n, 2n), { behind: true }],
  [books(10n, 1n, 0n, 2n), books(10n, 1n), { ahead: true }],
  [books(10n, 1n, 0n, 2n), books(15n, 2n, 0n, 0n), { ahead: true, behind: true }],
])('C6: books %o against the account %o: %o', (stand, account, expected) => {
  expect(compareBooks(stand, account)).toEqual({ ...EQUAL, ...expected })
})

describe('a stopped vault is sound', () => {
  const account = books(16n, 3n)
  test.each([
    ['the books stand on its history', books(10n, 1n), [ONE, TWO, THREE], true],
    ['nothing is booked yet', books(0n, 0n), [ONE, TWO, THREE], true],
    ['the books claim another total', books(11n, 1n), [ONE, TWO, THREE], false],
    ['the books have a deposit that it has not', books(17n, 4n), [ONE, TWO, THREE], false],
    ['its history has a gap', books(10n, 1n), [ONE, THREE], false],
    ['its history ends before the account', books(10n, 1n), [ONE, TWO], false],
    ['there is no history', books(0n, 0n), [], false],
  ])('%s', (_, stand, history, sound) => {
    expect(isSound(stand, account, moved({ deposits: history }))).toBe(sound)
  })

  const paid = { deposits: [ONE], settlements: [payout(2n, 2n)], withdrawals: [payout(3n, 3n)] }
  test.each([
    ['nothing of what was paid out is booked', books(10n, 1n), paid, true],
    ['all of it is', books(10n, 1n, 2n, 3n), paid, true],
    ['the books claim a settlement', books(10n, 1n, 1n, 3n), paid, false],
    ['the books claim a withdrawal', books(10n, 1n, 2n, 4n), paid, false],
    ['a settlement is missing', books(10n, 1n), { ...paid, settlements: [] }, false],
    ['a withdrawal is missing', books(10n, 1n), { ...paid, withdrawals: [] }, false],
  ])('%s', (_, stand, history, sound) => {
    expect(isSound(stand, books(10n, 1n, 2n, 3n), history)).toBe(sound)
  })
})

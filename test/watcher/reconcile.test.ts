import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DepositFact } from '../../src/ledger/chain-ledger.ts'
import { units } from '../../src/money.ts'
import {
  type Books,
  compareBooks,
  isSound,
  planCredits,
  planVault,
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

function books(deposited: bigint, depositIndex: bigint): Books {
  return { deposited: units(deposited), depositIndex }
}

const ONE = fact(1n, 10n, 10n)
const TWO = fact(2n, 5n, 15n)
const THREE = fact(3n, 1n, 16n)

describe('planning one vault', () => {
  test.each([
    ['in order', books(0n, 0n), [ONE, TWO], [1n, 2n], null],
    ['newest first, as nodes list them', books(0n, 0n), [THREE, TWO, ONE], [1n, 2n, 3n], null],
    ['what is booked comes along, to be compared', books(10n, 1n), [TWO, ONE], [1n, 2n], null],
    ['twice the same', books(0n, 0n), [ONE, ONE], [1n, 1n], null],
    ['a gap ends it', books(0n, 0n), [THREE, ONE], [1n], 2n],
    ['the first is missing', books(0n, 0n), [TWO], [], 1n],
  ])('%s', (_, stand, deposits, credited, missing) => {
    const plan = planVault('V', stand, deposits)
    expect(plan.credits.map(({ depositIndex }) => depositIndex)).toEqual(credited)
    expect(plan.missing).toBe(missing)
    expect(plan.contradiction).toBeNull()
  })

  test('a total that does not add up is a contradiction, and is not credited', () => {
    const plan = planVault('V', books(10n, 1n), [fact(2n, 5n, 16n)])
    expect(plan.credits).toEqual([])
    expect(plan.contradiction).toContain('deposit 2 brings the total to 15')
  })

  test('C1: in any order, with duplicates and from any stand, the same credits come out', () => {
    const amounts = fc.array(fc.bigInt(1n, 1_000_000n), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(amounts, fc.nat(), fc.infiniteStream(fc.nat(100)), (all, cut, keys) => {
        let total = 0n
        const facts = all.map((amount, index) => {
          total += amount
          return fact(BigInt(index + 1), amount, total)
        })
        const booked = cut % (facts.length + 1)
        const stand = books(facts[booked - 1]?.cumulative ?? 0n, BigInt(booked))
        const keyed = [...facts, ...facts].map((one) => ({ one, key: keys.next().value }))
        const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ one }) => one)
        const plan = planVault('V', stand, shuffled)
        expect(plan).toMatchObject({ missing: null, contradiction: null })
        const fresh = new Set(plan.credits.filter((one) => one.depositIndex > stand.depositIndex))
        const sum = [...fresh].reduce((units, { amount }) => units + amount, stand.deposited + 0n)
        expect(sum).toBe(total)
      }),
    )
  })
})

test('vaults are planned apart: a gap in one holds up no other', () => {
  const other = fact(1n, 7n, 7n, 'W')
  const plans = planCredits(new Map(), [TWO, other])
  expect(plans).toMatchObject([
    { vault: 'V', credits: [], missing: 1n },
    { vault: 'W', credits: [other], missing: null },
  ])
})

test.each([
  [books(10n, 1n), books(10n, 1n), 'equal'],
  [books(10n, 1n), books(15n, 2n), 'books_behind'],
  [books(15n, 2n), books(10n, 1n), 'books_ahead'],
  [books(11n, 1n), books(10n, 1n), 'books_differ'],
])('C6: books %o against the account %o: %s', (stand, account, expected) => {
  expect(compareBooks(stand, account)).toBe(expected)
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
    expect(isSound(stand, account, history)).toBe(sound)
  })
})

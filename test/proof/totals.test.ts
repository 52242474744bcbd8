// Totals that do not add up, with each other or with the chain.
import { expect, test } from 'vitest'
import { units } from '../../src/money.ts'
import type { Answered, Evidence } from '../../src/proof/evidence.ts'
import {
  document,
  evidence,
  forged,
  found,
  honest,
  kinds,
  LAST,
  more,
  one,
  receipts,
  set,
} from './crime-scene.ts'
import { type Change, relink, rewritten } from './forge.ts'

test('spent does not add up', () => {
  expect(forged(LAST, more('spent', 5n), 'signed')).toEqual(['balance_differs', 'spent_differs'])
  const change: Change = (document) => more('balance_after', -5n)(more('spent', 5n)(document) ?? {})
  expect(forged(LAST, change, 'signed')).toEqual(['spent_differs'])
})

test('balance_after does not add up', () => {
  expect(forged(LAST, more('balance_after', -1n), 'signed')).toEqual(['balance_differs'])
  // Taking back a deposit that was counted: a partial sum, and of a time that is gone.
  expect(forged(LAST, more('balance_after', -3_000_000n), 'signed')).toEqual(['balance_differs'])
  expect(forged(1, more('balance_after', 3_000_000n), 'linked')).toEqual(['balance_differs'])
  expect(forged(3, more('balance_after', -1_000_000n), 'linked')).toEqual(['balance_differs'])
})

test('a deposit or a withdrawal is counted minutes before it happened', () => {
  const counting = (amount: bigint, from: number, to: number) => {
    const documents = receipts.map(({ receipt }, index) =>
      index + 1 < from || index + 1 > to
        ? receipt
        : (more('balance_after', amount)(receipt) ?? receipt),
    )
    return kinds({ receipts: rewritten(documents, honest.key) })
  }
  expect(counting(3_000_000n, 1, 3)).toEqual(['balance_differs'])
  expect(counting(-1_000_000n, 4, 5)).toEqual(['balance_differs'])
  // Within what clocks may be apart.
  expect(counting(-1_000_000n, 5, 5)).toEqual([])
})

test('a difference that lasts is one finding', () => {
  const reduced = receipts.map(({ receipt }) => more('balance_after', -7n)(receipt) ?? receipt)
  const findings = found({ receipts: rewritten(reduced, honest.key) })
  expect(findings.map(({ kind }) => kind)).toEqual(Array(3).fill('balance_differs'))
})

test('a deposit on chain that was not credited', () => {
  const { chain } = evidence
  const early = {
    ...chain.deposits[0],
    transaction: 'early',
    timeSeconds: Date.parse('2026-11-21T11:00:00Z') / 1000,
  }
  const place = { amount: units(9n), cumulative: units(8_000_009n), depositIndex: 3n }
  const deposits = [...chain.deposits, { ...early, ...place, slot: 1 }]
  const vault = chain.vault && { ...chain.vault, deposited: units(8_000_009n) }
  const findings = found({
    chain: { ...chain, deposits, vault } as Evidence['chain'],
  })
  expect(findings).toMatchObject([
    {
      kind: 'deposit_not_credited',
      says: { source: 'receipt' },
      but: { transaction: 'early', states: { amount: '9' } },
    },
    {
      kind: 'deposit_not_credited',
      says: { source: 'answer', states: { deposited: '8000000' } },
    },
  ])
})

test('a settlement beyond spent', () => {
  const { chain } = evidence
  const [settled] = chain.settlements
  const beyond = ((settled?.cumulative ?? 0n) + 1n).toString()
  const settlements = chain.settlements.map((item) => ({
    ...item,
    amount: units(item.amount + 1n),
    cumulative: units(item.cumulative + 1n),
  }))
  const vault = chain.vault && { ...chain.vault, settled: units(chain.vault.settled + 1n) }
  const early = one({ chain: { ...chain, settlements, vault } })
  expect(early).toMatchObject({
    kind: 'settled_beyond_spent',
    says: { source: 'receipt', states: { seq: 4 } },
    but: {
      source: 'chain',
      states: { cumulative: beyond },
    },
  })
  const all = chain.vault && { ...chain.vault, settled: units(9_000_000n) }
  expect(kinds({ chain: { ...chain, vault: all } })).toContain('settled_beyond_spent')
  const nothing = { receipts: [], balance: emptied(evidence.balance, 'spent') }
  expect(kinds(nothing)).toContain('settled_beyond_spent')
})

test('a correction below what is settled', () => {
  const changes = { corrects: 1, charge: '-240', ended_at: document(5)['ended_at'] }
  const correction = { ...document(7), ...changes }
  const documents = [...receipts.slice(0, 4).map(({ receipt }) => receipt), correction]
  const before = relink(rewritten(documents, honest.key), honest.key, true)
  expect(kinds({ receipts: before })).toContain('settled_beyond_spent')
  // The next calls bring it above again; at that moment it was below.
  const later = [5, 6, 7, 8].map((seq) => document(seq))
  const passing = relink(rewritten([...documents, ...later], honest.key), honest.key, true)
  expect(kinds({ receipts: passing })).toContain('settled_beyond_spent')
})

test('corrections that correct nothing, or too much', () => {
  const correction = receipts.findIndex(({ receipt }) => 'corrects' in receipt) + 1
  expect(forged(correction, set({ corrects: LAST }), 'linked')).toEqual(['correction_invalid'])
  expect(forged(correction, set({ charge: '5' }), 'reckoned')).toContain('correction_invalid')
  expect(forged(correction, set({ charge: '-361' }), 'reckoned')).toContain('correction_invalid')
})

test('the vault holds less than the gateway says', () => {
  const balance = structuredClone(evidence.balance)
  if (balance.kind === 'answered') Object.assign(balance.body as object, { frozen: '1' })
  expect(one({ balance })).toMatchObject({
    kind: 'insolvent',
    says: { source: 'answer' },
    but: { source: 'chain' },
  })
  // What was withdrawn although it was held is owed by the agent, and in the vault no more.
  if (balance.kind === 'answered') Object.assign(balance.body as object, { owed: '1' })
  expect(kinds({ balance })).toEqual([])
})

test('no balance, or one that makes no sense', () => {
  const target = 'GET /v1/balance'
  expect(kinds({ balance: { kind: 'unanswered', target, problem: '404' } })).toEqual(['unanswered'])
  expect(kinds({ balance: { kind: 'answered', target, body: { available: -1 } } })).toEqual([
    'malformed',
  ])
})

test('receipts that are not shown', () => {
  const target = 'GET /v1/receipts?after=0'
  const receiptTroubles = [
    { kind: 'unanswered', target, problem: 'the gateway answered 404' },
  ] as const
  expect(kinds({ receipts: [], receiptTroubles })).toEqual([
    'settled_beyond_spent',
    'spent_differs',
    'unanswered',
  ])
})

function emptied(answer: Answered, name: string): Answered {
  return answer.kind === 'answered'
    ? { ...answer, body: { ...(answer.body as object), [name]: '0' } }
    : answer
}

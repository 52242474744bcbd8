// The chain of receipts, forged by an operator who holds the receipt key.
import { expect, test } from 'vitest'
import {
  changedReceipt,
  document,
  forged,
  found,
  honest,
  kinds,
  LAST,
  MINUTES,
  more,
  one,
  receipts,
  set,
  tokens,
} from './crime-scene.ts'
import { forge, relink, rewritten } from './forge.ts'
import { AGENT, PARTY, signed } from './honest-gateway.ts'
import { digestOf, testKey } from './keys.ts'

function nested(depth: number): unknown {
  return JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)
}

test('the history that is forged here is honest', () => {
  expect(kinds({})).toEqual([])
})

test('a receipt in the middle is left out', () => {
  const without = receipts.filter((_, index) => index !== 1)
  const finding = one({ receipts: without })
  expect(finding).toMatchObject({
    kind: 'receipt_gap',
    says: { source: 'receipt', states: { seq: 3 }, delivered: receipts[2] },
    but: { source: 'receipt', states: { seq: 1 }, delivered: receipts[0] },
  })
})

test('the first receipts are left out', () => {
  expect(kinds({ receipts: receipts.slice(2) })).toEqual(['receipt_gap'])
})

test('the last receipt is left out: the balance says that more is spent', () => {
  expect(kinds({ receipts: receipts.slice(0, -1) })).toEqual(['spent_differs'])
  // The agent kept what it was sent: then the list itself is shown to lack it.
  const kept = [receipts[LAST - 1]]
  expect(kinds({ receipts: receipts.slice(0, -1), kept })).toEqual(['receipt_gap', 'spent_differs'])
})

test('a receipt is left out and the rest numbered anew', () => {
  const documents = receipts.filter((_, at) => at !== 1).map(({ receipt }) => receipt)
  const kept = [receipts[1]]
  const renumbered = rewritten(documents, honest.key)
  expect(kinds({ receipts: renumbered })).toEqual(['correction_invalid', 'spent_differs'])
  expect(kinds({ receipts: relink(renumbered, honest.key, true, 2), kept })).toEqual(
    expect.arrayContaining(['receipt_fork', 'spent_differs']),
  )
})

test('two receipts of one number', () => {
  const [other] = forge(receipts, honest.key, 4, more('charge', 1n), 'signed').slice(3)
  expect(kinds({ receipts: [...receipts.slice(0, 4), other, ...receipts.slice(4)] })).toEqual([
    'receipt_fork',
  ])
  expect(one({ kept: [other] })).toMatchObject({
    kind: 'receipt_fork',
    says: { delivered: receipts[3] },
    but: { delivered: other },
  })
})

test('a kept receipt that the gateway never signed proves nothing', () => {
  const [mine] = forge(receipts, AGENT, 4, more('charge', 1n), 'signed').slice(3)
  expect(kinds({ kept: [mine, { nothing: 1 }] })).toEqual([])
})

test('one page is delivered twice: no contradiction', () => {
  expect(kinds({ receipts: [...receipts, ...receipts.slice(-3)] })).toEqual([])
})

test('a receipt is altered and signed anew: the next one names the original', () => {
  expect(forged(2, set({ response_digest: digestOf('another answer') }), 'signed')).toEqual([
    'chain_broken',
  ])
  expect(forged(1, set({ prev: digestOf('something') }), 'linked')).toEqual(['chain_broken'])
})

test('a field is altered and not signed anew', () => {
  const finding = one({ receipts: forge(receipts, honest.key, LAST, set({ provider: 'x' })) })
  expect(finding).toMatchObject({
    kind: 'wrong_signature',
    says: { source: 'receipt', states: { seq: LAST } },
    but: { source: 'chain', account: PARTY.gateway },
  })
})

test('a receipt under a stranger’s key', () => {
  const stranger = signed(document(LAST), testKey('a stranger'))
  expect(kinds({ receipts: [...receipts.slice(0, -1), stranger] })).toEqual(['wrong_signature'])
})

test('a receipt of another agent, and of another gateway', () => {
  const gateway = testKey('another gateway').pubkey
  expect(forged(LAST, set({ gateway }), 'signed')).toEqual(['wrong_party'])
  const agent = testKey('another agent').pubkey
  expect(forged(LAST, set({ agent }), 'signed')).toEqual(['wrong_party'])
})

test('times that run backwards, or lie ahead', () => {
  const at = (ms: number) => new Date(honest.now + ms).toISOString()
  expect(forged(LAST, set({ ended_at: at(5 * MINUTES) }), 'signed')).toEqual(['times_impossible'])
  expect(forged(LAST, set({ started_at: at(1) }), 'signed')).toEqual(['times_impossible'])
  const early = { started_at: at(-10 * MINUTES), ended_at: at(-9 * MINUTES) }
  expect(forged(LAST, set(early), 'signed')).toContain('times_impossible')
})

test.each([
  ['no object', 7],
  ['nothing', null],
  ['without its signature', { receipt: receipts[0]?.receipt }],
  ['nested without end', { receipt: nested(20_000), signature: receipts[0]?.signature }],
  [
    'with a lone surrogate',
    { ...receipts[0], receipt: { ...receipts[0]?.receipt, model: '\ud800' } },
  ],
  ['with an amount as a number', changedReceipt({ charge: 5 })],
  ['with a fraction of a token', changedReceipt({ tokens: tokens({ input: 0.5 }) })],
  ['with a token class without a price', changedReceipt({ tokens: tokens({ audio: 5 }) })],
  ['with a number that is none', changedReceipt({ seq: 1e300 })],
  ['with an outcome that the contract lacks', changedReceipt({ outcome: 'who_knows' })],
])('what is no receipt: %s', (_, delivered) => {
  const findings = found({ receipts: [delivered, ...receipts.slice(1)] })
  expect(findings.map(({ kind }) => kind)).toEqual(['malformed', 'receipt_gap'])
})

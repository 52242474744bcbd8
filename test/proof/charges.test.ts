// Charges and price lists, forged by an operator who holds the receipt key.
import { expect, test } from 'vitest'
import type { Answered, Evidence } from '../../src/proof/evidence.ts'
import { type PriceListBody, priceListBytes } from '../../src/proof/price-list.ts'
import {
  document,
  evidence,
  forged,
  found,
  honest,
  kinds,
  LAST,
  more,
  receipts,
  set,
  tokens,
} from './crime-scene.ts'
import { forge } from './forge.ts'
import { AGENT } from './honest-gateway.ts'

test('a charge that does not follow from tokens and price', () => {
  expect(forged(LAST, more('charge', 1n), 'reckoned')).toEqual(['charge_differs', 'spent_differs'])
  const finding = found({
    receipts: forge(receipts, honest.key, 1, more('charge', 1n), 'reckoned'),
  }).find(({ kind }) => kind === 'charge_differs')
  expect(finding).toMatchObject({
    says: { source: 'receipt', states: { seq: 1, charge: '241' } },
    but: { source: 'price_list', states: { charge: '240', input: '200000' } },
  })
})

test('more tokens than the charge is for, and fewer', () => {
  const dear = tokens({ input: 100_000 })
  expect(forged(1, set({ tokens: dear }), 'linked')).toEqual(['charge_differs'])
  expect(forged(1, set({ tokens: tokens() }), 'linked')).toEqual(['charge_differs'])
})

test('a hold above what tokens and prices come to, or without its charge', () => {
  const charge = String(document(5)['charge'])
  expect(forged(5, set({ held: undefined }), 'linked')).toEqual(['charge_differs'])
  expect(forged(5, more('held', -1n), 'linked')).toEqual(['charge_differs'])
  const dear = (BigInt(charge) + 21n).toString()
  expect(forged(5, set({ held: dear, charge: dear }), 'reckoned')).toContain('charge_differs')
})

test('upper-tier prices for a call that does not pass the threshold, and the reverse', () => {
  const over = tokens({ input: 900, cache_write_1h: 200 })
  expect(document(4)).toMatchObject({ tokens: over, charge: '5200' })
  const under = { ...over, input: 800 }
  expect(forged(4, set({ tokens: under, charge: '4800' }), 'reckoned')).toContain('charge_differs')
  expect(forged(4, set({ tokens: under, charge: '2400' }), 'reckoned')).not.toContain(
    'charge_differs',
  )
  expect(forged(4, set({ charge: '2600' }), 'reckoned')).toContain('charge_differs')
})

test('a model that the list does not have', () => {
  expect(forged(1, set({ model: 'other' }), 'linked')).toEqual(['charge_differs'])
})

test('a charge at another price list than the one signed for', () => {
  const dear = document(6)['price_version']
  const charge = (240n * 3n) / 2n
  const change = set({ price_version: dear, charge: charge.toString() })
  expect(forged(2, change, 'reckoned')).toEqual(['other_price_list', 'spent_differs'])
})

test('a price list that is not shown, answers another, or is unreadable', () => {
  const version = String(document(1)['price_version'])
  const [now, , second] = evidence.prices
  const asked = (answer: Answered) =>
    ({ prices: [now, { asked: version, answer }, second] }) as Partial<Evidence>
  const target = `GET /v1/pricing?version=${version}`
  const problem = 'the gateway answered 404'
  const missing = found(asked({ kind: 'unanswered', target, problem }))
  expect(missing).toHaveLength(4)
  expect(missing[0]).toMatchObject({
    kind: 'price_list_missing',
    says: { states: { seq: 1, price_version: version } },
    but: { source: 'answer', target, states: { problem } },
  })
  const other = now?.answer.kind === 'answered' ? now.answer.body : null
  expect(kinds(asked({ kind: 'answered', target, body: other }))).toEqual(['price_list_missing'])
  expect(found(asked({ kind: 'answered', target, body: other }))[0]).toMatchObject({
    but: { states: { problem: expect.stringContaining('the answer is the list sha256:') } },
  })
  expect(kinds(asked({ kind: 'answered', target, body: [] }))).toEqual(['price_list_missing'])
  const unread = (answer: Answered) =>
    kinds({ prices: [{ asked: null, answer }, ...evidence.prices.slice(1)] })
  expect(unread({ kind: 'answered', target, body: 'x' })).toEqual(['malformed'])
  expect(unread({ kind: 'unanswered', target, problem })).toEqual(['unanswered'])
})

test('a price list that changed under one version', () => {
  const changed = (members: (body: PriceListBody) => Partial<PriceListBody>) => {
    const { prices, body } = shownPrices()
    Object.assign(body, members(body))
    return kinds({ prices: signedAnew(prices, body) })
  }
  const models = ({ models }: PriceListBody) => models as Record<string, object>
  const dearer = (body: PriceListBody) => ({ ...models(body)['small'], input: '999999999' })
  const same = (body: PriceListBody) => ({ models: { ...body.models, small: dearer(body) } })
  expect(changed(same)).toEqual(['price_list_changed'])
  expect(changed(() => ({ effective_at: '2026-11-21T13:00:00.000Z' }))).toEqual([
    'price_list_changed',
  ])
  expect(changed(() => ({ per: 1_000 }))).toEqual(['malformed'])
})

test.each([
  ['a stranger’s', AGENT.sign('x')],
  ['no', undefined],
  ['a wrong kind of', 7],
])('a price list with %s signature', (_, signature) => {
  const { prices, body } = shownPrices()
  Object.assign(body, { signature })
  const shown = JSON.parse(JSON.stringify(prices)) as typeof prices
  expect(kinds({ prices: shown })).toEqual(['price_list_unsigned'])
})

/** The lists, to be changed; `body` is that of the list in force. */
function shownPrices() {
  const prices = structuredClone(evidence.prices)
  const answer = prices[0]?.answer
  if (answer?.kind !== 'answered') throw new Error('there is no list')
  return { prices, body: answer.body as PriceListBody }
}

function signedAnew(prices: Evidence['prices'], body: PriceListBody): Evidence['prices'] {
  Object.assign(body, { signature: honest.key.sign(priceListBytes(body)) })
  return prices
}

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { importModel } from '../../src/prices/dataset.ts'
import { generateTable } from '../../src/prices/generate.ts'

const TABLE = new URL('../../src/prices/data/model-prices.ts', import.meta.url)

test('M7: the committed table is what the installed data set says', () => {
  expect(readFileSync(TABLE, 'utf8')).toBe(generateTable())
})

function importPrices(prices: unknown, match: unknown = { equals: 'm' }) {
  return importModel('openai', { id: 'm', match, prices })
}

describe('importing a model', () => {
  test('turns dollars into units exactly', () => {
    const prices = { input_mtok: 0.15, cache_read_mtok: 0.000001, output_mtok: 37.5 }
    expect(importPrices(prices)).toEqual({
      kind: 'imported',
      model: {
        provider: 'openai',
        id: 'm',
        aliases: [],
        versions: [
          {
            from: null,
            prices: { input: 150_000n, cached_input: 1n, output: 37_500_000n },
            tier: null,
          },
        ],
      },
    })
  })

  test('keeps one threshold, with the flat price of classes that have no tier', () => {
    const tiered = (base: number, price: number) => ({ base, tiers: [{ start: 1000, price }] })
    const prices = { input_mtok: tiered(1, 2), cache_read_mtok: 0.5, output_mtok: tiered(4, 6) }
    expect(importPrices(prices)).toMatchObject({
      model: {
        versions: [
          {
            prices: { input: 1_000_000n, cached_input: 500_000n, output: 4_000_000n },
            tier: {
              above: 1000,
              prices: { input: 2_000_000n, cached_input: 500_000n, output: 6_000_000n },
            },
          },
        ],
      },
    })
  })

  test('keeps effective dates', () => {
    const dated = [
      { prices: { input_mtok: 2 } },
      { constraint: { type: 'start_date', start_date: '2026-07-30' }, prices: { input_mtok: 1 } },
    ]
    expect(importPrices(dated)).toMatchObject({
      model: { versions: [{ from: null }, { from: '2026-07-30', prices: { input: 1_000_000n } }] },
    })
  })

  test('takes exact aliases, never prefixes or patterns', () => {
    const match = {
      or: [{ equals: 'm' }, { equals: 'm-1' }, { starts_with: 'm-2' }, { regex: '^m-3$' }],
    }
    expect(importPrices({ input_mtok: 1 }, match)).toMatchObject({ model: { aliases: ['m-1'] } })
  })

  const tier = (start: number) => ({ base: 1, tiers: [{ start, price: 2 }] })
  test.each([
    ['a fraction of a unit', { input_mtok: 0.0000001 }],
    ['a price in another notation', { input_mtok: 1e21 }],
    ['a negative price', { input_mtok: -1 }],
    ['no input price', { output_mtok: 1 }],
    ['audio', { input_mtok: 1, input_audio_mtok: 10 }],
    ['thresholds that differ', { input_mtok: tier(1000), output_mtok: tier(2000) }],
    ['two tiers', { input_mtok: { base: 1, tiers: [tier(1).tiers[0], tier(2).tiers[0]] } }],
    [
      'prices by the hour',
      [{ constraint: { type: 'time_of_date', start_time: '1', end_time: '2' }, prices: {} }],
    ],
  ])('leaves out a model with %s', (_, prices) => {
    expect(importPrices(prices)).toMatchObject({ kind: 'left_out', id: 'm' })
  })
})

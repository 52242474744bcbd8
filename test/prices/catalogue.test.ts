import { describe, expect, test } from 'vitest'
import { units } from '../../src/money.ts'
import { buildCatalogue, nextPriceChange } from '../../src/prices/catalogue.ts'
import { MODEL_PRICES } from '../../src/prices/data/model-prices.ts'
import type { PricedModel, StatedPrices } from '../../src/prices/dataset.ts'
import { MODEL_LIMITS, type ModelLimits } from '../../src/prices/limits.ts'
import { makePriceList, versionOf } from '../../src/prices/make-list.ts'
import type { ModelTerms } from '../../src/prices/price-list.ts'
import { modelsBody, pricingBody } from '../../src/prices/wire.ts'

const NOW = Date.parse('2026-11-21T12:00:00.000Z')
const BOTH = ['openai', 'anthropic']
const BUILT_IN = { models: MODEL_PRICES, limits: MODEL_LIMITS, providers: BOTH, markupPercent: 0 }

function builtIn(id: string, at = NOW, markupPercent = 0): ModelTerms {
  const { served } = buildCatalogue({ ...BUILT_IN, markupPercent }, at)
  return served.find((terms) => terms.id === id) ?? expect.fail(`${id} is not served`)
}

function model(versions: PricedModel['versions'], rest: Partial<PricedModel> = {}): PricedModel {
  return { provider: 'openai', id: 'm', aliases: [], versions, ...rest }
}
const flat = (prices: StatedPrices): PricedModel['versions'] => [{ from: null, prices, tier: null }]
const LIMITS: ModelLimits = {
  provider: 'openai',
  ids: ['m'],
  formats: ['openai-chat'],
  contextWindow: 1_000,
  maxOutputTokens: 100,
  toolPromptTokens: 10,
  imageTokensMax: null,
  documents: false,
  sources: [],
}

function sell(models: PricedModel[], limits: Partial<ModelLimits> = {}, at = NOW) {
  const source = { models, limits: [{ ...LIMITS, ...limits }], providers: BOTH, markupPercent: 0 }
  const { served, leftOut } = buildCatalogue(source, at)
  return served[0] ?? leftOut[0]?.why
}

describe('the built-in catalogue', () => {
  test('serves everything that it lists, each with a source', () => {
    const { served, leftOut } = buildCatalogue(BUILT_IN, NOW)
    expect(leftOut).toEqual([])
    expect(new Set(served.map(({ id }) => id)).size).toBe(served.length)
    for (const { sources } of MODEL_LIMITS) expect(sources[0]).toMatch(/^https:\/\//)
  })

  // [input, cached input, cache write, cache write for an hour, output] in USD per million tokens.
  test.each([
    ['gpt-4o-mini', [0.15, 0.075, 0.15, 0.15, 0.6]],
    ['gpt-4o', [2.5, 1.25, 2.5, 2.5, 10]],
    ['gpt-4.1', [2, 0.5, 2, 2, 8]],
    ['gpt-4.1-nano', [0.1, 0.025, 0.1, 0.1, 0.4]],
    ['gpt-5', [1.25, 0.125, 1.25, 1.25, 10]],
    ['gpt-5-mini', [0.25, 0.025, 0.25, 0.25, 2]],
    ['gpt-5.6', [4, 0.4, 5, 5, 20]],
    ['o3', [2, 0.5, 2, 2, 8]],
    ['o4-mini', [1.1, 0.275, 1.1, 1.1, 4.4]],
    ['text-embedding-3-small', [0.02, 0.02, 0.02, 0.02, 0.02]],
    ['text-embedding-3-large', [0.13, 0.13, 0.13, 0.13, 0.13]],
    ['claude-3-5-haiku-latest', [0.8, 0.08, 1, 1.6, 4]],
    ['claude-sonnet-4-5', [3, 0.3, 3.75, 6, 15]],
    ['claude-haiku-4-5', [1, 0.1, 1.25, 2, 5]],
    ['claude-opus-5-5', [4, 0.2, 5, 8, 20]],
  ])('M7: %s costs what the data set says', (id, usd) => {
    const { prices } = builtIn(id)
    const { input, cached_input, cache_write, cache_write_1h, output } = prices
    expect([input, cached_input, cache_write, cache_write_1h, output]).toEqual(
      usd.map((dollars) => BigInt(Math.round(dollars * 1_000_000))),
    )
  })

  test('states long-context prices only where a call can get there', () => {
    expect(builtIn('gpt-5.4').longContext).toMatchObject({
      above: 271_999,
      prices: { input: 5_000_000n, cache_write: 5_000_000n, output: 22_500_000n },
    })
    expect(builtIn('claude-sonnet-4-5').longContext).toBeNull()
  })

  test('follows effective dates', () => {
    expect(builtIn('gpt-5.6-luna', Date.parse('2026-07-29T23:59:59.999Z')).prices.input).toBe(
      1_000_000n,
    )
    expect(builtIn('gpt-5.6-luna', Date.parse('2026-07-30T00:00:00.000Z')).prices.input).toBe(
      200_000n,
    )
    const june = Date.parse('2026-06-01T00:00:00.000Z')
    expect(nextPriceChange(MODEL_PRICES, june)).toBe(Date.parse('2026-07-30T00:00:00.000Z'))
    expect(nextPriceChange(MODEL_PRICES, NOW)).toBeNull()
  })

  test('serves only the models of configured providers, with their formats', () => {
    const { served } = buildCatalogue({ ...BUILT_IN, providers: ['anthropic'] }, NOW)
    expect(new Set(served.map(({ provider }) => provider))).toEqual(new Set(['anthropic']))
    expect(builtIn('o3-pro').formats).toEqual(['openai-responses'])
    expect(builtIn('claude-opus-5').formats).toContain('anthropic-messages')
    expect(builtIn('text-embedding-3-small').formats).toEqual(['openai-embeddings'])
  })

  test('the markup is rounded up per price', () => {
    expect(builtIn('gpt-4.1-nano', NOW, 5).prices).toMatchObject({
      input: 105_000n,
      cached_input: 26_250n,
      output: 420_000n,
    })
    const models = [model(flat({ input: 1n, output: 100n }))]
    const source = { models, limits: [LIMITS], providers: BOTH, markupPercent: 1 }
    expect(buildCatalogue(source, NOW).served[0]?.prices).toMatchObject({ input: 2n, output: 101n })
  })
})

describe('M7: a model is not served', () => {
  const priced = flat({ input: 1n, output: 1n })
  const tier = { above: 500, prices: { input: 2n, cache_write_1h: 4n, output: 2n } }
  test.each<[string, PricedModel[], Partial<ModelLimits>]>([
    ['without a price', [], {}],
    ['priced twice', [model(priced), model(priced)], {}],
    ['priced by another provider', [model(priced, { provider: 'anthropic' })], {}],
    ['with a zero price', [model(flat({ input: 1n, cached_input: 0n, output: 1n }))], {}],
    ['without an output price', [model(flat({ input: 1n }))], {}],
    [
      'before its first day',
      [model([{ from: '2027-01-01', prices: { input: 1n }, tier: null }])],
      {},
    ],
    [
      'whose tiers the list cannot express',
      [model([{ from: null, prices: { input: 1n, output: 1n }, tier }])],
      {},
    ],
  ])('%s', (_, models, limits) => {
    expect(sell(models, limits)).toBeTypeOf('string')
  })

  test('and is where the same tier is out of reach, or under an alias', () => {
    const tiered = model([{ from: null, prices: { input: 1n, output: 1n }, tier }])
    expect(sell([tiered], { contextWindow: 500 })).toMatchObject({ longContext: null })
    const alias = model(priced, { id: 'n', aliases: ['m'] })
    expect(sell([alias])).toMatchObject({ id: 'm' })
    const both = [model(flat({ input: 7n, output: 7n })), alias]
    expect(sell(both)).toMatchObject({ prices: { input: 7n } })
  })
})

test('a class without a price of its own costs the dearest input price', () => {
  const stated = flat({ input: 3n, cached_input: 1n, cache_write: 5n, output: 9n })
  expect(sell([model(stated)])).toMatchObject({
    prices: { input: 3n, cached_input: 1n, cache_write: 5n, cache_write_1h: 5n, output: 9n },
    hasHourCache: false,
  })
  expect(sell([model(flat({ input: 3n, output: 9n }))])).toMatchObject({
    prices: { cached_input: 3n, cache_write: 3n, cache_write_1h: 3n },
  })
})

describe('the list on the wire', () => {
  const list = makePriceList(buildCatalogue(BUILT_IN, NOW).served, NOW)

  test('M7: the version changes with any price, and with nothing else', () => {
    expect(makePriceList([...list.models.values()].reverse(), 0).version).toBe(list.version)
    const terms = builtIn('gpt-4o-mini')
    const dearer = { ...terms, prices: { ...terms.prices, output: units(600_001n) } }
    const one = makePriceList([terms], NOW)
    expect(makePriceList([dearer], NOW).version).not.toBe(one.version)
    expect(one.version).toBe(versionOf(one.wireModels))
  })

  test('says all that a charge is recomputed from', () => {
    expect(pricingBody(list)).toMatchObject({
      asset: 'USDC',
      decimals: 6,
      per: 1_000_000,
      version: list.version,
      effective_at: '2026-11-21T12:00:00.000Z',
      models: {
        'claude-haiku-4-5': {
          provider: 'anthropic',
          input: '1000000',
          cached_input: '100000',
          cache_write: '1250000',
          cache_write_1h: '2000000',
          output: '5000000',
          context_window: 200_000,
          max_output_tokens: 64_000,
        },
        'gpt-5.4': {
          long_context: {
            above: 271_999,
            input: '5000000',
            cached_input: '500000',
            cache_write: '5000000',
            output: '22500000',
          },
        },
      },
    })
    expect(list.wireModels['gpt-4o']).not.toHaveProperty('cache_write_1h')
    expect(list.wireModels['gpt-4o']).not.toHaveProperty('long_context')
  })

  test('lists models as OpenAI does, with prices as OpenRouter does', () => {
    const body = modelsBody(list)
    expect(body.object).toBe('list')
    expect(body.data).toHaveLength(list.models.size)
    expect(body.data.find(({ id }) => id === 'gpt-4o-mini')).toEqual({
      id: 'gpt-4o-mini',
      object: 'model',
      created: NOW / 1000,
      owned_by: 'openai',
      pricing: {
        prompt: '0.00000015',
        completion: '0.0000006',
        request: '0',
        image: '0',
        input_cache_read: '0.000000075',
        input_cache_write: '0.00000015',
      },
      context_length: 128_000,
      top_provider: {
        context_length: 128_000,
        max_completion_tokens: 16_384,
        is_moderated: false,
      },
    })
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { InputBounds, OutputBounds } from '../../src/formats/format.ts'
import { charge, type TokenPrices, type Tokens, units } from '../../src/money.ts'
import type { ModelTerms } from '../../src/prices/price-list.ts'
import { quote } from '../../src/prices/quote.ts'
import { pricesFor } from '../../src/prices/settle.ts'
import {
  affordableCap,
  chooseCap,
  inputBoundTokens,
  refuseUnbounded,
  worstCase,
} from '../../src/prices/worst-case.ts'

const price = fc.bigInt({ min: 1n, max: 200_000_000n }).map(units)
const anyPrices: fc.Arbitrary<TokenPrices> = fc.record({
  input: price,
  cached_input: price,
  cache_write: price,
  cache_write_1h: price,
  output: price,
})
const anyTerms: fc.Arbitrary<ModelTerms> = fc.record({
  id: fc.constant('model'),
  provider: fc.constant('openai'),
  formats: fc.constantFrom(['openai-chat', 'openai-responses'], ['anthropic-messages']),
  prices: anyPrices,
  hasHourCache: fc.boolean(),
  longContext: fc.option(fc.record({ above: fc.nat(1_000_000), prices: anyPrices })),
  contextWindow: fc.constant(200_000),
  maxOutputTokens: fc.integer({ min: 1, max: 128_000 }),
  toolPromptTokens: fc.nat(3_000),
  imageTokensMax: fc.option(fc.nat(36_000)),
  documentPageTokensMax: fc.option(fc.constant(200_000)),
})
const anyInput: fc.Arbitrary<InputBounds> = fc.record({
  bytes: fc.integer({ min: 1, max: 2_000_000 }),
  images: fc.nat(3),
  documentPages: fc.nat(2),
  tools: fc.boolean(),
  cacheWrite: fc.constantFrom('none', '5m', '1h'),
})
const anyOutput: fc.Arbitrary<OutputBounds> = fc.record({
  cap: fc.option(fc.nat(200_000)),
  choices: fc.integer({ min: 1, max: 8 }),
  extra: fc.nat(500),
})
const anyCap = fc.nat(128_000)
const anyAvailable = fc.bigInt({ min: 0n, max: 10n ** 9n }).map(units)

const TERMS: ModelTerms = {
  id: 'model',
  provider: 'openai',
  formats: ['openai-chat'],
  prices: {
    input: units(1_000_000n),
    cached_input: units(500_000n),
    cache_write: units(1_250_000n),
    cache_write_1h: units(2_000_000n),
    output: units(4_000_000n),
  },
  hasHourCache: false,
  longContext: null,
  contextWindow: 200_000,
  maxOutputTokens: 1_000,
  toolPromptTokens: 300,
  imageTokensMax: 1_445,
  documentPageTokensMax: 200_000,
}
const INPUT: InputBounds = {
  bytes: 100,
  images: 0,
  documentPages: 0,
  tools: false,
  cacheWrite: 'none',
}
const OUTPUT: OutputBounds = { cap: null, choices: 1, extra: 0 }

/** Splits `total` tokens over the input classes that the request can be billed in. */
function mixOf(terms: ModelTerms, input: InputBounds, total: number, parts: number[]): Tokens {
  const writes = input.cacheWrite !== 'none' || !terms.formats.includes('anthropic-messages')
  const open = [
    'cached_input',
    writes && 'cache_write',
    input.cacheWrite === '1h' && 'cache_write_1h',
  ]
  const counts: Record<string, number> = {}
  let left = total
  open.forEach((name, i) => {
    if (typeof name !== 'string') return
    counts[name] = Math.floor(left * (parts[i] ?? 0))
    left -= counts[name]
  })
  const none = { cached_input: 0, cache_write: 0, cache_write_1h: 0 }
  return { ...none, ...counts, input: left, output: 0 }
}

describe('M5: worstCase', () => {
  test('covers the charge of any mix of tokens within the bounds', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    const shares = fc.array(share, { minLength: 5, maxLength: 5 })
    fc.assert(
      fc.property(anyTerms, anyInput, anyOutput, anyCap, shares, (terms, input, output, cap, s) => {
        fc.pre(refuseUnbounded(terms, input) === null)
        const bound = inputBoundTokens(terms, input)
        const most = cap * output.choices + output.extra
        for (const [used, generated] of [
          [1, 1],
          [s[3] ?? 0, s[4] ?? 0],
        ] as const) {
          const mix = mixOf(terms, input, Math.floor(bound * used), s)
          const tokens = { ...mix, output: Math.floor(most * generated) }
          const hold = worstCase(terms, input, output, cap)
          expect(charge(tokens, pricesFor(terms, tokens))).toBeLessThanOrEqual(hold)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('never falls when a bound rises', () => {
    fc.assert(
      fc.property(anyTerms, anyInput, anyOutput, anyCap, (terms, input, output, cap) => {
        const more = { ...input, images: input.images + 1, tools: true }
        fc.pre(refuseUnbounded(terms, more) === null)
        const held = worstCase(terms, input, output, cap)
        const raised = [
          worstCase(terms, { ...input, bytes: input.bytes + 1 }, output, cap),
          worstCase(terms, more, output, cap),
          worstCase(terms, { ...input, cacheWrite: '1h' }, output, cap),
          worstCase(terms, input, { ...output, choices: output.choices + 1 }, cap),
          worstCase(terms, input, { ...output, extra: output.extra + 1 }, cap),
          worstCase(terms, input, output, cap + 1),
        ]
        for (const amount of raised) expect(amount).toBeGreaterThanOrEqual(held)
      }),
    )
  })

  test('is input bound and cap × choices at the dearest prices, rounded up once', () => {
    // 100 bytes at 1.25 (OpenAI writes caches by itself) + 10 × 2 tokens at 4.
    expect(worstCase(TERMS, INPUT, { ...OUTPUT, choices: 2 }, 10)).toBe(205n)
    expect(worstCase(TERMS, { ...INPUT, tools: true }, OUTPUT, 0)).toBe(500n)
    expect(worstCase(TERMS, { ...INPUT, images: 1 }, OUTPUT, 0)).toBe(1_932n)
    expect(worstCase(TERMS, INPUT, { ...OUTPUT, extra: 5 }, 0)).toBe(145n)
    const anthropic = { ...TERMS, formats: ['anthropic-messages'] }
    expect(worstCase(anthropic, INPUT, OUTPUT, 0)).toBe(100n)
    expect(worstCase(anthropic, { ...INPUT, cacheWrite: '5m' }, OUTPUT, 0)).toBe(125n)
    expect(worstCase(anthropic, { ...INPUT, cacheWrite: '1h' }, OUTPUT, 0)).toBe(200n)
  })

  test('takes long-context prices once the bound passes the threshold, not at it', () => {
    const dear = { ...TERMS.prices, cache_write: units(10_000_000n), output: units(8_000_000n) }
    const terms = { ...TERMS, longContext: { above: 100, prices: dear } }
    expect(worstCase(terms, INPUT, OUTPUT, 1)).toBe(129n)
    expect(worstCase(terms, { ...INPUT, bytes: 101 }, OUTPUT, 1)).toBe(1_018n)
  })

  test('a document is bounded by the context window; what has no bound is refused', () => {
    const pdf = { ...INPUT, bytes: 5_000_000, documentPages: 3 }
    expect(inputBoundTokens(TERMS, pdf)).toBe(200_000)
    expect(inputBoundTokens(TERMS, { ...pdf, documentPages: 0 })).toBe(5_000_000)
    const blind = { ...TERMS, imageTokensMax: null, documentPageTokensMax: null }
    for (const input of [pdf, { ...INPUT, images: 1 }]) {
      expect(refuseUnbounded(blind, input)?.code).toBe('unsupported_parameter')
      expect(() => worstCase(blind, input, OUTPUT, 1)).toThrow(RangeError)
    }
    expect(refuseUnbounded(blind, INPUT)).toBeNull()
  })
})

describe('M5: affordableCap', () => {
  test('is affordable, and one token more is not', () => {
    fc.assert(
      fc.property(
        anyTerms,
        anyInput,
        anyOutput,
        anyAvailable,
        (terms, input, output, available) => {
          fc.pre(refuseUnbounded(terms, input) === null && output.cap !== 0)
          const cap = affordableCap(terms, input, output, available)
          expect(cap).toBeLessThanOrEqual(terms.maxOutputTokens)
          if (cap > 0) expect(worstCase(terms, input, output, cap)).toBeLessThanOrEqual(available)
          if (cap < terms.maxOutputTokens) {
            expect(worstCase(terms, input, output, cap + 1)).toBeGreaterThan(available)
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test("the client's cap is kept; an absent one becomes the model's, or what is affordable", () => {
    expect(chooseCap(TERMS, INPUT, { ...OUTPUT, cap: 7 }, units(0n))).toBe(7)
    expect(chooseCap(TERMS, INPUT, { ...OUTPUT, cap: 5_000 }, units(0n))).toBe(5_000)
    expect(chooseCap(TERMS, INPUT, OUTPUT, units(1_000_000n))).toBe(1_000)
    expect(chooseCap(TERMS, INPUT, OUTPUT, units(525n))).toBe(100)
    expect(chooseCap(TERMS, INPUT, OUTPUT, units(100n))).toBe(16)
    expect(chooseCap(TERMS, INPUT, { ...OUTPUT, cap: 0 }, units(100n))).toBe(0)
    expect(affordableCap(TERMS, INPUT, { ...OUTPUT, cap: 0 }, units(10_000n))).toBe(0)
  })
})

describe('settling', () => {
  test('takes long-context prices by the input that was used, over all its classes', () => {
    const dear = { ...TERMS.prices, input: units(3_000_000n), output: units(9_000_000n) }
    const terms = { ...TERMS, longContext: { above: 100, prices: dear } }
    const at = { input: 40, cached_input: 30, cache_write: 20, cache_write_1h: 10, output: 1 }
    expect(pricesFor(terms, at)).toBe(TERMS.prices)
    expect(pricesFor(terms, { ...at, output: 1_000 })).toBe(TERMS.prices)
    for (const name of ['input', 'cached_input', 'cache_write', 'cache_write_1h'] as const) {
      expect(pricesFor(terms, { ...at, [name]: at[name] + 1 }), name).toBe(dear)
    }
  })
})

describe('quote', () => {
  test('states the hold, an estimate below it, and what the balance affords', () => {
    expect(quote('sha256:0', TERMS, INPUT, { ...OUTPUT, cap: 100 }, units(524n))).toEqual({
      price_version: 'sha256:0',
      worst_case: '525',
      expected: '425',
      affordable: false,
      affordable_max_tokens: 99,
    })
    expect(quote('v', TERMS, INPUT, { ...OUTPUT, cap: 100 }, units(525n)).affordable).toBe(true)
  })

  test('expects no more than the worst case, and affords what it calls affordable', () => {
    fc.assert(
      fc.property(
        anyTerms,
        anyInput,
        anyOutput,
        anyAvailable,
        (terms, input, output, available) => {
          fc.pre(refuseUnbounded(terms, input) === null)
          const quoted = quote('v', terms, input, output, available)
          expect(BigInt(quoted.expected)).toBeLessThanOrEqual(BigInt(quoted.worst_case))
          expect(quoted.affordable).toBe(BigInt(quoted.worst_case) <= available)
        },
      ),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  charge,
  formatUsdc,
  least,
  NO_TOKENS,
  parseUnits,
  parseUsdc,
  TOKEN_CLASSES,
  type TokenPrices,
  type Tokens,
  units,
} from '../src/money.ts'

const record = <T>(value: fc.Arbitrary<T>) =>
  fc.record({
    input: value,
    cached_input: value,
    cache_write: value,
    cache_write_1h: value,
    output: value,
  })
const anyTokens: fc.Arbitrary<Tokens> = record(fc.nat(10_000_000))
const anyPrices: fc.Arbitrary<TokenPrices> = record(
  fc.bigInt({ min: 1n, max: 10n ** 9n }).map(units),
)
const ZERO_PRICES = Object.fromEntries(
  TOKEN_CLASSES.map((name) => [name, units(0n)]),
) as unknown as TokenPrices

describe('charge', () => {
  test('is the exact cost rounded up once, never a unit more', () => {
    fc.assert(
      fc.property(anyTokens, anyPrices, (tokens, prices) => {
        const millionths = TOKEN_CLASSES.reduce(
          (sum, name) => sum + BigInt(tokens[name]) * prices[name],
          0n,
        )
        const charged = charge(tokens, prices)
        expect(charged * 1_000_000n).toBeGreaterThanOrEqual(millionths)
        expect((charged - 1n) * 1_000_000n).toBeLessThan(millionths)
      }),
    )
  })

  test('M2: each class is priced exactly once, at its own price', () => {
    for (const name of TOKEN_CLASSES) {
      const tokens = { ...NO_TOKENS, [name]: 3 }
      expect(charge(tokens, { ...ZERO_PRICES, [name]: units(2_000_000n) })).toBe(6n)
      const others = Object.fromEntries(TOKEN_CLASSES.map((other) => [other, units(7_000_000n)]))
      expect(charge(tokens, { ...(others as TokenPrices), [name]: units(0n) })).toBe(0n)
    }
  })

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    'throws for a count of %d',
    (count) => {
      expect(() => charge({ ...NO_TOKENS, output: count }, ZERO_PRICES)).toThrow(RangeError)
    },
  )
})

describe('amounts as text', () => {
  test('units survive JSON exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (amount) => {
        expect(parseUnits(units(amount).toString())).toBe(amount)
      }),
    )
  })

  test.each(['', '-1', '+1', '01', '1.0', '1e3', ' 1', '1n', '0x1', '1'.repeat(21), 1, null, [1]])(
    '%j is not an amount of units',
    (text) => {
      expect(parseUnits(text)).toBeNull()
    },
  )

  test('USDC as people write it is read exactly, and written with six decimals', () => {
    expect(parseUsdc('5')).toBe(5_000_000n)
    expect(parseUsdc('0.25')).toBe(250_000n)
    expect(parseUsdc('0.000001')).toBe(1n)
    for (const text of ['.5', '5.', '1.0000001', '-1', '1,5', '']) {
      expect(parseUsdc(text)).toBeNull()
    }
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), (amount) => {
        expect(parseUsdc(formatUsdc(amount))).toBe(amount)
      }),
    )
    expect(formatUsdc(4_230_000n)).toBe('4.230000')
    expect(formatUsdc(-1n)).toBe('-0.000001')
  })

  test('least is the smaller', () => {
    expect(least(units(1n), units(2n))).toBe(1n)
    expect(least(units(2n), units(1n))).toBe(1n)
  })
})

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { charge, NO_TOKENS, type TokenPrices, units } from '../../src/money.ts'
import {
  type ChargeTerms,
  chargeFor,
  type Ending,
  priceEnding,
  recoveryTerms,
} from '../../src/request/billing.ts'
import { LEASE_MS, SWEEP_MS } from '../../src/request/leases.ts'

const PRICES: TokenPrices = {
  input: units(1_000_000n),
  cached_input: units(500_000n),
  cache_write: units(1_250_000n),
  cache_write_1h: units(2_000_000n),
  output: units(2_000_000n),
}

function terms(held: bigint, input = 100, outputMax = 50): ChargeTerms {
  return {
    held: units(held),
    inputBound: { ...NO_TOKENS, input },
    outputMax,
    priceOf: (tokens) => charge(tokens, PRICES),
  }
}

const NOTHING = { tokens: null, inputTokens: null, upstreamId: null, outputBytes: 0 }
const USAGE = { ...NO_TOKENS, input: 12, output: 7 }

test.each<[ending: Ending, withUsage: string, without: string]>([
  ['finished', 'completed', 'usage_missing'],
  ['failed', 'provider_failed', 'provider_failed'],
  ['stalled', 'provider_stalled', 'provider_stalled'],
  ['client_left', 'client_left', 'client_left'],
  ['gateway_stops', 'recovered', 'recovered'],
])('M3: a call that ended as %s is %s with usage and %s without', (ending, withUsage, without) => {
  const agreed = terms(1_000n)
  expect(priceEnding(agreed, ending, { ...NOTHING, tokens: USAGE })).toEqual({
    outcome: withUsage,
    tokens: USAGE,
    charge: 26n,
  })
  expect(priceEnding(agreed, ending, { ...NOTHING, outputBytes: 9 })).toEqual({
    outcome: without,
    tokens: { ...NO_TOKENS, input: 100, output: 9 },
    charge: 118n,
  })
})

test('M4: input that the provider reported counts instead of its bound', () => {
  const reading = { ...NOTHING, inputTokens: { ...NO_TOKENS, cached_input: 10 }, outputBytes: 3 }
  expect(priceEnding(terms(1_000n), 'client_left', reading)).toMatchObject({ charge: 11n })
})

test('L3, M3: no ending is charged above its hold, and none without usage is free', () => {
  const endings = fc.constantFrom<Ending>(
    'finished',
    'failed',
    'stalled',
    'client_left',
    'gateway_stops',
  )
  const count = fc.nat({ max: 1_000_000 })
  fc.assert(
    fc.property(
      endings,
      count,
      count,
      count,
      fc.option(count),
      (ending, bound, held, bytes, used) => {
        const agreed = terms(BigInt(held) + 1n, bound + 1, 1_000)
        const tokens = used === null ? null : { ...NO_TOKENS, output: used }
        const price = priceEnding(agreed, ending, { ...NOTHING, tokens, outputBytes: bytes })
        expect(price.charge <= agreed.held).toBe(true)
        if (tokens === null) expect(price.charge > 0n).toBe(true)
        expect(price.charge).toBe(chargeFor(agreed, price.tokens))
      },
    ),
  )
})

test('L5: what a call would be recovered at grows with what was delivered, up to its cap', () => {
  const agreed = terms(10_000n)
  expect(recoveryTerms(agreed, null).charge).toBe(100n)
  expect(recoveryTerms(agreed, { ...NOTHING, outputBytes: 5 }).charge).toBe(110n)
  expect(recoveryTerms(agreed, { ...NOTHING, outputBytes: 5_000 }).charge).toBe(200n)
})

test('the published policy names every outcome and the lease as they are', () => {
  const page = readFileSync('docs/billing.md', 'utf8')
  const [, section = ''] = /## How a call can end\n([\s\S]*?)\n## /.exec(page) ?? []
  const published = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
  const endings: Ending[] = ['finished', 'failed', 'stalled', 'client_left', 'gateway_stops']
  const priced = endings.flatMap((ending) =>
    [null, USAGE].map(
      (tokens) => priceEnding(terms(1_000n), ending, { ...NOTHING, tokens }).outcome,
    ),
  )
  expect(new Set(published)).toEqual(new Set(priced))
  expect(page).toContain(`a lease of ${LEASE_MS / 1000} seconds`)
  expect(page).toContain('at most 15 seconds after the crash')
  expect(LEASE_MS + SWEEP_MS).toBeLessThanOrEqual(15_000)
})

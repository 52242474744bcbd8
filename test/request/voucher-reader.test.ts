import fc from 'fast-check'
import { expect, test } from 'vitest'
import { VoucherReader } from '../../src/request/vouchers.ts'
import { addressesOf } from '../support/gateway.ts'
import vectors from '../vectors.json' with { type: 'json' }

const { pubkey } = vectors.agent
const GOOD = vectors.vouchers[0]?.header ?? expect.fail('the vectors have no voucher')

const almost = fc
  .tuple(fc.nat(GOOD.length - 1), fc.string({ unit: 'grapheme', maxLength: 2 }))
  .map(([at, text]) => GOOD.slice(0, at) + text + GOOD.slice(at + 1))
const shaped = fc
  .tuple(fc.bigInt(), fc.bigInt(), fc.base64String({ minLength: 88, maxLength: 88 }))
  .map((parts) => parts.join(':'))

test('C9: no text makes the reader throw, and none but the one that was signed is a voucher', () => {
  const reader = new VoucherReader(addressesOf)
  fc.assert(
    fc.property(fc.oneof(fc.string(), almost, shaped), (text) => {
      const { kind } = reader.read(pubkey, text)
      expect(kind).toBe(text === GOOD ? 'verified' : 'refused')
    }),
    { numRuns: 2_000 },
  )
})

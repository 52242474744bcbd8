import { expect, test } from 'vitest'
import { readPaymentPayload } from '../../src/x402/wire.ts'

test.each<[unknown, string]>([
  [null, 'see the JSON as a whole.'],
  [[], 'see the JSON as a whole.'],
  [{ x402Version: 1 }, 'see x402Version.'],
])('PAYMENT-SIGNATURE of %j is refused with the place to look at', (value, place) => {
  const header = Buffer.from(JSON.stringify(value)).toString('base64')
  expect(readPaymentPayload(header)).toEqual({
    kind: 'refused',
    message: `PAYMENT-SIGNATURE is not an x402 v2 payment of scheme exact: ${place}`,
  })
})

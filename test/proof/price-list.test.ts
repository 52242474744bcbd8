import { createHash, createPrivateKey, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { priceListBytes } from '../../src/proof/price-list.ts'
import vectors from '../vectors.json' with { type: 'json' }

const { list, canonical, digest, signature } = vectors.price_list

test('M7: the signed bytes of a price list are exactly the vector’s', () => {
  const bytes = priceListBytes(list)
  expect(Buffer.from(bytes).toString()).toBe(`level5-prices-v1\n${canonical}`)
  expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest)
  const pkcs8 = Buffer.from(
    `302e020100300506032b657004220420${vectors.receipt_key.seed_hex}`,
    'hex',
  )
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  expect(sign(null, bytes, key).toString('base64')).toBe(signature)
})

test('a list that came with its signature has the same bytes as one without', () => {
  const delivered = { ...list, signature }
  expect(priceListBytes(delivered)).toEqual(priceListBytes(list))
})

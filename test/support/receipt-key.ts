/** The receipt key of the tests: that of the vectors, so that receipts have the very bytes of the contract. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import type { ReceiptIssuer } from '../../src/ledger/receipt-ledger.ts'
import vectors from '../vectors.json' with { type: 'json' }

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

export const RECEIPT_KEY: KeyObject = createPrivateKey({
  key: Buffer.concat([PKCS8_PREFIX, Buffer.from(vectors.receipt_key.seed_hex, 'hex')]),
  format: 'der',
  type: 'pkcs8',
})

/** Signs at once, as with a key file. */
export const TEST_ISSUER: ReceiptIssuer = {
  gateway: vectors.program.gateway.address,
  sign: (bytes) => sign(null, bytes, RECEIPT_KEY),
}

/** The receipt key of the tests: that of the vectors, so that receipts have the very bytes of the contract. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import bs58 from 'bs58'
import { signatureEngine } from '../../src/identity/signature-engine.ts'
import type { ReceiptIssuer } from '../../src/ledger/receipt-ledger.ts'
import type { MessageSigner } from '../../src/signers/message-signer.ts'
import vectors from '../vectors.json' with { type: 'json' }

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

export const RECEIPT_SEED: Uint8Array = Buffer.from(vectors.receipt_key.seed_hex, 'hex')

export const RECEIPT_KEY: KeyObject = createPrivateKey({
  key: Buffer.concat([PKCS8_PREFIX, RECEIPT_SEED]),
  format: 'der',
  type: 'pkcs8',
})

const signNow = signatureEngine.signer(RECEIPT_SEED)

/** Signs at once, as with a key file. */
export const TEST_ISSUER: ReceiptIssuer = {
  gateway: vectors.program.gateway.address,
  sign: signNow,
}

export const RECEIPT_PUBLIC_KEY: Uint8Array = bs58.decode(vectors.receipt_key.pubkey)

/** The same key as who signs when asked. */
export const TEST_SIGNER: MessageSigner = {
  publicKey: RECEIPT_PUBLIC_KEY,
  sign: async (message) => signNow(message),
  close: async () => {},
}

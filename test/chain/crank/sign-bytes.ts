import { createPrivateKey, sign } from 'node:crypto'
import type { Keypair } from '@solana/web3.js'

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** An agent's signature over bytes that are no transaction. */
export function signBytes({ secretKey }: Keypair, bytes: Uint8Array): Buffer {
  const der = Buffer.concat([PKCS8_PREFIX, secretKey.subarray(0, 32)])
  return sign(null, bytes, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
}

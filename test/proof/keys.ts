/** Ed25519 keys of tests: what they sign, they sign at once. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import bs58 from 'bs58'

export interface TestKey {
  /** Base58. */
  readonly pubkey: string
  /** Base64 of 64 bytes. */
  sign(message: Uint8Array | string): string
}

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The key of a name, or of a 32-byte seed. */
export function testKey(seed: string | Buffer): TestKey {
  const bytes = typeof seed === 'string' ? createHash('sha256').update(seed).digest() : seed
  const der = Buffer.concat([PKCS8, bytes])
  return keyOf(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
}

function keyOf(key: KeyObject): TestKey {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    pubkey: bs58.encode(spki.subarray(-32)),
    sign: (message) => sign(null, Buffer.from(message), key).toString('base64'),
  }
}

/** `sha256:<hex>` of a text. */
export function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/**
 * Who computes ed25519: libsodium where its binary loads, else the runtime's OpenSSL, which takes twice as long for the
 * same answers (docs/benchmarks.md). The one place that knows either. Source: RFC 8032.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { createRequire } from 'node:module'
import { Recent } from './recent.ts'

export interface SignatureEngine {
  readonly name: 'libsodium' | 'runtime'
  /** 32 bytes of a key and 64 of a signature. Engines may differ on what `verifyStrict` refuses before it asks. */
  verifies(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  /** Signs with a seed of 32 bytes; signatures have 64. */
  signer(seed: Uint8Array): (message: Uint8Array) => Uint8Array
}

/** The calls of `sodium-native` that are made here; it writes into buffers of its callers. */
interface Sodium {
  crypto_sign_verify_detached(
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array,
  ): boolean
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void
}

const require = createRequire(import.meta.url)
const SIGNATURE_BYTES = 64
/** RFC 8410: what precedes the seed in PKCS #8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
/** Some 8 MB when full. */
const KEYS_MAX = 4_096

/** Keys as the runtime wants them, by their bytes: an import costs a tenth of a verification. */
const importedKeys = new Recent<KeyObject>(KEYS_MAX)

export const runtimeEngine: SignatureEngine = {
  name: 'runtime',
  verifies: (publicKey, message, signature) =>
    verify(null, message, importedKey(publicKey), signature),
  signer(seed) {
    const key = privateKey(seed)
    return (message) => sign(null, message, key)
  },
}

/** Null where the package has no binary that loads here, as on most machines without glibc. */
export const sodiumEngine: SignatureEngine | null = loadSodium()

export const signatureEngine: SignatureEngine = sodiumEngine ?? runtimeEngine

/** The 32 bytes of the key with this seed of 32 bytes. */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  const spki = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' })
  return Uint8Array.from(spki.subarray(-32))
}

function loadSodium(): SignatureEngine | null {
  let sodium: Sodium
  try {
    sodium = require('sodium-native') as Sodium
  } catch {
    return null
  }
  return {
    name: 'libsodium',
    verifies: (publicKey, message, signature) =>
      sodium.crypto_sign_verify_detached(signature, message, publicKey),
    signer(seed) {
      const key = Uint8Array.from([...seed, ...publicKeyOf(seed)])
      return (message) => {
        const signature = Buffer.alloc(SIGNATURE_BYTES)
        sodium.crypto_sign_detached(signature, message, key)
        return signature
      }
    },
  }
}

function importedKey(publicKey: Uint8Array): KeyObject {
  const x = Buffer.from(publicKey).toString('base64url')
  const known = importedKeys.get(x)
  if (known !== undefined) return known
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  importedKeys.keep(x, key)
  return key
}

function privateKey(seed: Uint8Array): KeyObject {
  const der = Buffer.concat([PKCS8_PREFIX, seed])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

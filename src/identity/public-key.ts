/** Public keys and signatures as text. The only place that reads base58 for identity. */
import bs58 from 'bs58'
import { Recent } from './recent.ts'

/** Some 2 MB when full. */
const KEYS_MAX = 8_192

/** Keys that were read before, by their text: reading base58 takes long division, twice. */
const readKeys = new Recent<Uint8Array>(KEYS_MAX)

/**
 * The 32 bytes of a base58 public key. Null unless the text is the one canonical encoding of 32 bytes.
 * Others may hold the same bytes: copy them before writing to them.
 */
export function decodePublicKey(text: string): Uint8Array | null {
  const known = readKeys.get(text)
  if (known !== undefined) return known
  const key = /^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(text) ? canonical58(text, 32) : null
  if (key !== null) readKeys.keep(text, key)
  return key
}

/** The 64 bytes of a signature in standard, padded, canonical base64; else null. */
export function decodeBase64Signature(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9+/]{86}==$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === 64 && bytes.toString('base64') === text ? bytes : null
}

/** The 64 bytes of a signature in base64 (padded) or base58; else null. */
export function decodeSignature(text: string): Uint8Array | null {
  if (text.endsWith('=')) return decodeBase64Signature(text)
  return /^[1-9A-HJ-NP-Za-km-z]{64,88}$/.test(text) ? canonical58(text, 64) : null
}

function canonical58(text: string, length: number): Uint8Array | null {
  const bytes = bs58.decodeUnsafe(text)
  return bytes?.length === length && bs58.encode(bytes) === text ? bytes : null
}

/** Public keys and signatures as text. The only place that reads base58 for identity. */
import bs58 from 'bs58'

/**
 * The 32 bytes of a base58 public key. Null unless the text is the one canonical encoding of 32 bytes.
 */
export function decodePublicKey(text: string): Uint8Array | null {
  return /^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(text) ? canonical58(text, 32) : null
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

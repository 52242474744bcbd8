/** Signs with a key file of the Solana CLI: a JSON array of 64 bytes, seed then public key. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { MessageSigner } from './message-signer.ts'

/** A key that this process holds: it signs at once. */
export interface FileSigner extends MessageSigner {
  signNow(message: Uint8Array): Uint8Array
}

/** RFC 8410: what precedes the 32 bytes of an ed25519 seed in PKCS #8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_KEY_BYTES = 32
const SECRET_KEY_BYTES = 64

/** Reads the key file. Throws without a word of what it holds. */
export function fileSigner(path: string): FileSigner {
  const secretKey = readSecretKey(path)
  const der = Buffer.concat([PKCS8_PREFIX, secretKey.subarray(0, PUBLIC_KEY_BYTES)])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const publicKey = Uint8Array.from(spki.subarray(-PUBLIC_KEY_BYTES))
  if (!Buffer.from(publicKey).equals(secretKey.subarray(PUBLIC_KEY_BYTES))) {
    throw new Error(`key file ${path}: its second half is not the key of its first`)
  }
  const signNow = (message: Uint8Array) => sign(null, message, privateKey)
  return { publicKey, signNow, sign: async (message) => signNow(message), close: async () => {} }
}

function readSecretKey(path: string): Buffer {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    // JSON's own errors quote the text.
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : null
    throw new Error(`key file ${path}: ${code === null ? 'not JSON' : `cannot be read (${code})`}`)
  }
  const isByte = (item: unknown) =>
    Number.isInteger(item) && Number(item) >= 0 && Number(item) < 256
  if (!Array.isArray(parsed) || parsed.length !== SECRET_KEY_BYTES || !parsed.every(isByte)) {
    throw new Error(`key file ${path}: not a JSON array of 64 bytes`)
  }
  return Buffer.from(parsed)
}

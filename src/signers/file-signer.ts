/** Signs with a key file of the Solana CLI: a JSON array of 64 bytes, seed then public key. */
import { readFileSync } from 'node:fs'
import { publicKeyOf, signatureEngine } from '../identity/signature-engine.ts'
import type { MessageSigner } from './message-signer.ts'

/** A key that this process holds: it signs at once. */
export interface FileSigner extends MessageSigner {
  signNow(message: Uint8Array): Uint8Array
}

const SEED_BYTES = 32
const SECRET_KEY_BYTES = 64

/** Reads the key file. Throws without a word of what it holds. */
export function fileSigner(path: string): FileSigner {
  const secretKey = readSecretKey(path)
  const seed = secretKey.subarray(0, SEED_BYTES)
  const publicKey = publicKeyOf(seed)
  if (!secretKey.subarray(SEED_BYTES).equals(publicKey)) {
    throw new Error(`key file ${path}: its second half is not the key of its first`)
  }
  const signNow = signatureEngine.signer(seed)
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

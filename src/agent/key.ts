/** The agent's key in the three forms it may be given: 64 bytes, a file of the Solana CLI, or a signer of its owner. */
import { readFileSync } from 'node:fs'
import bs58 from 'bs58'
import { decodePublicKey } from '../identity/public-key.ts'
import { publicKeyOf, signatureEngine } from '../identity/signature-engine.ts'
import { Level5Error } from './level5-error.ts'

/** Signs for one ed25519 key; the key itself may live elsewhere. */
export interface Signer {
  /** Base58. */
  readonly publicKey: string
  /** The 64-byte ed25519 signature over the bytes. */
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** 64 bytes (seed, then public key), the path of a JSON array of them, or a signer. */
export type AgentKey = Uint8Array | string | Signer

const SEED_BYTES = 32
const SECRET_KEY_BYTES = 64

/** Makes a signer of the key; throws `invalid_option` when it is not one. Reads the file where a path is given. */
export function toSigner(key: AgentKey): Signer {
  if (typeof key === 'string') return secretKeySigner(readKeyFile(key))
  if (key instanceof Uint8Array) return secretKeySigner(key)
  if (decodePublicKey(key.publicKey) === null) {
    throw new Level5Error('invalid_option', 'key.publicKey: not 32 bytes in base58')
  }
  return key
}

/** Signs with the 64 bytes of a Solana keypair. */
function secretKeySigner(secretKey: Uint8Array): Signer {
  if (secretKey.length !== SECRET_KEY_BYTES) {
    throw new Level5Error('invalid_option', `key: ${secretKey.length} bytes, not 64`)
  }
  const seed = secretKey.subarray(0, SEED_BYTES)
  const publicKey = publicKeyOf(seed)
  if (!Buffer.from(publicKey).equals(secretKey.subarray(SEED_BYTES))) {
    throw new Level5Error('invalid_option', 'key: its second half is not the key of its first')
  }
  return { publicKey: bs58.encode(publicKey), sign: signatureEngine.signer(seed) }
}

/** The 64 bytes of a Solana CLI key file. Throws `invalid_option`, without a word of what the file holds. */
export function readKeyFile(path: string): Uint8Array {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    // The text of a key file must not travel in a message: JSON's own errors quote it.
    throw new Level5Error('invalid_option', `key file ${path}: ${readProblem(cause)}`)
  }
  const isByte = (item: unknown) =>
    Number.isInteger(item) && Number(item) >= 0 && Number(item) < 256
  if (!Array.isArray(parsed) || parsed.length !== SECRET_KEY_BYTES || !parsed.every(isByte)) {
    throw new Level5Error('invalid_option', `key file ${path}: not a JSON array of 64 bytes`)
  }
  return Uint8Array.from(parsed)
}

function readProblem(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : null
  return code === null ? 'not JSON' : `cannot be read (${code})`
}

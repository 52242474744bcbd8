/** The agent that calls in a bench. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import bs58 from 'bs58'
import type { Credential } from '../request-heads.ts'

/** What agents sign for; nothing listens there. */
export const ORIGIN = 'http://gateway.test:4020'

export interface BenchAgent {
  readonly pubkey: string
  readonly credential: Credential
  /** Base64 of 64 bytes. */
  sign(message: Uint8Array): string
}

export function createBenchAgent(): BenchAgent {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const pubkey = bs58.encode(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
  return {
    pubkey,
    credential: { kind: 'signature', origin: ORIGIN, pubkey, privateKey: pem(privateKey) },
    sign: (message) => sign(null, message, privateKey).toString('base64'),
  }
}

function pem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString()
}

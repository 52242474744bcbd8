/** An agent for tests: a key that signs requests by the wire contract, over plain fetch. */
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto'
import bs58 from 'bs58'
import { type Audience, requestText } from '../../src/identity/signed-text.ts'

interface Ask {
  readonly method?: string
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly nonce?: string
  readonly issuedAt?: string
  readonly priceVersion?: string
  readonly signal?: AbortSignal
}

export interface TestAgent {
  readonly pubkey: string
  signMessage(message: string): string
  /** 64 bytes. */
  signBytes(message: Uint8Array): Uint8Array
  /** The headers of a signed request. */
  sign(target: string, ask?: Ask): Record<string, string>
  fetch(target: string, ask?: Ask): Promise<Response>
  /** Posts JSON. */
  post(target: string, body: object, ask?: Ask): Promise<Response>
}

let nonces = 0

/** A nonce that no test of this process has used. */
export function freshNonce(): string {
  nonces += 1
  return `testnonce${process.pid}x${String(nonces).padStart(8, '0')}`
}

export function createTestAgent(url: string, audience: Audience): TestAgent {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const pubkey = bs58.encode(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
  return agentOf(url, audience, pubkey, privateKey)
}

/** The agent of a 32-byte seed. */
export function seededAgent(url: string, audience: Audience, seed: Buffer, pubkey: string) {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return agentOf(url, audience, pubkey, key)
}

function agentOf(url: string, audience: Audience, pubkey: string, key: KeyObject): TestAgent {
  function signed(target: string, ask: Ask = {}): Record<string, string> {
    const { method = 'GET', body = '', nonce = freshNonce(), priceVersion } = ask
    const issuedAt = ask.issuedAt ?? new Date().toISOString()
    const bodySha256 = createHash('sha256').update(body).digest()
    const bound = priceVersion === undefined ? {} : { priceVersion }
    const parts = { ...audience, pubkey, method, target, nonce, issuedAt, bodySha256, ...bound }
    return {
      'x-agent-pubkey': pubkey,
      'x-agent-nonce': nonce,
      'x-agent-issued-at': issuedAt,
      'x-agent-signature': sign(null, Buffer.from(requestText(parts)), key).toString('base64'),
      ...(priceVersion === undefined ? {} : { 'x-price-version': priceVersion }),
    }
  }
  function ask(target: string, asked: Ask = {}): Promise<Response> {
    const { method = 'GET', body, signal } = asked
    return fetch(`${url}${target}`, {
      method,
      headers: { ...signed(target, asked), ...asked.headers },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    })
  }
  return {
    pubkey,
    signBytes: (message) => sign(null, message, key),
    signMessage: (message) => sign(null, Buffer.from(message), key).toString('base64'),
    sign: signed,
    fetch: ask,
    post: (target, body, asked = {}) =>
      ask(target, { ...asked, method: 'POST', body: JSON.stringify(body) }),
  }
}

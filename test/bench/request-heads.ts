/** The heads of a job's requests, ready to be sent: for signed requests each with a nonce and a signature of its own. */
import { createHash, createPrivateKey, sign } from 'node:crypto'
import { requestText } from '../../src/identity/signed-text.ts'

/** How a request says who asks. */
export type Credential =
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  | {
      readonly kind: 'signature'
      readonly origin: string
      readonly pubkey: string
      /** PKCS #8, PEM. */
      readonly privateKey: string
    }

interface Requests {
  readonly path: string
  readonly credential: Credential
  readonly requests: number
}

let nonces = 0

export function requestHeads({ path, credential, requests }: Requests, body: Buffer): Buffer[] {
  const fixed = `POST ${path} HTTP/1.1\r\nhost: gateway.test\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n`
  const own =
    credential.kind === 'headers' ? constant(credential.headers) : signer(credential, path, body)
  return Array.from({ length: requests }, () => Buffer.from(`${fixed}${own()}\r\n`))
}

function constant(headers: Readonly<Record<string, string>>): () => string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return () => lines.join('')
}

function signer(
  { origin, pubkey, privateKey }: Extract<Credential, { kind: 'signature' }>,
  target: string,
  body: Buffer,
): () => string {
  const key = createPrivateKey(privateKey)
  const bodySha256 = createHash('sha256').update(body).digest()
  return () => {
    nonces += 1
    const nonce = `bench${process.pid}x${String(nonces).padStart(12, '0')}`
    const issuedAt = new Date().toISOString()
    const parts = { origin, chain: 'localnet', pubkey, method: 'POST', target } as const
    const text = requestText({ ...parts, nonce, issuedAt, bodySha256 })
    const signature = sign(null, Buffer.from(text), key).toString('base64')
    return `x-agent-pubkey: ${pubkey}\r\nx-agent-nonce: ${nonce}\r\nx-agent-issued-at: ${issuedAt}\r\nx-agent-signature: ${signature}\r\n`
  }
}

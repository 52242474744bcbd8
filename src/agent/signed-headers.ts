/** The four headers of a signed request. Source: wire contract, "Signed requests". */
import { createHash } from 'node:crypto'
import { type Audience, requestText } from '../identity/signed-text.ts'
import type { Signer } from './key.ts'

export interface RequestToSign extends Audience {
  readonly method: string
  /** Path plus query exactly as on the request line. */
  readonly target: string
  readonly body: Uint8Array
  /** 16 to 64 of `[A-Za-z0-9]`, never used before. */
  readonly nonce: string
  /** Unix milliseconds. */
  readonly now: number
  /** `sha256:<hex>` where the agent agrees to one price list only. */
  readonly priceVersion: string | null
}

/** Signs a request. */
export async function signedHeaders(
  signer: Signer,
  request: RequestToSign,
): Promise<Record<string, string>> {
  const { body, now, priceVersion, ...named } = request
  const issuedAt = new Date(now).toISOString()
  const text = requestText({
    ...named,
    pubkey: signer.publicKey,
    issuedAt,
    bodySha256: createHash('sha256').update(body).digest(),
    ...(priceVersion === null ? {} : { priceVersion }),
  })
  const signature = await signer.sign(new TextEncoder().encode(text))
  return {
    'x-agent-pubkey': signer.publicKey,
    'x-agent-nonce': request.nonce,
    'x-agent-issued-at': issuedAt,
    'x-agent-signature': Buffer.from(signature).toString('base64'),
  }
}

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { type AskedCall, checkAuthProof } from '../../src/identity/auth-proof.ts'
import type { Audience } from '../../src/identity/signed-text.ts'
import vectors from '../vectors.json' with { type: 'json' }

const CALLS = vectors.signed_requests.map(
  ({ origin, chain, method, target, nonce, issuedAt, signature, body, priceVersion }) => ({
    audience: { origin, chain } as Audience,
    call: {
      agent: vectors.agent.pubkey,
      auth: {
        method,
        target,
        nonce,
        issued_at: issuedAt,
        signature,
        ...(priceVersion === undefined ? {} : { price_version: priceVersion }),
      },
      requestDigest: `sha256:${createHash('sha256').update(body).digest('hex')}`,
    } satisfies AskedCall,
  }),
)

test.each(CALLS)(
  'the native signature of $call.auth.target is proven by what a receipt has of it',
  ({ audience, call }) => {
    expect(checkAuthProof(audience, call)).toEqual({ kind: 'proven' })
    const elsewhere: Audience[] = [
      { ...audience, origin: 'https://gw.example.org' },
      { ...audience, chain: 'testnet' },
    ]
    for (const other of elsewhere) expect(checkAuthProof(other, call).kind).toBe('unproven')
    for (const [name, text] of Object.entries(call.auth)) {
      const auth = {
        ...call.auth,
        [name]: `${text.slice(0, 1) === 'A' ? 'B' : 'A'}${text.slice(1)}`,
      }
      expect(checkAuthProof(audience, { ...call, auth }).kind, name).toBe('unproven')
    }
    const other = `sha256:${'0'.repeat(64)}`
    for (const requestDigest of [other, '', call.requestDigest.toUpperCase()]) {
      expect(checkAuthProof(audience, { ...call, requestDigest }).kind).toBe('unproven')
    }
    expect(checkAuthProof(audience, { ...call, agent: 'nobody' }).kind).toBe('unproven')
  },
)

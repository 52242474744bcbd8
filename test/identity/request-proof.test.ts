import { createHash, createPrivateKey, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findCredential } from '../../src/identity/credentials.ts'
import { checkRequest, type RequestProof } from '../../src/identity/request-proof.ts'
import { requestText } from '../../src/identity/signed-text.ts'
import vectors from '../vectors.json' with { type: 'json' }

const KEY = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${vectors.agent.seed_hex}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
})
const ORIGIN = 'https://gw.example.com'
const ISSUED_AT = '2026-11-21T12:00:00.000Z'
const NOW = Date.parse(ISSUED_AT)
const PRICE_VERSION = `sha256:${'0123456789abcdef'.repeat(4)}`
const sha256 = (body: string): Uint8Array => createHash('sha256').update(body).digest()

interface Sent {
  headers: Record<string, string>
  method: string
  target: string
  body: string
}

function signed(issuedAt = ISSUED_AT): Sent {
  const sent = { method: 'POST', target: '/v1/chat/completions?a=%2F', body: '{"model":"m"}' }
  const nonce = 'Zm9vYmFyMTIzNDU2Nzg5'
  const text = requestText({
    ...sent,
    origin: ORIGIN,
    chain: 'mainnet',
    pubkey: vectors.agent.pubkey,
    nonce,
    issuedAt,
    bodySha256: sha256(sent.body),
    priceVersion: PRICE_VERSION,
  })
  const headers = {
    'x-agent-pubkey': vectors.agent.pubkey,
    'x-agent-nonce': nonce,
    'x-agent-issued-at': issuedAt,
    'x-agent-signature': sign(null, Buffer.from(text), KEY).toString('base64'),
    'x-price-version': PRICE_VERSION,
  }
  return { ...sent, headers }
}

function check(sent: Sent, now = NOW, origin = ORIGIN): RequestProof {
  const { method, target, headers, body } = sent
  const header = (name: string): string | undefined => headers[name]
  return checkRequest({
    header,
    method,
    target,
    bodySha256: sha256(body),
    origin,
    chain: 'mainnet',
    now,
  })
}

function codeOf(proof: RequestProof): string {
  return proof.kind === 'signed' ? 'signed' : proof.refusal.code
}

/** Every field that the signature covers, as a text to be changed. */
const FIELDS: Record<string, [(sent: Sent) => string, (sent: Sent, text: string) => Sent]> = {
  method: [(sent) => sent.method, (sent, method) => ({ ...sent, method })],
  target: [(sent) => sent.target, (sent, target) => ({ ...sent, target })],
  body: [(sent) => sent.body, (sent, body) => ({ ...sent, body })],
  ...Object.fromEntries(
    Object.keys(signed().headers).map((name) => [
      name,
      [
        (sent: Sent): string => sent.headers[name] ?? '',
        (sent: Sent, text: string): Sent => ({
          ...sent,
          headers: { ...sent.headers, [name]: text },
        }),
      ],
    ]),
  ),
}

describe('A1: a signed request', () => {
  test('is the key that verified, with what it bound', () => {
    expect(check(signed())).toEqual({
      kind: 'signed',
      agent: vectors.agent.pubkey,
      nonce: 'Zm9vYmFyMTIzNDU2Nzg5',
      issuedAt: ISSUED_AT,
      forgetAt: NOW + 180_000,
      signature: signed().headers['x-agent-signature'],
      priceVersion: PRICE_VERSION,
    })
  })

  test.each(Object.keys(FIELDS))('every changed, added or removed byte of %s is a 401', (name) => {
    const [read, write] = FIELDS[name] ?? expect.fail()
    const sent = signed()
    const text = read(sent)
    for (let i = 0; i <= text.length; i++) {
      const bytes = Array.from({ length: 94 }, (_, offset) => String.fromCharCode(33 + offset))
      const changes = bytes
        .filter((byte) => byte !== text[i])
        .map((byte) => text.slice(0, i) + byte)
      const all = [
        ...changes.flatMap((head) => [head + text.slice(i + 1), head + text.slice(i)]),
        ...(i < text.length ? [text.slice(0, i) + text.slice(i + 1)] : []),
      ].filter((changed) => changed !== text)
      // All of them at the first and last place; a few in between, to stay fast.
      const step = i === 0 || i >= text.length - 3 ? 1 : 23
      for (let k = i % step; k < all.length; k += step) {
        const code = codeOf(check(write(sent, all[k] ?? '')))
        expect(['invalid_signature', 'stale_request', 'missing_credentials'], all[k]).toContain(
          code,
        )
      }
    }
  })
})

describe('A1: a signed request, elsewhere or later,', () => {
  test('is bound to the configured origin and chain, and to its price version', () => {
    const sent = signed()
    expect(codeOf(check(sent, NOW, 'https://gw.example.con'))).toBe('invalid_signature')
    expect(codeOf(check(sent, NOW, 'http://gw.example.com'))).toBe('invalid_signature')
    const { 'x-price-version': _, ...unbound } = sent.headers
    expect(codeOf(check({ ...sent, headers: unbound }))).toBe('invalid_signature')
    const header = (name: string): string | undefined => sent.headers[name]
    const elsewhere = { ...sent, header, origin: ORIGIN, chain: 'devnet' as const, now: NOW }
    expect(codeOf(checkRequest({ ...elsewhere, bodySha256: sha256(sent.body) }))).toBe(
      'invalid_signature',
    )
  })

  test('is stale beyond 60 s either way, and not at 60 s', () => {
    for (const off of [-60_001, 60_001]) {
      expect(codeOf(check(signed(), NOW + off))).toBe('stale_request')
    }
    for (const off of [-60_000, 60_000]) expect(codeOf(check(signed(), NOW + off))).toBe('signed')
  })

  test('a well-signed time in another notation is refused', () => {
    for (const issuedAt of ['2026-11-21T12:00:00Z', '2026-11-21T12:00:00.000+00:00']) {
      expect(codeOf(check(signed(issuedAt)))).toBe('invalid_signature')
    }
  })

  test.each(['x-agent-pubkey', 'x-agent-nonce', 'x-agent-issued-at', 'x-agent-signature'])(
    'without %s is missing_credentials',
    (name) => {
      const sent = signed()
      const { [name]: _, ...headers } = sent.headers
      const proof = check({ ...sent, headers })
      expect(proof).toMatchObject({ kind: 'refused', refusal: { code: 'missing_credentials' } })
      expect(JSON.stringify(proof).toLowerCase()).toContain(`needs ${name}.`)
    },
  )

  test('never throws and never admits random headers', () => {
    const header = fc.oneof(fc.string(), fc.base64String({ maxLength: 88 }))
    fc.assert(
      fc.property(header, header, header, header, (pubkey, nonce, issuedAt, signature) => {
        const sent = signed()
        sent.headers = {
          'x-agent-pubkey': pubkey,
          'x-agent-nonce': nonce,
          'x-agent-issued-at': issuedAt,
          'x-agent-signature': signature,
        }
        expect(check(sent).kind).toBe('refused')
      }),
    )
  })
})

describe('which credential decides', () => {
  const find = (headers: Record<string, string>) => findCredential((name) => headers[name])

  test('a signature, even an empty one, before any token', () => {
    const signature = { 'x-agent-signature': '', authorization: 'Bearer l5_a' }
    expect(find(signature)).toEqual({ kind: 'signature' })
  })

  test('a session token in either header; dummies of SDKs are none', () => {
    expect(find({ authorization: 'Bearer l5_a' })).toEqual({ kind: 'token', token: 'l5_a' })
    expect(find({ authorization: 'Bearer sk-dummy', 'x-api-key': 'l5_b' })).toEqual({
      kind: 'token',
      token: 'l5_b',
    })
    expect(find({ authorization: 'Bearer sk-dummy', 'x-api-key': 'dummy' })).toEqual({
      kind: 'none',
    })
    expect(find({})).toEqual({ kind: 'none' })
  })
})

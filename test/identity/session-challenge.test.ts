import { createPrivateKey, sign as signWith } from 'node:crypto'
import bs58 from 'bs58'
import fc from 'fast-check'
import nacl from 'tweetnacl'
import { describe, expect, test } from 'vitest'
import { readChallengeRequest } from '../../src/identity/challenge-request.ts'
import {
  CHALLENGE_TTL_MS,
  type ChallengeIssuer,
  issueChallenge,
  readSignedChallenge,
} from '../../src/identity/session-challenge.ts'
import { parseSessionText, type SignedTerms, sessionText } from '../../src/identity/session-text.ts'
import { sessionToken, tokenSha256 } from '../../src/identity/session-token.ts'
import { units } from '../../src/money.ts'
import vectors from '../vectors.json' with { type: 'json' }

const KEY = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${vectors.agent.seed_hex}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
})
const { pubkey } = vectors.agent
const ISSUER: ChallengeIssuer = {
  origin: 'https://gw.example.com',
  chain: 'mainnet',
  secret: Buffer.alloc(32, 7),
}
const NOW = Date.parse('2026-11-21T12:00:00.000Z')
const SALT = Buffer.alloc(8, 1)
const TERMS: SignedTerms = {
  spendLimit: units(300_000n),
  ttlSeconds: 3600,
  models: ['gpt-4o-mini', 'gpt-4.1'],
  label: 'nightly. run, 2',
}
const sign = (message: string): Uint8Array => signWith(null, Buffer.from(message), KEY)
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

function present(message: string, signature: string, now = NOW, issuer = ISSUER): unknown {
  const proof = readSignedChallenge(issuer, { message, signature }, now)
  return proof.kind === 'signed' ? proof : proof.refusal.code
}

const anyTerms = fc.record({
  spendLimit: fc.option(fc.bigInt({ min: 0n, max: 2n ** 62n - 1n }).map(units)),
  ttlSeconds: fc.integer({ min: 1, max: 2_592_000 }),
  models: fc.option(
    fc.array(fc.stringMatching(/^[a-z][a-z0-9._:/@-]{3,20}$/), { minLength: 1, maxLength: 50 }),
  ),
  label: fc.option(fc.stringMatching(/^[a-z0-9.,:()=+]([a-z ,.:]{0,40}[a-z.])?$/)),
})

describe('a challenge', () => {
  test('opens exactly the terms that were signed, by base64 or base58', () => {
    const { message, nonce, expiresAt } = issueChallenge(
      ISSUER,
      { pubkey, terms: TERMS },
      SALT,
      NOW,
    )
    expect(nonce).toMatch(/^[A-Za-z0-9]{16,64}$/)
    const forgetAt = NOW + CHALLENGE_TTL_MS
    expect(expiresAt).toBe(new Date(forgetAt).toISOString())
    const expected = {
      kind: 'signed',
      agent: pubkey,
      terms: TERMS,
      nonce: { value: nonce, forgetAt },
      signature: base64(sign(message)),
    }
    expect(present(message, base64(sign(message)))).toEqual(expected)
    expect(present(message, bs58.encode(sign(message)))).toEqual(expected)
  })

  test('a label leaves the Statement of the terms as it is', () => {
    const { message } = issueChallenge(ISSUER, { pubkey, terms: TERMS }, SALT, NOW)
    expect(message.split('\n')[3]).toBe(
      'Open a level5 session: spend_limit 300000, ttl_seconds 3600, models gpt-4o-mini gpt-4.1.',
    )
    expect(message.split('\n').at(-1)).toBe('Request ID: nightly.%20run%2C%202')
  })

  test('A1: every changed byte of the message is refused, even when signed again by the key', () => {
    const { message } = issueChallenge(ISSUER, { pubkey, terms: TERMS }, SALT, NOW)
    const signature = base64(sign(message))
    for (let i = 0; i < message.length; i++) {
      for (const byte of ['0', 'z', '\n', ' ']) {
        const changed = message.slice(0, i) + byte + message.slice(i + 1)
        if (changed === message) continue
        expect(present(changed, signature), changed).toBeTypeOf('string')
        expect(present(changed, base64(sign(changed))), changed).toBeTypeOf('string')
      }
    }
  })

  test('A1: is refused for another key, a foreign gateway, an old secret, after its time', () => {
    const { message } = issueChallenge(ISSUER, { pubkey, terms: TERMS }, SALT, NOW)
    const signature = base64(sign(message))
    const stranger = nacl.sign.keyPair.fromSeed(Buffer.alloc(32, 9))
    const foreign = base64(nacl.sign.detached(Buffer.from(message), stranger.secretKey))
    expect(present(message, foreign)).toBe('invalid_signature')
    expect(present(message, 'no signature')).toBe('invalid_signature')
    expect(present(message, signature, NOW + CHALLENGE_TTL_MS)).toBe('invalid_session')
    expect(present(message, signature, NOW + CHALLENGE_TTL_MS - 1)).toBeTypeOf('object')
    const others = [
      { secret: Buffer.alloc(32, 8) },
      { origin: 'https://gw.example.org' },
      { chain: 'devnet' as const },
    ]
    for (const other of others) {
      expect(present(message, signature, NOW, { ...ISSUER, ...other })).toBe('invalid_session')
    }
    expect(present('hello', signature)).toBe('invalid_request')
  })

  test('another salt is another nonce', () => {
    const asked = { pubkey, terms: TERMS }
    const first = issueChallenge(ISSUER, asked, SALT, NOW)
    expect(issueChallenge(ISSUER, asked, Buffer.alloc(8, 2), NOW).nonce).not.toBe(first.nonce)
    expect(() => issueChallenge(ISSUER, asked, Buffer.alloc(7), NOW)).toThrow(RangeError)
  })
})

describe('the session message', () => {
  test('reads back into the very terms it was built from', () => {
    fc.assert(
      fc.property(anyTerms, (terms) => {
        const parts = {
          origin: ISSUER.origin,
          chain: ISSUER.chain,
          pubkey,
          terms,
          nonce: '0123456789abcdef',
          issuedAt: '2026-11-21T12:00:00.000Z',
          expiresAt: '2026-11-21T12:05:00.000Z',
        }
        expect(parseSessionText(sessionText(parts))).toEqual(parts)
      }),
    )
  })

  test('whatever parses is byte for byte what its terms would be written as', () => {
    const { message } = issueChallenge(ISSUER, { pubkey, terms: TERMS }, SALT, NOW)
    const edit = fc.tuple(fc.nat(message.length), fc.nat(4), fc.string({ maxLength: 4 }))
    fc.assert(
      fc.property(edit, ([at, gone, put]) => {
        const text = message.slice(0, at) + put + message.slice(at + gone)
        const parts = parseSessionText(text)
        if (parts !== null) expect(sessionText(parts)).toBe(text)
      }),
    )
  })

  test.each([
    ['leading zero', 'spend_limit 300000', 'spend_limit 0300000'],
    ['ttl zero', 'ttl_seconds 3600', 'ttl_seconds 0'],
    ['ttl beyond 30 days', 'ttl_seconds 3600', 'ttl_seconds 2592001'],
    ['two spaces between models', 'mini gpt', 'mini  gpt'],
    ['any among models', 'models gpt-4o-mini', 'models any'],
    ['a domain that is not the URI', 'gw.example.com wants', 'evil.example.com wants'],
    ['a calendar day that is none', '2026-11-21T12:05', '2026-02-30T12:05'],
    ['a line at the end', /$/, '\n'],
    ['a label encoded otherwise than need be', 'ID: n', 'ID: %6E'],
  ])('%s is not a message', (_, find, replacement) => {
    const { message } = issueChallenge(ISSUER, { pubkey, terms: TERMS }, SALT, NOW)
    expect(parseSessionText(message)).not.toBeNull()
    expect(parseSessionText(message.replace(find, replacement))).toBeNull()
  })
})

describe('the body of a challenge request', () => {
  test('takes defaults where nothing is said', () => {
    const terms = { spendLimit: null, ttlSeconds: 3600, models: null, label: null }
    expect(readChallengeRequest({ pubkey })).toEqual({ kind: 'asked', pubkey, terms })
  })

  test('whatever it accepts can be issued and read back', () => {
    fc.assert(
      fc.property(anyTerms, (terms) => {
        const body = {
          pubkey,
          spend_limit: terms.spendLimit?.toString(),
          models: terms.models,
          ttl_seconds: terms.ttlSeconds,
          label: terms.label,
        }
        const read = readChallengeRequest(body)
        if (read.kind === 'refused') return expect.fail(read.refusal.message)
        const { message } = issueChallenge(ISSUER, read, SALT, NOW)
        expect(present(message, base64(sign(message)))).toMatchObject({ terms })
      }),
    )
  })

  test.each([
    ['spend_limit', 300000],
    ['spend_limit', '3.5'],
    ['spend_limit', '-1'],
    ['spend_limit', (2n ** 62n).toString()],
    ['models', []],
    ['models', ['any']],
    ['models', ['a b']],
    ['models', Array.from({ length: 51 }, (_, i) => `m${i}`)],
    ['ttl_seconds', 0],
    ['ttl_seconds', 2_592_001],
    ['ttl_seconds', 1.5],
    ['label', ''],
    ['label', 'x'.repeat(65)],
    ['label', 'a\nNonce: b'],
    ['label', ' padded'],
    ['pubkey', '1111'],
    ['spend_limits', '1'],
  ])('refuses %s %j', (name, value) => {
    const read = readChallengeRequest({ pubkey, [name]: value })
    expect(read).toMatchObject({ kind: 'refused', refusal: { code: 'invalid_request' } })
  })

  test('reports every problem at once; anything but an object is refused', () => {
    const read = readChallengeRequest({ pubkey: 'x', ttl_seconds: -1 })
    expect(JSON.stringify(read)).toMatch(/pubkey.*ttl_seconds/)
    const unknown = readChallengeRequest({ pubkey, spend_limits: '1' })
    expect(unknown).toMatchObject({ refusal: { message: 'Unrecognized key: "spend_limits".' } })
    fc.assert(fc.property(fc.jsonValue(), (body) => readChallengeRequest(body).kind === 'refused'))
  })
})

test('A3: a token is l5_ and 32 bytes; only its hash is kept', () => {
  const token = sessionToken(Buffer.alloc(32, 255))
  expect(token).toBe(`l5_${'_'.repeat(42)}8`)
  expect(tokenSha256(token)).toMatch(/^[0-9a-f]{64}$/)
  expect(tokenSha256(token)).not.toBe(tokenSha256(`${token} `))
  expect(() => sessionToken(Buffer.alloc(31))).toThrow(RangeError)
})

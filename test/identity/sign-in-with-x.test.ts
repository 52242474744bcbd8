import { createPrivateKey, sign } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkSignIn, type SignInProof } from '../../src/identity/sign-in-with-x.ts'
import vectors from '../vectors.json' with { type: 'json' }

const KEY = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${vectors.agent.seed_hex}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
})
const ORIGIN = 'https://gw.example.com:8443'
const TARGET = `/x402/balance/${vectors.agent.pubkey}`
const NETWORK = 'solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1'
const ISSUED_AT = '2026-11-21T12:00:00.000Z'
const NOW = Date.parse(ISSUED_AT)

interface Fields {
  domain: string
  address: string
  uri: string
  version: string
  chainId: string
  type: string
  nonce: string
  issuedAt: string
  statement?: string
  expirationTime?: string
  notBefore?: string
  requestId?: string
  resources?: string[]
}

const FIELDS: Fields = {
  domain: 'gw.example.com:8443',
  address: vectors.agent.pubkey,
  uri: ORIGIN + TARGET,
  version: '1',
  chainId: NETWORK,
  type: 'ed25519',
  nonce: 'a1b2c3d4e5f67890a1b2c3d4e5f67890',
  issuedAt: ISSUED_AT,
}

/** The message as x402's own specification lays it out. */
function textOf(f: Fields): string {
  let text = `${f.domain} wants you to sign in with your Solana account:\n${f.address}\n\n`
  if (f.statement !== undefined) text += `${f.statement}\n\n`
  text += `URI: ${f.uri}\nVersion: ${f.version}\nChain ID: ${f.chainId.split(':')[1]}\nNonce: ${f.nonce}\nIssued At: ${f.issuedAt}`
  if (f.expirationTime !== undefined) text += `\nExpiration Time: ${f.expirationTime}`
  if (f.notBefore !== undefined) text += `\nNot Before: ${f.notBefore}`
  if (f.requestId !== undefined) text += `\nRequest ID: ${f.requestId}`
  if (f.resources !== undefined)
    text += `\nResources:${f.resources.map((uri) => `\n- ${uri}`).join('')}`
  return text
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64')
}

function signed(changed: Partial<Fields> = {}) {
  const fields = { ...FIELDS, ...changed }
  return { ...fields, signature: sign(null, Buffer.from(textOf(fields)), KEY).toString('base64') }
}

function check(header: string, now = NOW, target = TARGET): SignInProof {
  return checkSignIn({ header, origin: ORIGIN, target, network: NETWORK, now })
}

function codeOf(proof: SignInProof): string {
  return proof.kind === 'signed' ? 'signed' : proof.refusal.code
}

const OPTIONAL: Partial<Fields> = {
  statement: 'Sign in to read your balance',
  expirationTime: '2026-11-21T12:05:00.000Z',
  notBefore: '2026-11-21T11:59:30.000Z',
  requestId: 'r-1',
  resources: ['https://gw.example.com:8443/'],
}

test.each([{}, OPTIONAL])(
  'A1: a wallet that signed in is the one that verified: %o',
  (optional) => {
    expect(check(encode(signed(optional)))).toEqual({
      kind: 'signed',
      wallet: vectors.agent.pubkey,
      nonce: FIELDS.nonce,
    })
  },
)

test('A1: any changed field is a 401', () => {
  const whole = signed(OPTIONAL)
  for (const [name, value] of Object.entries(whole)) {
    const text = String(value)
    for (let at = 0; at < text.length; at++) {
      const other = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
      const changed = { ...whole, [name]: name === 'resources' ? [other] : other }
      expect(['invalid_signature', 'stale_request']).toContain(codeOf(check(encode(changed))))
    }
    const { [name as keyof typeof whole]: _, ...without } = whole
    expect(codeOf(check(encode(without))), `without ${name}`).toBe('invalid_signature')
  }
})

test.each<[string, RegExp, Partial<Fields>]>([
  ['for another gateway', /domain must be gw.example.com:8443/, { domain: 'gw.example.com' }],
  ['for another address of it', /uri must be/, { uri: `${ORIGIN}/x402/transactions/x` }],
  ['for another chain', /chainId must be/, { chainId: 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp' }],
  ['with a nonce that is none', /nonce/, { nonce: 'short' }],
  ['in another version', /version/, { version: '2' }],
  ['by another kind of key', /type/, { type: 'eip191' }],
  [
    'with a line that passes for another',
    /statement/,
    { statement: 'Hi\nURI: https://evil.example' },
  ],
])('A1: one that was signed %s is refused', (_, reason, changed) => {
  const proof = check(encode(signed(changed)))
  expect(proof).toMatchObject({ refusal: { code: 'invalid_signature' } })
  expect(JSON.stringify(proof)).toMatch(reason)
})

test('it is stale beyond 60 s either way, once expired, and before its time', () => {
  const header = encode(signed())
  for (const off of [-60_001, 60_001])
    expect(codeOf(check(header, NOW + off))).toBe('stale_request')
  for (const off of [-60_000, 60_000]) expect(codeOf(check(header, NOW + off))).toBe('signed')
  const short = encode(signed({ expirationTime: '2026-11-21T12:00:05.000Z' }))
  expect(codeOf(check(short, NOW + 5_000))).toBe('signed')
  expect(codeOf(check(short, NOW + 5_001))).toBe('stale_request')
  const early = encode(signed({ notBefore: '2026-11-21T12:00:05.000Z' }))
  expect(codeOf(check(early, NOW))).toBe('stale_request')
  expect(codeOf(check(early, NOW + 5_000))).toBe('signed')
})

test('whatever the header is, it never throws and never admits', () => {
  const value = fc.oneof(fc.string(), fc.base64String(), fc.jsonValue().map(encode))
  fc.assert(
    fc.property(value, (header) => {
      expect(codeOf(check(header))).toBe('invalid_signature')
    }),
  )
})

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkAuthProof } from '../../src/identity/auth-proof.ts'
import { checkMessageSignature } from '../../src/identity/message-proof.ts'
import type { RequestProof } from '../../src/identity/request-proof.ts'
import { AGENT, signMessage, signText } from './message-signer.ts'

const ORIGIN = 'https://gw.example.com'
const TARGET = '/v1/chat/completions?a=%2F&b'
const BODY = '{"model":"m"}'
const CREATED = new Date('2026-11-21T12:00:00.000Z')
const NONCE = 'Zm9vYmFyMTIzNDU2Nzg5'
const PRICE_VERSION = `sha256:${'0123456789abcdef'.repeat(4)}`
const WHOLE = ['@method', '@target-uri', 'content-digest', 'x-price-version']
const IN_PARTS = ['@method', '@authority', '@path', '@query', 'content-digest', 'x-price-version']

interface Sent {
  method: string
  target: string
  body: string
  headers: Record<string, string>
}

type Choice = Partial<{
  fields: readonly string[]
  params: Record<string, string | Date>
  target: string
  body: string
  method: string
  label: string
  headers: Record<string, string>
}>

async function signed(choice: Choice = {}): Promise<Sent> {
  const { method = 'POST', target = TARGET, body = BODY } = choice
  const headers = await signMessage({
    method,
    url: ORIGIN + target,
    body,
    headers: choice.headers ?? { 'x-price-version': PRICE_VERSION },
    fields: choice.fields ?? WHOLE,
    params: choice.params ?? { created: CREATED, nonce: NONCE },
    ...(choice.label === undefined ? {} : { label: choice.label }),
  })
  return { method, target, body, headers }
}

function check(sent: Sent, now = CREATED.getTime(), origin = ORIGIN): RequestProof {
  return checkMessageSignature({
    header: (name) => sent.headers[name],
    method: sent.method,
    target: sent.target,
    bodySha256: createHash('sha256').update(sent.body).digest(),
    origin,
    chain: 'mainnet',
    now,
  })
}

const codeOf = (proof: RequestProof): string =>
  proof.kind === 'signed' ? 'signed' : proof.refusal.code
const messageOf = (proof: RequestProof): string =>
  proof.kind === 'signed' ? 'signed' : proof.refusal.message

function withHeader(sent: Sent, name: string, text: string): Sent {
  return { ...sent, headers: { ...sent.headers, [name]: text } }
}

describe('A1: an HTTP message signature made by another library', () => {
  test('is the key that verified, with what it bound', async () => {
    const sent = await signed()
    expect(check(sent)).toEqual({
      kind: 'signed',
      agent: AGENT,
      nonce: NONCE,
      issuedAt: '2026-11-21T12:00:00.000Z',
      forgetAt: CREATED.getTime() + 180_000,
      signature: sent.headers['signature']?.slice('sig1=:'.length, -1),
      signatureInput: sent.headers['signature-input']?.slice('sig1='.length),
      priceVersion: PRICE_VERSION,
    })
  })

  test.each<[string, Choice]>([
    ['the target in parts', { fields: IN_PARTS }],
    [
      'every component there is',
      { fields: [...IN_PARTS, '@scheme', '@request-target', '@target-uri'] },
    ],
    ['another label', { label: 'my-sig_2' }],
    [
      'alg, expires and tag',
      {
        params: {
          tag: 'level5',
          expires: new Date(CREATED.getTime() + 5_000),
          alg: 'ed25519',
          nonce: NONCE,
          created: CREATED,
        },
      },
    ],
    ['no body', { method: 'GET', body: '', headers: {}, fields: ['@method', '@target-uri'] }],
    ['no query', { target: '/v1/messages', fields: IN_PARTS }],
    ['an empty query, said in full', { target: '/v1/messages?', fields: WHOLE }],
  ])('may have %s', async (_, choice) => {
    expect(messageOf(check(await signed(choice)))).toBe('signed')
  })
})

describe('A1: of an HTTP message signature', () => {
  const FIELDS: Record<string, [(sent: Sent) => string, (sent: Sent, text: string) => Sent]> = {
    method: [(sent) => sent.method, (sent, method) => ({ ...sent, method })],
    target: [(sent) => sent.target, (sent, target) => ({ ...sent, target })],
    body: [(sent) => sent.body, (sent, body) => ({ ...sent, body })],
    ...Object.fromEntries(
      ['signature-input', 'signature', 'content-digest', 'x-price-version'].map((name) => [
        name,
        [
          (sent: Sent): string => sent.headers[name] ?? '',
          (sent: Sent, text: string): Sent => withHeader(sent, name, text),
        ],
      ]),
    ),
  }

  test.each(Object.keys(FIELDS))(
    'every changed, added or removed byte of %s is a 401',
    async (name) => {
      const [read, write] = FIELDS[name] ?? expect.fail()
      for (const fields of [WHOLE, IN_PARTS]) {
        const sent = await signed({ fields })
        const text = read(sent)
        for (let at = 0; at <= text.length; at++) {
          for (const byte of ['!', ' ', '"', '0', 'A', 'z', ';', '=', '?', '/']) {
            const changes = [
              text.slice(0, at) + byte + text.slice(at + 1),
              text.slice(0, at) + byte + text.slice(at),
              text.slice(0, at) + text.slice(at + 1),
            ]
            for (const changed of changes) {
              if (changed === text) continue
              const code = codeOf(check(write(sent, changed)))
              expect(
                ['invalid_signature', 'stale_request', 'missing_credentials'],
                changed,
              ).toContain(code)
            }
          }
        }
      }
    },
  )

  test('the origin is the configured one', async () => {
    for (const fields of [WHOLE, IN_PARTS]) {
      const sent = await signed({ fields })
      expect(codeOf(check(sent, CREATED.getTime(), 'https://gw.example.con'))).toBe(
        'invalid_signature',
      )
    }
    const sent = await signed()
    expect(codeOf(check(sent, CREATED.getTime(), 'http://gw.example.com'))).toBe(
      'invalid_signature',
    )
  })

  test('the time is within 60 s either way, and before it expires', async () => {
    const at = CREATED.getTime()
    const sent = await signed()
    for (const off of [-60_001, 60_001]) expect(codeOf(check(sent, at + off))).toBe('stale_request')
    for (const off of [-60_000, 60_000]) expect(codeOf(check(sent, at + off))).toBe('signed')
    const expires = new Date(at + 5_000)
    const short = await signed({ params: { created: CREATED, expires, nonce: NONCE } })
    expect(codeOf(check(short, at + 5_000))).toBe('signed')
    expect(codeOf(check(short, at + 5_001))).toBe('stale_request')
  })
})

describe('an HTTP message signature is refused, saying what to change,', () => {
  test.each<[string, RegExp, Choice]>([
    ['without the method', /Cover "@method"/, { fields: WHOLE.slice(1) }],
    [
      'without the target',
      /Cover "@target-uri"/,
      { fields: ['@method', 'content-digest', 'x-price-version'] },
    ],
    ['without the query', /"@query"/, { fields: IN_PARTS.filter((name) => name !== '@query') }],
    [
      'without the authority',
      /"@authority"/,
      { fields: IN_PARTS.filter((name) => name !== '@authority') },
    ],
    [
      'without the body',
      /content-digest/,
      { fields: ['@method', '@target-uri', 'x-price-version'] },
    ],
    ['without the price version that is sent', /x-price-version/, { fields: WHOLE.slice(0, 3) }],
    [
      'where an empty query could be none',
      /empty query/,
      { target: '/v1/messages?', fields: IN_PARTS },
    ],
    [
      'over a header that a receipt cannot show',
      /not host/,
      { headers: { host: 'a' }, fields: ['@method', '@target-uri', 'host'] },
    ],
    [
      'over one parameter of the query',
      /not @query-param/,
      { fields: [...WHOLE, '@query-param;name="b"'] },
    ],
    [
      'over a re-serialized field',
      /not ;sf/,
      { fields: ['@method', '@target-uri', 'content-digest;sf'] },
    ],
    ['without a nonce', /needs the parameters/, { params: { created: CREATED } }],
    ['without a time', /needs the parameters/, { params: { nonce: NONCE } }],
    ['with a short nonce', /nonce is not/, { params: { created: CREATED, nonce: 'short' } }],
    [
      'by another algorithm',
      /algorithm is ed25519/,
      { params: { created: CREATED, nonce: NONCE, alg: 'rsa-pss-sha512' } },
    ],
    [
      'with a parameter nobody knows',
      /not known: context/,
      { params: { created: CREATED, nonce: NONCE, context: 'x' } },
    ],
    [
      'by something that is no key',
      /keyid is not/,
      { params: { created: CREATED, nonce: NONCE, keyid: 'my-key' } },
    ],
  ])('%s', async (_, reason, choice) => {
    const proof = check(await signed(choice))
    expect(codeOf(proof)).toBe('invalid_signature')
    expect(messageOf(proof)).toMatch(reason)
  })
})

describe('an HTTP message signature is refused', () => {
  test.each(['signature-input', 'signature'])('without %s', async (name) => {
    const sent = await signed()
    const { [name]: _, ...headers } = sent.headers
    expect(codeOf(check({ ...sent, headers }))).toBe('missing_credentials')
  })

  test('with two signatures, two labels, a component twice or a digest in another form', async () => {
    const sent = await signed()
    const { signature = '', 'signature-input': input = '' } = sent.headers
    const twice = withHeader(sent, 'signature-input', `${input}, ${input.replace('sig1', 'sig2')}`)
    expect(messageOf(check(twice))).toMatch(/exactly one signature/)
    const relabelled = withHeader(sent, 'signature', signature.replace('sig1', 'sig2'))
    expect(messageOf(check(relabelled))).toMatch(/speaks of sig1/)
    const repeated = input.replace('("@method"', '("@method" "@method"')
    expect(messageOf(check(withHeader(sent, 'signature-input', repeated)))).toMatch(/once/)
    const spaced = withHeader(sent, 'signature-input', input.replace('("@method"', '( "@method"'))
    expect(messageOf(check(spaced))).toMatch(/canonical/)
  })

  test('with a digest that is signed but not that of the body, or not in the form that a receipt rebuilds', async () => {
    const sent = await signed({ headers: {}, fields: WHOLE.slice(0, 3) })
    expect(codeOf(check({ ...sent, body: `${BODY} ` }))).toBe('invalid_signature')
    const input = `("@method" "@target-uri" "content-digest");created=${CREATED.getTime() / 1000};nonce="${NONCE}";keyid="${AGENT}"`
    const both = `${sent.headers['content-digest']}, sha-512=:AAAA:`
    const base = [
      '"@method": POST',
      `"@target-uri": ${ORIGIN}${TARGET}`,
      `"content-digest": ${both}`,
      `"@signature-params": ${input}`,
    ].join('\n')
    const headers = {
      'content-digest': both,
      'signature-input': `sig1=${input}`,
      signature: signText(base),
    }
    expect(messageOf(check({ ...sent, headers }))).toMatch(/Content-Digest is not/)
  })

  test('whatever the headers are; it never throws', async () => {
    const sent = await signed()
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom(...Object.values(sent.headers)),
      fc.constant(
        'sig1=("@method" "__proto__");created=99999999999999;nonce="a";keyid="constructor"',
      ),
    )
    fc.assert(
      fc.property(value, value, value, (input, signature, digest) => {
        const headers = { 'signature-input': input, signature, 'content-digest': digest }
        expect(check({ ...sent, headers }).kind).toBe('refused')
      }),
    )
  })
})

describe('what a receipt says of who asked', () => {
  const requestDigest = `sha256:${createHash('sha256').update(BODY).digest('hex')}`
  const audience = { origin: ORIGIN, chain: 'mainnet' } as const

  async function receiptAuth(fields: readonly string[]) {
    const proof = check(await signed({ fields }))
    if (proof.kind !== 'signed') return expect.fail(proof.refusal.message)
    return {
      method: 'POST',
      target: TARGET,
      nonce: proof.nonce,
      issued_at: proof.issuedAt,
      signature: proof.signature,
      price_version: PRICE_VERSION,
      signature_input: proof.signatureInput ?? expect.fail(),
    }
  }

  test.each([
    ['whole', WHOLE],
    ['in parts', IN_PARTS],
  ])('proves a message signature over the target %s', async (_, fields) => {
    const auth = await receiptAuth(fields)
    expect(checkAuthProof(audience, { agent: AGENT, auth, requestDigest })).toEqual({
      kind: 'proven',
    })
  })

  test('proves nothing once any field of it is changed', async () => {
    const auth = await receiptAuth(WHOLE)
    const unproven = (call: Parameters<typeof checkAuthProof>[1], origin = ORIGIN) =>
      expect(checkAuthProof({ ...audience, origin }, call).kind).toBe('unproven')
    for (const [name, text] of Object.entries(auth)) {
      for (let at = 0; at <= text.length; at += 3) {
        const changed = `${text.slice(0, at)}x${text.slice(at + 1)}`
        if (changed !== text)
          unproven({ agent: AGENT, auth: { ...auth, [name]: changed }, requestDigest })
      }
    }
    const { price_version: _, ...unbound } = auth
    unproven({ agent: AGENT, auth: unbound, requestDigest })
    const { signature_input: __, ...native } = auth
    unproven({ agent: AGENT, auth: native, requestDigest })
    unproven({ agent: AGENT, auth, requestDigest: `sha256:${'0'.repeat(64)}` })
    unproven({ agent: '11111111111111111111111111111112', auth, requestDigest })
    unproven({ agent: AGENT, auth, requestDigest }, 'https://gw.example.org')
  })
})

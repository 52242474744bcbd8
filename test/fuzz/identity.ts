/** Who asks: keys, signatures, signed headers of every kind, sign-ins. */
import bs58 from 'bs58'
import fc from 'fast-check'
import { checkAuthProof } from '../../src/identity/auth-proof.ts'
import { findCredential } from '../../src/identity/credentials.ts'
import { checkMessageSignature } from '../../src/identity/message-proof.ts'
import {
  decodeBase64Signature,
  decodePublicKey,
  decodeSignature,
} from '../../src/identity/public-key.ts'
import { checkRequest, type RequestProof } from '../../src/identity/request-proof.ts'
import { checkSignIn } from '../../src/identity/sign-in-with-x.ts'
import { readSignatureInput } from '../../src/identity/signature-base.ts'
import { parseDictionary, serializeDictionary } from '../../src/identity/structured-fields.ts'
import { type Fuzzer, fed, fuzzer, hold, holdRefusal } from './fuzzer.ts'
import {
  AGENT,
  AUDIENCE,
  agentSigns,
  BODY_SHA256,
  base64Of,
  CALL_TARGET,
  DIGEST,
  ISSUED_AT,
  MESSAGE_SIGNED,
  NETWORK,
  NONCE,
  NOW,
  SIGN_IN,
  SIGN_IN_TARGET,
  SIGNATURE_INPUT,
  SIGNED,
} from './samples.ts'
import { floods, mutatedFields, mutatedJson, mutatedText, mutatedValue } from './wild.ts'

const SIGNATURE = agentSigns('anything')
const CREDENTIALS = {
  authorization: 'Bearer l5_abcdef',
  'x-api-key': 'l5_abcdef',
}

type Headers = Readonly<Record<string, string>>

function asked(headers: Headers) {
  const method = 'POST'
  return {
    ...AUDIENCE,
    header: (name: string) => (Object.hasOwn(headers, name) ? headers[name] : undefined),
    method,
    target: CALL_TARGET,
    bodySha256: BODY_SHA256,
    now: NOW,
  }
}

/** Only the very headers that the agent signed are signed. */
function holdProof(proof: RequestProof | undefined, headers: Headers, signed: Headers): void {
  if (proof?.kind === 'refused') {
    holdRefusal(proof.refusal, ['missing_credentials', 'stale_request', 'invalid_signature'])
    return
  }
  const isIntact = Object.entries(signed).every(([name, value]) => headers[name] === value)
  hold(isIntact, 'headers that nobody signed pass')
}

/** A header long enough for only linear work to end; Node lets 32 KB through. */
const headerFloods = (name: string, sample: Headers) => (bytes: number) =>
  floods(bytes).map((value) => ({ ...sample, [name]: value }))

/** Members of `Signature-Input` that are well-formed, whose components and values may be any. */
const signatureInputs: fc.Arbitrary<string> = fc
  .record({
    components: fc.oneof(
      fc.constant<string[]>(['@method', '@target-uri', 'content-digest']),
      fc.shuffledSubarray<string>([
        '@method',
        '@target-uri',
        '@authority',
        '@path',
        '@query',
        '@scheme',
        'content-digest',
        'x-price-version',
      ]),
    ),
    created: fc.constantFrom(...Array(4).fill(NOW / 1000), 0, -1, 999_999_999_999_999),
    nonce: fc.constantFrom(...Array(4).fill(NONCE), '', 'short', 'é'),
    keyid: fc.constantFrom(AGENT, AGENT, '', 'l', '1'.repeat(32), AGENT.toLowerCase()),
    more: fc.constantFrom('', '', ';alg="ed25519"', ';alg="rsa"', ';expires=1', ';tag="x"', ';x'),
  })
  .map(({ components, created, nonce, keyid, more }) => {
    const covered = components.map((name) => `"${name}"`).join(' ')
    return `(${covered});created=${created};nonce="${nonce}";keyid="${keyid}"${more}`
  })

export const IDENTITY: readonly Fuzzer[] = [
  fuzzer({
    name: 'keys',
    feeds: [
      'src/identity/public-key.ts#decodePublicKey',
      'src/identity/public-key.ts#decodeSignature',
      'src/identity/public-key.ts#decodeBase64Signature',
    ],
    input: mutatedText(AGENT, SIGNATURE, bs58.encode(Buffer.from(SIGNATURE, 'base64'))),
    feed(text) {
      const key = fed(() => decodePublicKey(text))
      hold(key == null || (key.length === 32 && bs58.encode(key) === text), 'a key of two texts')
      const signature = fed(() => decodeSignature(text))
      hold(signature == null || signature.length === 64, 'a signature that is not 64 bytes')
      const base64 = fed(() => decodeBase64Signature(text))
      const isSame = base64 == null || Buffer.from(base64).toString('base64') === text
      hold(isSame, 'a signature of two texts')
    },
    floods,
  }),
  fuzzer({
    name: 'signed-requests',
    feeds: [
      'src/identity/request-proof.ts#checkRequest',
      'src/identity/credentials.ts#findCredential',
    ],
    input: mutatedFields({ ...SIGNED, ...CREDENTIALS }),
    feed(headers) {
      const request = asked(headers)
      fed(() => findCredential(request.header))
      // Nobody signed for another price list: without the header the text is another one.
      holdProof(
        fed(() => checkRequest(request)),
        headers,
        SIGNED,
      )
    },
    floods: headerFloods('x-agent-issued-at', SIGNED),
  }),
  fuzzer({
    name: 'message-signatures',
    feeds: ['src/identity/message-proof.ts#checkMessageSignature'],
    input: fc.oneof(
      mutatedFields(MESSAGE_SIGNED, ['x-price-version']),
      signatureInputs.map((input) => ({ ...MESSAGE_SIGNED, 'signature-input': `sig1=${input}` })),
    ),
    feed(headers) {
      holdProof(
        fed(() => checkMessageSignature(asked(headers))),
        headers,
        MESSAGE_SIGNED,
      )
    },
    floods: headerFloods('signature-input', MESSAGE_SIGNED),
  }),
  fuzzer({
    name: 'structured-fields',
    feeds: [
      'src/identity/structured-fields.ts#parseDictionary',
      'src/identity/signature-base.ts#readSignatureInput',
    ],
    input: mutatedText(
      ...Object.values(MESSAGE_SIGNED),
      'a=?1, b;x=1, c=(1 2 "x";y);z=tok, d=:AA==:',
      'a="q\\"uo\\\\te";n=-999999999999999, e=1234567890123456, f=1234567890123456789012345',
    ),
    feed(text) {
      const outcome = fed(() => parseDictionary(text))
      if (outcome?.kind !== 'parsed') return
      const canonical = serializeDictionary(outcome.dictionary)
      const again = parseDictionary(canonical)
      hold(again.kind === 'parsed', 'what is printed is not read')
      const isSame = again.kind === 'parsed' && serializeDictionary(again.dictionary) === canonical
      hold(isSame, 'what is printed reads as something else')
      for (const member of outcome.dictionary.values()) fed(() => readSignatureInput(member))
    },
    floods,
  }),
  fuzzer({
    name: 'sign-in-with-x',
    feeds: ['src/identity/sign-in-with-x.ts#checkSignIn'],
    input: fc.oneof(
      mutatedJson(SIGN_IN).map(base64Of),
      mutatedText(base64Of(JSON.stringify(SIGN_IN))),
    ),
    feed(header) {
      const site = { origin: AUDIENCE.origin, target: SIGN_IN_TARGET, network: NETWORK, now: NOW }
      const proof = fed(() => checkSignIn({ header, ...site }))
      if (proof?.kind === 'refused') {
        holdRefusal(proof.refusal, ['stale_request', 'invalid_signature'])
      } else {
        hold(proof?.wallet === AGENT && proof.nonce === NONCE, 'another wallet has signed')
      }
    },
    floods,
  }),
  fuzzer({
    name: 'receipt-auth',
    feeds: ['src/identity/auth-proof.ts#checkAuthProof'],
    input: fc.oneof(
      mutatedValue(...provenCalls()).filter(isAskedCall),
      signatureInputs.map(proofWith),
    ),
    feed(call) {
      const proof = fed(() => checkAuthProof(AUDIENCE, call))
      const wasAsked = call.agent === AGENT && call.requestDigest === DIGEST
      hold(proof?.kind !== 'proven' || wasAsked, 'a call that nobody asked for is proven')
    },
  }),
]

/** The call that was signed by RFC 9421, with another member of `Signature-Input`. */
function proofWith(signature_input: string): AskedCall {
  const [, call] = provenCalls()
  if (call === undefined) throw new Error('no call is signed by RFC 9421')
  return { ...call, auth: { ...call.auth, signature_input } }
}

type AskedCall = Parameters<typeof checkAuthProof>[1]

function provenCalls(): AskedCall[] {
  const auth = { method: 'POST', target: CALL_TARGET, nonce: NONCE, issued_at: ISSUED_AT }
  const call = { agent: AGENT, requestDigest: DIGEST }
  const messageSignature = (MESSAGE_SIGNED['signature'] ?? '').slice('sig1=:'.length, -1)
  const proven = [
    {
      ...call,
      auth: { ...auth, signature: SIGNED['x-agent-signature'] ?? '', price_version: DIGEST },
    },
    { ...call, auth: { ...auth, signature: messageSignature, signature_input: SIGNATURE_INPUT } },
  ]
  for (const one of proven) hold(checkAuthProof(AUDIENCE, one).kind === 'proven', 'the sample')
  return proven
}

/** What the readers of receipts let through: texts, each of any content. */
function isAskedCall(value: unknown): value is AskedCall {
  const { agent, requestDigest, auth } = Object(value) as Record<string, unknown>
  const texts = Object.values(Object(auth) as object)
  const { method, target, nonce, issued_at, signature } = Object(auth) as Record<string, unknown>
  const needed = [agent, requestDigest, method, target, nonce, issued_at, signature, ...texts]
  return needed.every((text) => typeof text === 'string')
}

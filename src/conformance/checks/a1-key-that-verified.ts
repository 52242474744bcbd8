/** A1: the debited account is the key that verified. Whatever of a signed call is changed, and whatever only a lax verifier takes, is a 401. */

import { createHash } from 'node:crypto'
import bs58 from 'bs58'
import { domainOf, type RequestParts, requestText } from '../../identity/signed-text.ts'
import { APPLICABLE, broken, type Check, type CheckSite, HELD, notApplicable } from '../check.ts'
import { answerText, askText } from '../evidence.ts'
import { plainCall, plainFormat } from '../plain-calls.ts'
import { moneyOf } from '../played-calls.ts'
import type { Ask, Identity } from '../target.ts'
import { ordinary, unreduced, weakSigners } from '../weak-keys.ts'

const TARGET = '/v1/balance'
/** Beyond the minute by which clocks may differ, however long the request is on its way. */
const TOO_OLD_MS = 120_000

export const keyThatVerified: Check = {
  property: 'A1',
  title: 'signed calls with one thing changed, weak keys and signatures',
  applicable: ({ target }) =>
    target.identity === null ? notApplicable('requests carry no signature') : APPLICABLE,
  async run(site) {
    const { identity } = site.target
    if (identity === null) return
    await checkMutations(site, identity)
    for (const [name, parts] of foreignTexts(identity)) {
      await checkRefused(site, name, await signedAs(site, identity, parts))
    }
    await checkWeakKeys(site, identity)
    await checkAccount(site, identity)
  },
}

type Mutation = readonly [name: string, mutate: (ask: Ask) => Ask]

function mutations(stranger: string): readonly Mutation[] {
  const header = (name: string, change: (value: string) => string): Mutation => [
    `another ${name}`,
    (ask) => ({ ...ask, headers: { ...ask.headers, [name]: change(ask.headers?.[name] ?? '') } }),
  ]
  return [
    ['another target', (ask) => ({ ...ask, target: '/v1/quote' })],
    ['a query that was not signed', (ask) => ({ ...ask, target: `${ask.target}?a=1` })],
    ['another spelling of the target', (ask) => ({ ...ask, target: percent(ask.target) })],
    ['another method', (ask) => ({ ...ask, method: 'GET', target: TARGET, body: '' })],
    ['another body', (ask) => ({ ...ask, body: `${ask.body} ` })],
    ['a body with one more digit', (ask) => ({ ...ask, body: oneMoreDigit(String(ask.body)) })],
    ['no body', (ask) => ({ ...ask, body: '' })],
    header('x-agent-pubkey', () => stranger),
    header('x-agent-nonce', (value) => flipped(value)),
    header('x-agent-issued-at', (value) => new Date(Date.parse(value) + 1).toISOString()),
    header('x-agent-signature', (value) => flippedBit(value)),
    ['a price list that was not signed', (ask) => withPriceVersion(ask)],
    [
      'a signature of another form',
      (ask) => ({
        ...ask,
        headers: {
          ...ask.headers,
          'x-agent-signature': bs58.encode(signatureOf(ask)),
        },
      }),
    ],
    [
      'S that is not reduced',
      (ask) => ({
        ...ask,
        headers: {
          ...ask.headers,
          'x-agent-signature': Buffer.from(unreduced(signatureOf(ask))).toString('base64'),
        },
      }),
    ],
    ...['x-agent-pubkey', 'x-agent-nonce', 'x-agent-issued-at', 'x-agent-signature'].map(
      (name): Mutation => [
        `no ${name}`,
        ({ headers = {}, ...ask }) => ({
          ...ask,
          headers: Object.fromEntries(Object.entries(headers).filter(([one]) => one !== name)),
        }),
      ],
    ),
  ]
}

/** Each as a call of its own; only a 401 that costs nothing and reaches no provider is right. */
async function checkMutations(site: CheckSite, identity: Identity): Promise<void> {
  const format = plainFormat(site.target)
  const stranger = bs58.encode(randomBytesOf(site.random))
  for (const [name, mutate] of mutations(stranger)) {
    const call = format === null ? null : plainCall(site, format)
    const plain = call?.ask ?? { method: 'POST', target: '/v1/quote', body: '{}' }
    const ask = mutate(await site.target.signed(plain))
    await checkRefused(site, name, ask)
    const forwarded = call?.play?.requests.length ?? 0
    call?.play?.end()
    if (forwarded > 0) {
      const evidence = `the provider was asked ${forwarded} times by ${askText(ask)}, signed by ${identity.pubkey} for ${askText(plain)}`
      site.report(`${name}: forwarded`, broken(evidence))
    }
  }
}

/** Requests that are signed well, but for somebody or something else. */
function foreignTexts(identity: Identity): readonly [string, Partial<RequestParts>][] {
  const { origin, chain } = identity
  const scheme = origin.startsWith('https:') ? 'http:' : 'https:'
  return [
    ['signed for another origin', { origin: 'https://other.example' }],
    ['signed for the origin that Host names', { origin: 'http://other.example' }],
    ['signed for another scheme', { origin: origin.replace(/^https?:/, scheme) }],
    ['signed for another port', { origin: `${origin.replace(/:\d+$/, '')}:9` }],
    ['signed for another chain', { chain: chain === 'devnet' ? 'testnet' : 'devnet' }],
    ['signed for another method', { method: 'POST' }],
    ['signed for another body', { bodySha256: createHash('sha256').update('x').digest() }],
    ['signed as somebody else', { pubkey: bs58.encode(Buffer.alloc(32, 7)) }],
  ]
}

async function signedAs(
  site: CheckSite,
  identity: Identity,
  parts: Partial<RequestParts>,
  issuedAt = new Date(site.now()).toISOString(),
): Promise<Ask> {
  const { pubkey, origin, chain } = identity
  const nonce = site.fresh()
  const bodySha256 = createHash('sha256').update('').digest()
  const text = { pubkey, origin, chain, method: 'GET', target: TARGET, nonce, issuedAt, bodySha256 }
  const signature = await identity.sign(Buffer.from(requestText({ ...text, ...parts })))
  return {
    method: 'GET',
    target: TARGET,
    headers: {
      ...signatureHeaders(pubkey, nonce, issuedAt, signature),
      ...(parts.origin === undefined ? {} : { host: domainOf(parts.origin) }),
    },
  }
}

function signatureHeaders(pubkey: string, nonce: string, issuedAt: string, signature: Uint8Array) {
  return {
    'x-agent-pubkey': pubkey,
    'x-agent-nonce': nonce,
    'x-agent-issued-at': issuedAt,
    'x-agent-signature': Buffer.from(signature).toString('base64'),
  }
}

async function checkWeakKeys(site: CheckSite, { origin, chain }: Identity): Promise<void> {
  const seed = randomBytesOf(site.random)
  for (const { name, pubkey, sign } of weakSigners(seed)) {
    const weak: Identity = { origin, chain, pubkey, sign }
    await checkRefused(site, name, await signedAs(site, weak, {}))
  }
  for (const late of [-TOO_OLD_MS, TOO_OLD_MS]) {
    const at = new Date(site.now() + late).toISOString()
    const sign = (text: Uint8Array) => ordinary(seed, text)
    const own: Identity = { origin, chain, pubkey: weakSigners(seed)[4]?.pubkey ?? '', sign }
    await checkRefused(site, `issued ${late / 1000} s from now`, await signedAs(site, own, {}, at))
  }
}

/** The books that are shown are those of the key that signed, whatever else the request says. */
async function checkAccount(site: CheckSite, identity: Identity): Promise<void> {
  const ask = await site.target.signed({ method: 'GET', target: TARGET })
  const dummies = { authorization: 'Bearer dummy', 'x-api-key': 'dummy' }
  const answer = await site.target.sendBare({ ...ask, headers: { ...ask.headers, ...dummies } })
  const shown = Buffer.from(answer.bytes).toString()
  const isOwn = answer.status === 200 && shown.includes(`"${identity.pubkey}"`)
  const evidence = `GET ${TARGET} signed by ${identity.pubkey} beside a dummy API key answered ${answerText(answer)}`
  site.report('the account is that of the signature', isOwn ? HELD : broken(evidence))
}

async function checkRefused(site: CheckSite, name: string, ask: Ask): Promise<void> {
  const money = moneyOf(site)
  const before = await money.books()
  const answer = await site.target.sendBare(ask)
  const charged = (await money.books()).spent - before.spent
  const wrong = [
    answer.status === 401 ? null : `it was answered ${answerText(answer)} and not with a 401`,
    charged === 0n ? null : `${charged} units were charged`,
  ].filter((line) => line !== null)
  const evidence = `${wrong.join(', ')}: ${askText(ask)}`
  site.report(name, wrong.length === 0 ? HELD : broken(evidence))
}

function signatureOf(ask: Ask): Uint8Array {
  return Buffer.from(ask.headers?.['x-agent-signature'] ?? '', 'base64')
}

function withPriceVersion(ask: Ask): Ask {
  return { ...ask, headers: { ...ask.headers, 'x-price-version': `sha256:${'0'.repeat(64)}` } }
}

function percent(target: string): string {
  return target.replace(/s$/, '%73')
}

function oneMoreDigit(body: string): string {
  return body.replace(/(\d)([,}])/, '$19$2')
}

function flipped(nonce: string): string {
  return `${nonce.slice(0, -1)}${nonce.endsWith('a') ? 'b' : 'a'}`
}

function flippedBit(signature: string): string {
  const bytes = Buffer.from(signature, 'base64')
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return bytes.toString('base64')
}

function randomBytesOf(random: () => number): Uint8Array {
  return Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256))
}

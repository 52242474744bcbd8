// Identity and prices against the fixed bytes that every implementation must agree on.
import { createHash, createPrivateKey, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../src/canonical-json.ts'
import { verifyStrict } from '../src/identity/ed25519.ts'
import { decodePublicKey } from '../src/identity/public-key.ts'
import { checkRequest } from '../src/identity/request-proof.ts'
import { parseSessionText, sessionText } from '../src/identity/session-text.ts'
import { type ChainName, requestText } from '../src/identity/signed-text.ts'
import { charge, NO_TOKENS, type TokenPrices, units } from '../src/money.ts'
import { buildCatalogue, completed } from '../src/prices/catalogue.ts'
import { MODEL_PRICES } from '../src/prices/data/model-prices.ts'
import { MODEL_LIMITS } from '../src/prices/limits.ts'
import { makePriceList, versionOf } from '../src/prices/make-list.ts'
import { pricingBody } from '../src/prices/wire.ts'
import vectors from './vectors.json' with { type: 'json' }

const { pubkey } = vectors.agent
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
const digestOf = (text: string): string => `sha256:${sha256(text).toString('hex')}`

function signWith(seedHex: string, message: string): string {
  const pkcs8 = Buffer.from(`302e020100300506032b657004220420${seedHex}`, 'hex')
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  return sign(null, Buffer.from(message), key).toString('base64')
}

describe('signed requests', () => {
  test.each(
    vectors.signed_requests.map((vector) => [vector.method, vector.target, vector] as const),
  )(
    'A1: %s %s has exactly this text and signature, and is admitted with it',
    (_method, _target, vector) => {
      const chain = vector.chain as ChainName
      const bound = vector.priceVersion === undefined ? {} : { priceVersion: vector.priceVersion }
      const parts = { ...vector, chain, pubkey, bodySha256: sha256(vector.body), ...bound }
      expect(requestText(parts)).toBe(vector.text)
      expect(signWith(vectors.agent.seed_hex, vector.text)).toBe(vector.signature)

      const headers: Record<string, string | undefined> = {
        'x-agent-pubkey': pubkey,
        'x-agent-nonce': vector.nonce,
        'x-agent-issued-at': vector.issuedAt,
        'x-agent-signature': vector.signature,
        'x-price-version': vector.priceVersion,
      }
      const proof = checkRequest({
        ...parts,
        header: (name) => headers[name],
        now: Date.parse(vector.issuedAt),
      })
      expect(proof).toMatchObject({ kind: 'signed', agent: pubkey, nonce: vector.nonce, ...bound })
    },
  )
})

test('the session message has exactly this text, reads back, and verifies', () => {
  const parts = {
    origin: 'https://gw.example.com',
    chain: 'mainnet' as const,
    pubkey,
    terms: {
      spendLimit: units(300_000n),
      ttlSeconds: 3600,
      models: ['gpt-4o-mini', 'gpt-4o'],
      label: null,
    },
    nonce: 'c2VydmVybm9uY2UxMjM0',
    issuedAt: '2026-11-21T12:00:00.000Z',
    expiresAt: '2026-11-21T12:05:00.000Z',
  }
  expect(sessionText(parts)).toBe(vectors.session_message)
  expect(parseSessionText(vectors.session_message)).toEqual(parts)
  expect(signWith(vectors.agent.seed_hex, vectors.session_message)).toBe(vectors.session_signature)
})

test.each(vectors.must_refuse.map((vector) => [vector.why, vector] as const))(
  'A1: refused: %s',
  (_why, vector) => {
    const key = decodePublicKey(vector.pubkey) ?? expect.fail('the key is well-formed')
    const message = Buffer.from(vector.message_hex, 'hex')
    expect(verifyStrict(key, message, Buffer.from(vector.signature, 'base64'))).toBe(false)
  },
)

test('the fixed vouchers and receipts are accepted by the same strictness', () => {
  const agent = decodePublicKey(pubkey) ?? expect.fail()
  for (const voucher of vectors.vouchers) {
    const message = Buffer.from(voucher.message_hex, 'hex')
    expect(verifyStrict(agent, message, Buffer.from(voucher.signature, 'base64'))).toBe(true)
  }
  for (const { receipt, canonical, digest } of vectors.receipts) {
    expect(canonicalJson(receipt)).toBe(canonical)
    expect(digestOf(`level5-receipt-v1\n${canonical}`)).toBe(digest)
  }
})

test.each(vectors.charges.map((vector) => [vector.why, vector] as const))(
  'charge: %s',
  (_why, vector) => {
    const stated = Object.fromEntries(
      Object.entries(vector.prices).map(([name, price]) => [name, BigInt(price)]),
    )
    const prices = completed(stated as unknown as TokenPrices) as TokenPrices
    const tokens = { ...NO_TOKENS, ...vector.tokens }
    expect(charge(tokens, prices).toString()).toBe(vector.charge)
  },
)

describe('the price list', () => {
  const { list, canonical, digest } = vectors.price_list

  test('has exactly this version and canonical text', () => {
    expect(versionOf(list.models)).toBe(list.version)
    expect(canonicalJson(list)).toBe(canonical)
    expect(digestOf(`level5-prices-v1\n${canonical}`)).toBe(digest)
  })

  test('is what the built-in catalogue says of its model', () => {
    const source = {
      models: MODEL_PRICES,
      limits: MODEL_LIMITS,
      providers: ['openai'],
      markupPercent: 0,
    }
    const at = Date.parse(list.effective_at)
    const served = buildCatalogue(source, at).served.filter(({ id }) => id in list.models)
    expect(pricingBody(makePriceList(served, at))).toEqual(list)
  })
})

// Charges that nobody asked for, made up by an operator who holds the receipt key.
import { expect, test } from 'vitest'
import { requestText } from '../../src/identity/signed-text.ts'
import { document, forged, honest, kinds, LAST, receipts, set } from './crime-scene.ts'
import { type Hiding, relink, rewritten } from './forge.ts'
import { AGENT, type Document, PARTY } from './honest-gateway.ts'
import { digestOf } from './keys.ts'

const auth = (seq: number) => document(seq)['auth'] as Document
const asAuth = (seq: number, members: Document, hiding: Hiding = 'linked') =>
  forged(seq, (document) => ({ ...document, auth: { ...auth(seq), ...members } }), hiding)

test('a charge that nobody asked for: every part of the signed text counts', () => {
  expect(asAuth(1, { signature: AGENT.sign('something else') })).toEqual(['not_asked_for'])
  expect(asAuth(1, { target: '/v1/responses' })).toEqual(['not_asked_for'])
  expect(asAuth(1, { nonce: 'anothernonce1234567' })).toEqual(['not_asked_for'])
  expect(asAuth(1, { issued_at: '2026-11-21T12:00:01.999Z' })).toEqual(['not_asked_for'])
  expect(asAuth(5, { nonce: 'anothernonce1234567' })).toEqual(['not_asked_for'])
  expect(forged(1, set({ request_digest: digestOf('a dearer call') }), 'linked')).toEqual([
    'not_asked_for',
  ])
  expect(forged(5, set({ request_digest: digestOf('a dearer call') }), 'linked')).toEqual([
    'not_asked_for',
  ])
})

test('a price version that the agent did not sign for', () => {
  const version = document(1)['price_version']
  expect(asAuth(1, { price_version: version })).toEqual(['not_asked_for'])
  expect(asAuth(2, { price_version: undefined })).toEqual(['not_asked_for'])
})

test('one signature is charged twice', () => {
  const again = { ...document(LAST - 2), request_id: 'req_again' }
  const documents = [...receipts.map(({ receipt }) => receipt), again]
  const twice = relink(rewritten(documents, honest.key), honest.key, true)
  expect(kinds({ receipts: twice })).toContain('nonce_reused')
  const same = relink(
    rewritten(
      [...documents.slice(0, -1), { ...again, request_id: document(1)['request_id'] }],
      honest.key,
    ),
    honest.key,
    true,
  )
  expect(kinds({ receipts: same })).toEqual(
    expect.arrayContaining(['nonce_reused', 'request_repeated']),
  )
})

test('a signature for a request that is not billed', () => {
  for (const [method, target] of [
    ['GET', '/v1/balance'],
    ['POST', '/v1/quote'],
    ['POST', '/v1/messages/count_tokens'],
  ]) {
    const nonce = 'freshnonce123456789'
    const issued_at = '2026-11-21T12:00:01.900Z'
    const text = requestText({
      ...PARTY,
      pubkey: AGENT.pubkey,
      method: method ?? '',
      target: target ?? '',
      nonce,
      issuedAt: issued_at,
      bodySha256: Buffer.from(String(document(1)['request_digest']).slice(7), 'hex'),
    })
    expect(asAuth(1, { method, target, nonce, issued_at, signature: AGENT.sign(text) })).toEqual([
      'not_asked_for',
    ])
  }
})

test('a signature that was refused once and is charged an hour later', () => {
  const late = { started_at: '2026-11-21T12:10:00.000Z', ended_at: '2026-11-21T12:10:01.000Z' }
  expect(forged(1, set(late), 'linked')).toContain('not_asked_for')
})

test('a signature for another gateway of the same agent', () => {
  const elsewhere = { ...PARTY, origin: 'https://other.example.com' }
  expect(new Set(kinds({ party: elsewhere }))).toEqual(
    new Set(['not_asked_for', 'session_invalid']),
  )
})

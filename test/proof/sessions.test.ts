// Charges through sessions that the agent opened on other terms, for somebody else, or not at all.
import { expect, test } from 'vitest'
import { sessionText } from '../../src/identity/session-text.ts'
import { units } from '../../src/money.ts'
import type { Evidence } from '../../src/proof/evidence.ts'
import { verifyHistory } from '../../src/proof/verify-history.ts'
import { changedReceipt, document, evidence, honest, kinds, one, receipts } from './crime-scene.ts'
import { forge } from './forge.ts'
import { AGENT, PARTY } from './honest-gateway.ts'
import { testKey } from './keys.ts'

const [[ID]] = [...honest.sessions] as [[string, object]]
const TERMS = { spendLimit: units(2_000n), ttlSeconds: 86_400, models: ['small'], label: null }
const OPENING = {
  ...PARTY,
  pubkey: AGENT.pubkey,
  terms: TERMS,
  nonce: 'sessionnonce000099',
  issuedAt: String(document(1)['started_at']),
  expiresAt: new Date(Date.parse(String(document(1)['started_at'])) + 300_000).toISOString(),
}

/** The evidence where this is shown for the session. */
function showing(body: unknown, ids = [ID]): Partial<Evidence> {
  const answer = (id: string) =>
    ({ kind: 'answered', target: `GET /v1/sessions/${id}`, body }) as const
  return { sessions: new Map(ids.map((id) => [id, answer(id)])) }
}

function opened(changed: Partial<typeof OPENING>, key = AGENT): Partial<Evidence> {
  const message = sessionText({ ...OPENING, ...changed })
  return showing({ proof: { message, signature: key.sign(message) } })
}

test('a session that the agent signed for', () => {
  expect(kinds(opened({}))).toEqual([])
})

test('charges above the spend limit', () => {
  const charged = BigInt(String(document(3)['charge'])) + BigInt(String(document(8)['charge']))
  expect(kinds(opened({ terms: { ...TERMS, spendLimit: units(charged) } }))).toEqual([])
  expect(one(opened({ terms: { ...TERMS, spendLimit: units(charged - 1n) } }))).toMatchObject({
    kind: 'session_exceeded',
    says: { source: 'receipt', states: { seq: 8, charged_so_far: charged.toString() } },
    but: { source: 'session', states: { spend_limit: (charged - 1n).toString() } },
  })
})

test('models and times that the agent did not agree to', () => {
  expect(kinds(opened({ terms: { ...TERMS, models: ['large'] } }))).toEqual(['session_exceeded'])
  expect(kinds(opened({ terms: { ...TERMS, ttlSeconds: 60 } }))).toEqual(['session_exceeded'])
  const later = { issuedAt: '2026-11-21T13:00:00.000Z', expiresAt: '2026-11-21T13:05:00.000Z' }
  expect(kinds(opened(later))).toEqual(['session_exceeded'])
})

test('a message for another gateway, chain or agent, by another key, or of another kind', () => {
  expect(kinds(opened({ origin: 'https://other.example.com' }))).toEqual(['session_invalid'])
  expect(kinds(opened({ chain: 'devnet' }))).toEqual(['session_invalid'])
  const stranger = testKey('a stranger')
  expect(kinds(opened({ pubkey: stranger.pubkey }, stranger))).toEqual(['session_invalid'])
  expect(kinds(opened({}, stranger))).toEqual(['session_invalid'])
  const message = 'Let level5 charge whatever it likes.'
  expect(kinds(showing({ proof: { message, signature: AGENT.sign(message) } }))).toEqual([
    'session_invalid',
  ])
})

test('one signed message for two sessions, each with the whole limit', () => {
  const other = forge(
    receipts,
    honest.key,
    8,
    (found) => ({ ...found, auth: { session: 'ses_2' } }),
    'linked',
  )
  const body = { proof: honest.sessions.get(ID) }
  expect(kinds({ receipts: other, ...showing(body, [ID, 'ses_2']) })).toEqual(['session_invalid'])
})

test.each([
  ['no answer', { sessions: new Map() }],
  ['an answer without proof', showing({ id: ID })],
  ['a refusal', { sessions: new Map([[ID, { kind: 'unanswered', target: 'x', problem: '404' }]]) }],
] as [string, Partial<Evidence>][])(
  'a session without proof (%s) is a note, and a finding where the agent knows that it is not its own',
  (_, shown) => {
    const { findings, notes } = verifyHistory({ ...evidence, ...shown })
    expect(findings).toEqual([])
    expect(notes).toMatchObject([{ kind: 'session_unproven', session: ID, receipts: 2 }])
    expect(kinds({ ...shown, openedSessions: [ID] })).toEqual([])
    expect(one({ ...shown, openedSessions: ['ses_other'] })).toMatchObject({
      kind: 'session_unknown',
      says: { states: { seq: 3, auth: { session: ID } } },
      but: { source: 'agent', states: { opened_sessions: ['ses_other'] } },
    })
  },
)

test('a session without proof is a finding where the gateway does not list it, unless the agent knows it', () => {
  const listing = (...ids: string[]): Partial<Evidence> => ({
    sessions: new Map(),
    listedSessions: {
      kind: 'answered',
      target: 'GET /v1/sessions',
      body: { data: ids.map((id) => ({ id })) },
    },
  })
  expect(one(listing('ses_other'))).toMatchObject({
    kind: 'session_unknown',
    says: { states: { seq: 3, auth: { session: ID } } },
    but: { source: 'answer', target: 'GET /v1/sessions', states: { sessions: ['ses_other'] } },
  })
  expect(kinds(listing('ses_other', ID))).toEqual([])
  expect(kinds({ ...listing(), openedSessions: [ID] })).toEqual([])
  expect(kinds({ ...opened({}), listedSessions: listing().listedSessions ?? null })).toEqual([])
})

test('auth that is neither a signature nor a session is no receipt', () => {
  const both = { ...(document(1)['auth'] as object), session: ID }
  for (const auth of [{}, null, both, { session: '' }]) {
    expect(kinds({ receipts: [changedReceipt({ auth })] })).toContain('malformed')
  }
})

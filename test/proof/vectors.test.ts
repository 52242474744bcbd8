// The fixed receipt and price list verify; what must be refused is refused; one byte off is found.
import { expect, test } from 'vitest'
import { units } from '../../src/money.ts'
import type { Evidence } from '../../src/proof/evidence.ts'
import { readReceipt } from '../../src/proof/read-receipt.ts'
import { verifyHistory } from '../../src/proof/verify-history.ts'
import vectors from '../vectors.json' with { type: 'json' }

const { list, signature } = vectors.price_list
const [one, two] = vectors.receipts.map(({ receipt, signature }) => ({ receipt, signature }))
const OPENED = Date.parse('2026-11-21T11:00:00.000Z') / 1000
const place = { transaction: 't', slot: 1, timeSeconds: OPENED }
const answered = (target: string, body: unknown) => ({ kind: 'answered', target, body }) as const
const balance = { available: '999440', held: '0', frozen: '0', spent: '560', deposited: '1000000' }

const evidence: Evidence = {
  party: {
    origin: 'https://gw.example.com',
    chain: 'mainnet',
    agent: vectors.agent.pubkey,
    gateway: vectors.program.gateway.address,
  },
  receipts: [one, two],
  receiptTroubles: [],
  kept: [],
  prices: [{ asked: null, answer: answered('GET /v1/pricing', { ...list, signature }) }],
  balance: answered('GET /v1/balance', balance),
  sessions: new Map(),
  listedSessions: null,
  openedSessions: ['s_1'],
  chain: {
    slot: 9,
    vault: {
      address: vectors.program.vault.address,
      deposited: units(1_000_000n),
      settled: units(0n),
      withdrawn: units(0n),
    },
    tokens: units(1_000_000n),
    deposits: [
      { ...place, amount: units(1_000_000n), cumulative: units(1_000_000n), depositIndex: 1n },
    ],
    settlements: [],
    withdrawals: [],
    receiptKeys: [{ ...place, receiptKey: vectors.receipt_key.pubkey }],
    receiptKey: vectors.receipt_key.pubkey,
    gateway: vectors.program.gateway.address,
    keysComplete: true,
  },
  collectedFrom: Date.parse('2026-11-21T12:00:10.000Z'),
  collectedUntil: Date.parse('2026-11-21T12:00:10.000Z'),
}

test('the fixed receipts and the fixed price list verify', () => {
  const verdict = verifyHistory(evidence)
  expect(verdict.findings).toEqual([])
  expect(verdict.notes).toMatchObject([
    { kind: 'session_unproven', session: 's_1', charged: '192' },
  ])
  expect(verdict.checked).toMatchObject({ receipts: 2, spent: '560', signatures: 4 })
})

test.each(vectors.receipts)('receipt $receipt.seq has exactly this digest', (vector) => {
  const reading = readReceipt({ receipt: vector.receipt, signature: vector.signature })
  expect(reading).toMatchObject({ kind: 'read', receipt: { digest: vector.digest } })
})

test.each(vectors.must_refuse)(
  'A1: a receipt is not verified by a signature where $why',
  ({ signature }) => {
    const { findings } = verifyHistory({ ...evidence, receipts: [one, { ...two, signature }] })
    expect(findings.map(({ kind }) => kind)).toEqual(['wrong_signature'])
  },
)

test.each(vectors.must_refuse)(
  'A1: a call is not proven by a signature where $why',
  ({ signature }) => {
    const auth = { ...one?.receipt.auth, signature }
    const forged = { ...one, receipt: { ...one?.receipt, auth } }
    const { findings } = verifyHistory({ ...evidence, receipts: [forged, two] })
    expect(findings.map(({ kind }) => kind)).toContain('not_asked_for')
  },
)

// Receipt keys over time: each signs from the event that named it to the next, give or take a minute.
import { expect, test } from 'vitest'
import type { ChainReceiptKey, Evidence } from '../../src/proof/evidence.ts'
import { verifyHistory } from '../../src/proof/verify-history.ts'
import { rewritten } from './forge.ts'
import { type Delivered, HonestGateway, signed } from './honest-gateway.ts'
import { testKey } from './keys.ts'

const TOKENS = { input: 10, output: 10 }

/** A call, a rotation ten minutes later, a call ten minutes after that. */
function rotated() {
  const gateway = new HonestGateway()
  gateway.deposit(1_000_000n)
  gateway.credit()
  gateway.call({ model: 'small', tokens: TOKENS, asking: 'signature' })
  gateway.pass(600_000)
  gateway.rotate()
  gateway.pass(600_000)
  gateway.call({ model: 'small', tokens: TOKENS, asking: 'signature' })
  gateway.pass(600_000)
  return gateway
}

const gateway = rotated()
const [OLD = testKey('none'), NEW = testKey('none')] = gateway.keys
const evidence = gateway.evidence()
const [first, second] = evidence.receipts as [Delivered, Delivered]

function kinds(changed: Partial<Evidence>): string[] {
  return verifyHistory({ ...evidence, ...changed }).findings.map(({ kind }) => kind)
}

/** The chain's history with a rotation at another time. */
function rotatedAt(iso: string): Evidence['chain'] {
  const [one, two] = evidence.chain.receiptKeys as [ChainReceiptKey, ChainReceiptKey]
  const timeSeconds = Date.parse(iso) / 1000
  return { ...evidence.chain, receiptKeys: [one, { ...two, timeSeconds }] }
}

test('receipts under the old key before the change and under the new one after it verify', () => {
  expect(kinds({})).toEqual([])
})

test('the old key after the rotation does not, nor the new one before it', () => {
  const late = [first, signed(second.receipt, OLD)]
  const { findings } = verifyHistory({ ...evidence, receipts: late })
  expect(findings).toMatchObject([
    {
      kind: 'key_out_of_time',
      says: { source: 'receipt', states: { seq: 2, ended_at: second.receipt['ended_at'] } },
      but: {
        source: 'chain',
        states: { receipt_key: OLD.pubkey, until: '2026-11-21T12:10:03.000Z' },
      },
    },
  ])
  expect(kinds({ receipts: [signed(first.receipt, NEW), second] })).toEqual(['key_out_of_time'])
})

test('a minute is allowed for either way', () => {
  const seconds = (by: number) =>
    new Date(Date.parse(String(second.receipt['ended_at'])) + by * 1000)
      .toISOString()
      .replace(/\.\d+/, '.000')
  const late = [first, signed(second.receipt, OLD)]
  expect(kinds({ receipts: late, chain: rotatedAt(seconds(-59)) })).toEqual([])
  expect(kinds({ receipts: late, chain: rotatedAt(seconds(-62)) })).toEqual(['key_out_of_time'])
  expect(kinds({ chain: rotatedAt(seconds(59)) })).toEqual([])
  expect(kinds({ chain: rotatedAt(seconds(62)) })).toEqual(['key_out_of_time'])
})

test('a key that came back is valid again', () => {
  gateway.rotate()
  const last = { ...gateway.evidence().chain }
  const again = last.receiptKeys.map((key, index) =>
    index === 2 ? { ...key, receiptKey: OLD.pubkey } : key,
  )
  const chain = { ...last, receiptKeys: again, receiptKey: OLD.pubkey }
  const at = new Date(gateway.now).toISOString()
  const documents = [first.receipt, { ...second.receipt, started_at: at, ended_at: at }]
  const [, resigned] = rewritten(documents, OLD)
  const found = kinds({
    receipts: [first, resigned],
    chain,
    collectedUntil: gateway.now,
    collectedFrom: gateway.now,
  })
  expect(found).toEqual(['not_asked_for'])
})

test('a key that the gateway never named verifies nothing', () => {
  const stranger = testKey('a stranger')
  expect(kinds({ receipts: [first, signed(second.receipt, stranger)] })).toEqual([
    'wrong_signature',
  ])
})

test('with a node that has forgotten the first key, what it signed is unknown, not false', () => {
  const { chain } = evidence
  const forgotten = { ...chain, receiptKeys: chain.receiptKeys.slice(1), keysComplete: false }
  const verdict = verifyHistory({ ...evidence, chain: forgotten })
  expect(verdict.findings).toEqual([])
  expect(verdict.notes).toMatchObject([{ kind: 'history_incomplete' }])
  // What came after is known, and so is that it does not verify.
  const late = [first, signed(second.receipt, testKey('a stranger'))]
  expect(kinds({ chain: forgotten, receipts: late })).toEqual(['wrong_signature'])
  const nothing = { ...chain, receiptKeys: [], keysComplete: false }
  expect(kinds({ chain: nothing })).toContain('wrong_signature')
})

test('a node that has forgotten deposits is a note, and balances are not judged', () => {
  const { chain } = evidence
  const verdict = verifyHistory({ ...evidence, chain: { ...chain, deposits: [] } })
  expect(verdict.findings).toEqual([])
  expect(verdict.notes).toMatchObject([
    { kind: 'history_incomplete', skipped: 'balance_after against deposits and withdrawals' },
  ])
})

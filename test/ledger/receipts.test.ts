import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifyStrict } from '../../src/identity/ed25519.ts'
import {
  authText,
  type Charge,
  chargeReceiptText,
  NO_RECEIPT,
  storedAuthText,
} from '../../src/ledger/charge-receipt.ts'
import type { CallAuth, Ledger, Outcome } from '../../src/ledger/ledger.ts'
import type { IssuedReceipt } from '../../src/ledger/receipt-ledger.ts'
import { ledgerOn } from '../../src/ledger/sqlite/open-ledger.ts'
import { units } from '../../src/money.ts'
import { type Receipt, receiptBytes, receiptDigest, receiptText } from '../../src/proof/receipt.ts'
import { RECEIPT_PUBLIC_KEY, TEST_ISSUER } from '../support/receipt-key.ts'
import vectors from '../vectors.json' with { type: 'json' }
import { everyLedger } from './backends.ts'
import {
  AGENT,
  depositFact,
  fund,
  funded,
  holdRequest,
  LEASE_MS,
  NOW,
  settlement,
} from './facts.ts'
import { openedFiles } from './sqlite/files.ts'

const OTHER = 'Other1111111111111111111111111111111111111'

const read = ({ text }: IssuedReceipt): Receipt => JSON.parse(text) as Receipt

function isSigned({ text, signature }: IssuedReceipt): boolean {
  const bytes = Buffer.from(signature ?? '', 'base64')
  return verifyStrict(RECEIPT_PUBLIC_KEY, receiptBytes(text), bytes)
}

everyLedger(
  '$name: the receipts of the vectors, byte for byte, with their chain and their signatures',
  async (backend) => {
    const ledger = backend.newHome().open()
    const { agent } = vectors.receipts[0]?.receipt ?? { agent: '' }
    await fund(ledger, 1_000_000n, agent)
    for (const { receipt, canonical, digest, signature } of vectors.receipts) {
      await ledger.storePrices(receipt.price_version, '2026-11-21T12:00:00.000Z', '{}')
      await ledger.hold(
        holdRequest(receipt.request_id, {
          agent,
          amount: units(5_000n),
          at: Date.parse(receipt.started_at),
          provider: receipt.provider,
          model: receipt.model,
          priceVersion: receipt.price_version,
          requestDigest: receipt.request_digest,
          auth: receipt.auth as CallAuth,
        }),
      )
      const settled = await ledger.settle({
        requestId: receipt.request_id,
        charge: units(BigInt(receipt.charge)),
        tokens: receipt.tokens,
        outcome: receipt.outcome as Outcome,
        upstreamId: receipt.upstream_id,
        responseDigest: receipt.response_digest,
        answer: null,
        at: Date.parse(receipt.ended_at),
      })
      const issued = { agent, seq: receipt.seq, text: canonical, signature }
      expect(settled).toMatchObject({ kind: 'settled', receipt: issued })
      expect(await ledger.receipt(agent, receipt.request_id)).toEqual(issued)
      expect(receiptDigest(receiptBytes(canonical))).toBe(digest)
    }
    expect(await ledger.audit()).toBeNull()
  },
)

everyLedger(
  '$name: settled calls have a receipt, released ones none; each agent has a chain of its own',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await fund(ledger, 1_000n, OTHER)
    for (const [id, agent] of [
      ['a1', AGENT],
      ['b1', OTHER],
      ['a2', AGENT],
      ['a3', AGENT],
    ] as const) {
      await ledger.hold(holdRequest(id, { agent }))
    }
    await ledger.settle(settlement('a2', { charge: units(100n) }))
    await ledger.release({ requestId: 'a1', at: NOW, reason: 'overloaded' })
    await ledger.settle(settlement('b1'))
    await ledger.resolveExpired(NOW + LEASE_MS)
    const mine = await ledger.receipts(AGENT, 0, 10)
    expect(mine.map(read)).toMatchObject([
      { seq: 1, request_id: 'a2', charge: '100', held: '100', spent: '100', balance_after: '900' },
      { seq: 2, request_id: 'a3', charge: '60', spent: '160', balance_after: '840' },
    ])
    const [first, second] = mine.map(read)
    expect(first?.prev).toBe(NO_RECEIPT.digest)
    expect(second?.prev).toBe(receiptDigest(receiptBytes(mine[0]?.text ?? '')))
    expect(second).toMatchObject({
      outcome: 'recovered',
      upstream_id: null,
      response_digest: null,
      started_at: new Date(NOW).toISOString(),
      ended_at: new Date(NOW + LEASE_MS).toISOString(),
    })
    expect(second).not.toHaveProperty('held')
    expect(mine.every(isSigned)).toBe(true)
    expect(await ledger.receipts(AGENT, 1, 10)).toEqual(mine.slice(1))
    expect(await ledger.receipts(AGENT, 0, 1)).toEqual(mine.slice(0, 1))
    expect(await ledger.receipts(AGENT, 2, 10)).toEqual([])
    expect((await ledger.receipts(OTHER, 0, 10)).map(read)).toMatchObject([{ seq: 1 }])
    expect(await ledger.receipt(AGENT, 'a1')).toBeNull()
    expect(await ledger.receipt(AGENT, 'b1')).toBeNull()
    expect(await ledger.receipt(OTHER, 'b1')).toMatchObject({ agent: OTHER, seq: 1 })
  },
)

everyLedger(
  '$name: a settlement that is told twice, or that fails, leaves no second receipt and no gap',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    for (const id of ['r1', 'r2', 'r3']) await ledger.hold(holdRequest(id))
    const ends = await Promise.allSettled([
      ledger.settle(settlement('r1')),
      ledger.settle(settlement('r1')),
      ledger.settle(settlement('r2', { charge: units(101n) })),
      ledger.settle(settlement('unknown')),
      ledger.settle(settlement('r3')),
    ])
    expect(ends.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ])
    const receipts = (await ledger.receipts(AGENT, 0, 10)).map(read)
    expect(receipts.map(({ seq, request_id }) => [seq, request_id])).toEqual([
      [1, 'r1'],
      [2, 'r3'],
    ])
    expect(await ledger.audit()).toBeNull()
  },
)

everyLedger(
  '$name: L8: a receipt that was answered survives a power cut, and the chain goes on from it',
  async (backend) => {
    const home = backend.newHome()
    const ledger = home.open()
    await fund(ledger, 1_000n)
    await ledger.hold(holdRequest('r1'))
    await ledger.hold(holdRequest('r2'))
    await ledger.settle(settlement('r1'))
    const after = home.afterPowerCut().open()
    await after.settle(settlement('r2'))
    const [first, second] = await after.receipts(AGENT, 0, 10)
    expect(first).toEqual(await ledger.receipt(AGENT, 'r1'))
    expect(read(second as IssuedReceipt).prev).toBe(receiptDigest(receiptBytes(first?.text ?? '')))
  },
)

everyLedger('$name: a charge succeeds whatever the provider calls itself', async (backend) => {
  const ledger = await funded(backend, 1_000n)
  await ledger.hold(holdRequest('r1'))
  const upstreamId = 'a\ud800b\udc00"\\\u0000\n👋'
  await ledger.settle(settlement('r1', { upstreamId }))
  const [issued] = await ledger.receipts(AGENT, 0, 1)
  expect(read(issued as IssuedReceipt).upstream_id).toBe('a\ufffdb\ufffd"\\\u0000\n👋')
  expect(isSigned(issued as IssuedReceipt)).toBe(true)
})

const charges: fc.Arbitrary<Omit<Charge, 'authText'> & { readonly auth: CallAuth }> = fc.record({
  agent: fc.string(),
  requestId: fc.string(),
  provider: fc.string(),
  upstreamId: fc.option(fc.string({ unit: 'binary' })),
  model: fc.string({ unit: 'grapheme' }),
  outcome: fc.constantFrom('completed', 'client_left', 'recovered'),
  tokens: fc.record({
    output: fc.nat(),
    input: fc.nat(),
    cache_write_1h: fc.nat(),
    cached_input: fc.nat(),
    cache_write: fc.nat(),
  }),
  priceVersion: fc.string(),
  held: fc.bigInt({ min: 1n, max: 3n }),
  charge: fc.bigInt({ min: 0n, max: 3n }),
  spent: fc.bigInt({ min: 0n, max: 2n ** 62n }),
  balanceAfter: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
  requestDigest: fc.string(),
  responseDigest: fc.option(fc.string()),
  auth: fc.oneof(
    fc.record({ session: fc.string() }),
    fc.record(
      {
        target: fc.string(),
        signature_input: fc.string(),
        signature: fc.string(),
        price_version: fc.string(),
        nonce: fc.string(),
        method: fc.string(),
        issued_at: fc.string(),
      },
      { requiredKeys: ['target', 'signature', 'nonce', 'method', 'issued_at'] },
    ),
  ),
  startedAt: fc.nat(),
  endedAt: fc.nat(),
})

test('the text of every charge is the canonical one of its receipt, and `held` stands where the charge is the hold', () => {
  fc.assert(
    fc.property(charges, fc.nat(), ({ auth, ...charge }, seq) => {
      const head = { seq, digest: 'sha256:x' }
      const text = chargeReceiptText('gateway', head, { ...charge, authText: authText(auth) })
      const receipt = JSON.parse(text) as Receipt
      expect(receiptText(receipt)).toBe(text)
      expect(receipt.held).toBe(charge.charge === charge.held ? `${charge.held}` : undefined)
      expect(receipt).toMatchObject({ seq: seq + 1, prev: 'sha256:x', auth })
      expect(receipt.tokens).toEqual(charge.tokens)
    }),
  )
})

test('no receipt says that its call ended before it started, though the clock was set back meanwhile', () => {
  fc.assert(
    fc.property(charges, ({ auth, ...charge }) => {
      const text = chargeReceiptText('gateway', NO_RECEIPT, { ...charge, authText: authText(auth) })
      const { started_at, ended_at } = JSON.parse(text) as Receipt
      expect(started_at).toBe(new Date(charge.startedAt).toISOString())
      const ended = Math.max(charge.startedAt, charge.endedAt)
      expect(ended_at).toBe(new Date(ended).toISOString())
    }),
  )
})

test('what was sent to ask for a call has one text, in whatever order it was stored', () => {
  fc.assert(
    fc.property(charges, ({ auth }) => {
      const text = authText(auth)
      expect(storedAuthText(text)).toBe(text)
      expect(storedAuthText(JSON.stringify(auth))).toBe(text)
    }),
  )
})

async function unsigned(): Promise<Ledger> {
  const ledger = ledgerOn(openedFiles(), { ...TEST_ISSUER, sign: null })
  await fund(ledger, 1_000n)
  for (const id of ['r1', 'r2', 'r3']) {
    await ledger.hold(holdRequest(id))
    await ledger.settle(settlement(id))
  }
  return ledger
}

test('with a key elsewhere, receipts are written at once and signed once, after', async () => {
  const ledger = await unsigned()
  const waiting = await ledger.unsignedReceipts(10)
  expect(waiting.map(({ seq, signature }) => [seq, signature])).toEqual([
    [1, null],
    [2, null],
    [3, null],
  ])
  expect(await ledger.unsignedReceipts(1)).toEqual(waiting.slice(0, 1))
  const signed = waiting.slice(0, 2).map(({ agent, seq, text }) => {
    const bytes = TEST_ISSUER.sign?.(receiptBytes(text)) ?? []
    return { agent, seq, signature: Buffer.from(bytes).toString('base64') }
  })
  await ledger.signReceipts(signed)
  await ledger.signReceipts([])
  const second = { agent: AGENT, seq: 2, signature: Buffer.alloc(64).toString('base64') }
  await ledger.signReceipts([second])
  const issued = await ledger.receipts(AGENT, 0, 10)
  expect(issued.map(({ signature }) => signature)).toEqual([
    ...signed.map(({ signature }) => signature),
    null,
  ])
  expect(issued.slice(0, 2).every(isSigned)).toBe(true)
  expect(issued.map(({ text }) => text)).toEqual(waiting.map(({ text }) => text))
  expect(await ledger.unsignedReceipts(10)).toEqual(waiting.slice(2))
})

test('a ledger without an issuer takes holds and credits, and settles nothing', async () => {
  const ledger = ledgerOn(openedFiles(), null)
  await fund(ledger, 1_000n)
  await ledger.hold(holdRequest('r1'))
  await expect(ledger.settle(settlement('r1'))).rejects.toThrow(/issuer of receipts/)
  await expect(ledger.resolveExpired(NOW + LEASE_MS)).rejects.toThrow(/issuer of receipts/)
  expect(await ledger.balance(AGENT)).toMatchObject({ held: 100n, spent: 0n })
  expect(await ledger.release({ requestId: 'r1', at: NOW, reason: 'overloaded' })).toEqual({
    kind: 'released',
  })
  expect(await ledger.credit(depositFact(2), NOW)).toMatchObject({ kind: 'credited' })
})

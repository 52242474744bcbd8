import { expect, test } from 'vitest'
import { sessionAuthorization } from '../../src/ledger/authorization.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { type Units, units } from '../../src/money.ts'
import { everyLedger } from './backends.ts'
import {
  AGENT,
  fund,
  funded,
  holdRequest,
  NOW,
  payoutFact,
  sessionOpening,
  settlement,
  tokenOf,
  voucherOf,
  withdrawalReading,
} from './facts.ts'

const OTHER = 'Other1111111111111111111111111111111111111'
const VAULT = voucherOf(1n).vault
const U64_MAX = 2n ** 64n - 1n

const strict = (id: string, amount = 100n) =>
  holdRequest(id, { requireVoucher: true, amount: units(amount) })

everyLedger('$name: the highest voucher is kept, whatever comes after it', async (backend) => {
  const home = backend.newHome()
  const ledger = home.open()
  await fund(ledger, 1_000n)
  expect(await ledger.voucher(AGENT)).toBeNull()
  const kept = async (cumulative: bigint) => ledger.keepVoucher(AGENT, voucherOf(cumulative), NOW)
  expect(await kept(9n)).toEqual({ kind: 'kept', signed: 9n, raised: true })
  expect(await kept(10n)).toEqual({ kind: 'kept', signed: 10n, raised: true })
  expect(await kept(9n)).toEqual({ kind: 'kept', signed: 10n, raised: false })
  expect(await kept(10n)).toEqual({ kind: 'kept', signed: 10n, raised: false })
  expect(await kept(U64_MAX)).toEqual({ kind: 'kept', signed: U64_MAX, raised: true })
  expect(await kept(2n ** 63n)).toEqual({ kind: 'kept', signed: U64_MAX, raised: false })
  expect(await home.afterPowerCut().open().voucher(AGENT)).toEqual(voucherOf(U64_MAX))
  expect(await ledger.voucher(OTHER)).toBeNull()
})

everyLedger(
  "$name: a voucher of no vault that the ledger knows as the agent's is not kept",
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    const none = { kind: 'no_vault' }
    expect(await ledger.keepVoucher(OTHER, voucherOf(5n, OTHER), NOW)).toEqual(none)
    expect(await ledger.keepVoucher(OTHER, voucherOf(5n), NOW)).toEqual(none)
    expect(await ledger.keepVoucher(AGENT, voucherOf(5n, OTHER), NOW)).toEqual(none)
    expect(await ledger.voucher(AGENT)).toBeNull()
    await ledger.knowVault(voucherOf(1n, OTHER).vault, OTHER)
    const kept = await ledger.keepVoucher(OTHER, voucherOf(5n, OTHER), NOW)
    expect(kept).toMatchObject({ kind: 'kept', signed: 5n })
  },
)

everyLedger(
  '$name: C9: where vouchers are required, spent and held never pass what was signed for',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    const refused = (needed: bigint, signed: bigint) => ({
      kind: 'authorization_required',
      needed,
      signed,
    })
    expect(await ledger.hold(strict('r1'))).toEqual(refused(100n, 0n))
    expect(await ledger.nonceSpent(AGENT, 'nonce of r1')).toBe(false)
    await ledger.keepVoucher(AGENT, voucherOf(249n), NOW)
    expect(await ledger.hold(strict('r1'))).toMatchObject({ kind: 'held' })
    expect(await ledger.hold(strict('r2'))).toMatchObject({ kind: 'held' })
    expect(await ledger.hold(strict('r3', 50n))).toEqual(refused(250n, 249n))
    expect(await ledger.hold(strict('r3', 49n))).toMatchObject({ kind: 'held' })
    await ledger.settle(settlement('r1', { charge: units(40n) }))
    expect(await ledger.hold(strict('r4', 61n))).toEqual(refused(250n, 249n))
    expect(await ledger.hold(strict('r4', 60n))).toMatchObject({ kind: 'held' })
    expect(await ledger.hold(holdRequest('r5'))).toMatchObject({ kind: 'held' })
  },
)

everyLedger('$name: C9: in parallel, no more is held than the voucher covers', async (backend) => {
  const ledger = await funded(backend, 10_000n)
  await ledger.keepVoucher(AGENT, voucherOf(750n), NOW)
  const holds = Array.from({ length: 20 }, (_, i) => ledger.hold(strict(`r${i}`)))
  const outcomes = await Promise.all(holds)
  expect(outcomes.filter(({ kind }) => kind === 'held')).toHaveLength(7)
  expect(outcomes.at(-1)).toMatchObject({ kind: 'authorization_required', needed: 800n })
})

everyLedger(
  '$name: a voucher that comes with a call counts for it and is kept, unless nonce or session are refused',
  async (backend) => {
    const ledger = await funded(backend, 150n)
    const call = { ...strict('r1'), voucher: voucherOf(100n) }
    expect(await ledger.hold(call)).toMatchObject({ kind: 'held' })
    const replayed = { ...call, requestId: 'r2', voucher: voucherOf(120n) }
    expect(await ledger.hold(replayed)).toEqual({ kind: 'replayed_nonce' })
    const gone = { ...strict('r2'), nonce: null, sessionId: 'none', voucher: voucherOf(120n) }
    expect(await ledger.hold(gone)).toEqual({ kind: 'session_gone' })
    expect(await ledger.voucher(AGENT)).toEqual(voucherOf(100n))
    const dear = { ...strict('r3'), voucher: voucherOf(500n) }
    expect(await ledger.hold(dear)).toMatchObject({ kind: 'insufficient', available: 50n })
    expect(await ledger.voucher(AGENT)).toEqual(voucherOf(500n))
    const lower = { ...strict('r4', 50n), voucher: voucherOf(1n) }
    expect(await ledger.hold(lower)).toMatchObject({ kind: 'held' })
    expect(await ledger.voucher(AGENT)).toEqual(voucherOf(500n))
    expect(await ledger.audit()).toBeNull()
  },
)

everyLedger(
  "$name: no call outlasts the vault's delay less the margin; a delay that leaves nothing admits none",
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    const call = (id: string, settleMarginSeconds: number) =>
      ledger.hold(holdRequest(id, { settleMarginSeconds }))
    expect(await call('r1', 60)).toMatchObject({ kind: 'held', callSecondsMax: null })
    await ledger.noteWithdrawal(withdrawalReading({ withdrawalDelaySeconds: 90 }), NOW)
    expect(await call('r2', 60)).toMatchObject({ kind: 'held', callSecondsMax: 30 })
    expect(await call('r3', 89)).toMatchObject({ kind: 'held', callSecondsMax: 1 })
    expect(await call('r4', 90)).toEqual({ kind: 'delay_too_short', delaySeconds: 90 })
    await ledger.noteWithdrawal(withdrawalReading({ withdrawalDelaySeconds: 0 }), NOW)
    expect(await call('r4', 0)).toEqual({ kind: 'delay_too_short', delaySeconds: 0 })
  },
)

everyLedger(
  '$name: what is not settled yet is listed with what it takes to settle it',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await fund(ledger, 1_000n, OTHER)
    expect(await ledger.unsettled()).toEqual([])
    for (const [id, agent] of [
      ['a', AGENT],
      ['b', OTHER],
      ['open', AGENT],
    ] as const) {
      await ledger.hold(holdRequest(id, { agent }))
    }
    await ledger.settle(settlement('a'))
    await ledger.settle(settlement('b'))
    await ledger.keepVoucher(AGENT, voucherOf(U64_MAX), NOW)
    const reading = withdrawalReading({ pending: units(500n), withdrawableAt: 99 })
    await ledger.noteWithdrawal(reading, NOW)
    const mine = {
      agent: AGENT,
      vault: VAULT,
      spent: 40n,
      held: 100n,
      deposited: 1_000n,
      settled: 0n,
      withdrawn: 0n,
      owed: 0n,
      pendingWithdrawal: 500n,
      withdrawableAt: 99,
      voucher: voucherOf(U64_MAX),
    }
    expect(await ledger.unsettled()).toMatchObject([mine, { agent: OTHER, voucher: null }])
    expect(await ledger.unsettled(AGENT)).toEqual([mine])
    await ledger.bookSettlement(payoutFact(30n, 30n), NOW)
    expect(await ledger.unsettled(AGENT)).toEqual([{ ...mine, settled: 30n }])
    await ledger.bookSettlement(payoutFact(10n, 40n), NOW)
    expect(await ledger.unsettled(AGENT)).toEqual([])
    expect(await ledger.unsettled()).toMatchObject([{ agent: OTHER }])
  },
)

async function open(
  ledger: Ledger,
  id: string,
  spendLimit: bigint | null,
  cumulative: bigint,
  expiresAt = NOW + 1_000,
) {
  const terms = { spendLimit: spendLimit === null ? null : units(spendLimit), expiresAt }
  return ledger.openSession(sessionOpening(id, terms, { voucher: voucherOf(cumulative) }), NOW)
}

everyLedger(
  "$name: a session's voucher covers what was spent, what is held, what open sessions may spend, and its limit",
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    for (const id of ['spent', 'held']) await ledger.hold(holdRequest(id))
    await ledger.settle(settlement('spent', { charge: units(40n) }))
    const refused = { kind: 'authorization_required', needed: 240n, signed: 0n }
    expect(await open(ledger, 's1', 100n, 239n)).toEqual(refused)
    expect(await ledger.voucher(AGENT)).toBeNull()
    expect(await ledger.nonceSpent(AGENT, 'challenge s1')).toBe(false)
    expect(await open(ledger, 's1', 100n, 240n)).toEqual({ kind: 'opened' })
    const inSession = { sessionId: 's1', nonce: null, requireVoucher: true }
    await ledger.hold(holdRequest('in s1', { ...inSession, amount: units(30n) }))
    // 40 spent, 130 held, 70 left to s1.
    const more = { kind: 'authorization_required', needed: 290n, signed: 240n }
    expect(await open(ledger, 's2', 50n, 289n)).toEqual(more)
    await ledger.revokeSession(AGENT, 's1', NOW)
    expect(await open(ledger, 's2', 50n, 200n, NOW)).toEqual({ kind: 'opened' })
    // s2 has ended and counts no more; the higher voucher of before covers this one.
    expect(await open(ledger, 's3', 70n, 5n)).toEqual({ kind: 'opened' })
    expect(await ledger.voucher(AGENT)).toEqual(voucherOf(240n))
  },
)

everyLedger(
  '$name: an unlimited session takes all that can be spent; one without a voucher needs none',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await ledger.noteWithdrawal(withdrawalReading({ pending: units(300n) }), NOW)
    await ledger.bookWithdrawal(payoutFact(300n, 300n), NOW)
    expect(await open(ledger, 's1', null, 699n)).toMatchObject({ needed: 700n })
    expect(await open(ledger, 's1', null, 700n)).toEqual({ kind: 'opened' })
    expect(await open(ledger, 's2', 50n, 1n)).toEqual({ kind: 'opened' })
    expect(await open(ledger, 's3', 800n, 849n)).toMatchObject({ needed: 850n })
    expect(await ledger.openSession(sessionOpening('s4'), NOW)).toEqual({ kind: 'opened' })
  },
)

everyLedger("$name: a session's voucher for no known vault opens nothing", async (backend) => {
  const ledger = backend.newHome().open()
  expect(await open(ledger, 's1', 5n, 5n)).toEqual({ kind: 'no_vault' })
  expect(await ledger.sessionByToken(tokenOf('s1'), NOW)).toBeNull()
})

everyLedger(
  '$name: what was signed to open a session is kept for as long as its charges are',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await open(ledger, 's1', 100n, 100n)
    await ledger.hold(holdRequest('r1', { sessionId: 's1', nonce: null }))
    await ledger.settle(settlement('r1'))
    await ledger.revokeSession(AGENT, 's1', NOW)
    expect(await ledger.sessionProof(AGENT, 's1')).toMatchObject({
      ...sessionOpening('s1').proof,
      session: { id: 's1', spendLimit: 100n, spent: 40n, held: 0n },
    })
    expect(await ledger.sessionProof(OTHER, 's1')).toBeNull()
    expect(await ledger.sessionProof(AGENT, 's2')).toBeNull()
  },
)

const room = (limit: bigint | null, spent = 0n, held = 0n) => ({
  spendLimit: limit === null ? null : units(limit),
  spent: units(spent),
  held: units(held),
})
const AUTHORIZATIONS: [
  why: string,
  openSessions: ReturnType<typeof room>[],
  limit: bigint | null,
  needed: bigint,
][] = [
  ['alone', [], 100n, 130n],
  ['beside what others have left', [room(100n, 20n, 30n), room(7n)], 100n, 187n],
  ['unlimited', [], null, 500n],
  ['unlimited, where others may spend more than there is', [room(900n)], null, 930n],
  ['beside an unlimited one', [room(null)], 100n, 500n],
  ['for more than there is, beside an unlimited one', [room(null)], 900n, 930n],
]
test.each(AUTHORIZATIONS)('sessionAuthorization: %s', (_, openSessions, limit, needed) => {
  const facts = { spent: units(10n), held: units(20n), funds: units(500n), openSessions }
  const spendLimit: Units | null = limit === null ? null : units(limit)
  expect(sessionAuthorization(facts, spendLimit)).toBe(needed)
})

import { expect } from 'vitest'
import type { Units } from '../../src/money.ts'
import { units } from '../../src/money.ts'
import { type Backend, everyLedger } from './backends.ts'
import {
  AGENT,
  fund,
  holdRequest,
  NOW,
  sessionOpening,
  settlement,
  tokenOf,
  voucherOf,
} from './facts.ts'

const OTHER = 'Other1111111111111111111111111111111111111'
const HOUR = 3_600_000

async function withSession(backend: Backend, spendLimit: bigint | null) {
  const ledger = backend.newHome().open()
  await fund(ledger, 10_000n)
  const open = (id: string, change: { nonce?: string; at?: number } = {}) =>
    ledger.openSession(
      sessionOpening(
        id,
        {
          spendLimit: spendLimit === null ? null : units(spendLimit),
          models: ['gpt-4o-mini'],
          label: 'a label',
        },
        { nonce: { value: change.nonce ?? `challenge ${id}`, forgetAt: NOW + 300_000 } },
      ),
      change.at ?? NOW,
    )
  await open('s1')
  return { ledger, open }
}
const inSession = (requestId: string, sessionId = 's1', amount: Units = units(100n)) =>
  holdRequest(requestId, { sessionId, nonce: null, amount, auth: { session: sessionId } })

everyLedger('$name: a session is found by its token until it expires', async (backend) => {
  const { ledger } = await withSession(backend, 300n)
  expect(await ledger.sessionByToken(tokenOf('s1'), NOW)).toEqual({
    id: 's1',
    agent: AGENT,
    spendLimit: 300n,
    models: ['gpt-4o-mini'],
    label: 'a label',
    createdAt: NOW,
    expiresAt: NOW + HOUR,
    spent: 0n,
    held: 0n,
  })
  expect(await ledger.sessionByToken(tokenOf('s1'), NOW + HOUR - 1)).not.toBeNull()
  expect(await ledger.sessionByToken(tokenOf('s1'), NOW + HOUR)).toBeNull()
  expect(await ledger.sessionByToken(tokenOf('s2'), NOW)).toBeNull()
})

everyLedger('$name: A2: one challenge opens one session', async (backend) => {
  const { ledger, open } = await withSession(backend, null)
  expect(await Promise.all([open('s2', { nonce: 'x' }), open('s3', { nonce: 'x' })])).toEqual([
    { kind: 'opened' },
    { kind: 'replayed_nonce' },
  ])
  expect(await ledger.sessionByToken(tokenOf('s3'), NOW)).toBeNull()
})

everyLedger(
  '$name: A3: the room of a caller is what is available, under its limit and what it signed for',
  async (backend) => {
    const { ledger } = await withSession(backend, 350n)
    const room = (sessionId: string | null, requireVoucher = false, settleMarginSeconds = 60) =>
      ledger.room({ agent: AGENT, at: NOW, sessionId, requireVoucher, settleMarginSeconds })
    expect(await room(null)).toEqual({ spendable: 10_000n, holdable: 10_000n })
    expect(await room('s1')).toEqual({ spendable: 350n, holdable: 350n })
    await ledger.hold(inSession('held'))
    expect(await room(null)).toEqual({ spendable: 9_900n, holdable: 9_900n })
    expect(await room('s1')).toEqual({ spendable: 250n, holdable: 250n })
    expect(await room('s1', true)).toEqual({ spendable: 250n, holdable: 0n })
    await ledger.keepVoucher(AGENT, voucherOf(180n), NOW)
    expect(await room('s1', true)).toEqual({ spendable: 250n, holdable: 80n })
    expect(await room(null, true)).toEqual({ spendable: 9_900n, holdable: 80n })
    await ledger.revokeSession(AGENT, 's1', NOW)
    expect(await room('s1')).toEqual({ spendable: 0n, holdable: 0n })
  },
)

everyLedger('$name: A3: parallel calls never hold more than the limit leaves', async (backend) => {
  const { ledger } = await withSession(backend, 350n)
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, i) => ledger.hold(inSession(`r${i}`))),
  )
  expect(outcomes.filter(({ kind }) => kind === 'held')).toHaveLength(3)
  expect(outcomes.at(-1)).toEqual({ kind: 'session_limit', remaining: 50n })
  expect(await ledger.balance(AGENT)).toMatchObject({ available: 9_700n, held: 300n })
})

everyLedger(
  '$name: A3: the limit counts what was spent, and what was freed can be held again',
  async (backend) => {
    const { ledger } = await withSession(backend, 200n)
    await ledger.hold(inSession('r1'))
    await ledger.hold(inSession('r2'))
    await ledger.settle(settlement('r1', { charge: units(30n) }))
    await ledger.release({ requestId: 'r2', at: NOW, reason: 'upstream_error' })
    expect(await ledger.sessionByToken(tokenOf('s1'), NOW)).toMatchObject({
      spent: 30n,
      held: 0n,
    })
    expect(await ledger.hold(inSession('r3', 's1', units(171n)))).toEqual({
      kind: 'session_limit',
      remaining: 170n,
    })
    expect(await ledger.hold(inSession('r4', 's1', units(170n)))).toMatchObject({ kind: 'held' })
  },
)

everyLedger(
  '$name: a session without a limit spends what the agent has, and no more',
  async (backend) => {
    const { ledger } = await withSession(backend, null)
    expect(await ledger.hold(inSession('r1', 's1', units(10_001n)))).toMatchObject({
      kind: 'insufficient',
      available: 10_000n,
    })
    expect(await ledger.sessionByToken(tokenOf('s1'), NOW)).toMatchObject({ held: 0n })
    expect(await ledger.hold(inSession('r2', 's1', units(10_000n)))).toMatchObject({
      kind: 'held',
    })
  },
)

everyLedger(
  '$name: A3: a revoked session holds nothing from then on; its open call still settles',
  async (backend) => {
    const { ledger } = await withSession(backend, 300n)
    await ledger.hold(inSession('r1'))
    expect(await ledger.revokeSession(AGENT, 's1', NOW + 1)).toBe(true)
    expect(await ledger.revokeSession(AGENT, 's1', NOW + 1)).toBe(false)
    expect(await ledger.sessionByToken(tokenOf('s1'), NOW + 1)).toBeNull()
    expect(await ledger.hold(inSession('r2'))).toEqual({ kind: 'session_gone' })
    expect(await ledger.settle(settlement('r1'))).toMatchObject({ kind: 'settled' })
    expect(await ledger.audit()).toBeNull()
  },
)

everyLedger(
  "$name: A3: expired, unknown and other agents' sessions hold nothing",
  async (backend) => {
    const { ledger } = await withSession(backend, 300n)
    const gone = { kind: 'session_gone' }
    expect(await ledger.hold({ ...inSession('r1'), at: NOW + HOUR })).toEqual(gone)
    expect(await ledger.hold(inSession('r2', 's9'))).toEqual(gone)
    await fund(ledger, 1_000n, OTHER)
    expect(await ledger.hold({ ...inSession('r3'), agent: OTHER })).toEqual(gone)
    expect(await ledger.revokeSession(OTHER, 's1', NOW)).toBe(false)
  },
)

everyLedger('$name: live sessions are listed newest first', async (backend) => {
  const { ledger, open } = await withSession(backend, 300n)
  await open('s2', { at: NOW + 2 })
  await open('s3', { at: NOW + 3 })
  await ledger.revokeSession(AGENT, 's2', NOW + 4)
  const listed = await ledger.sessions(AGENT, NOW + 5)
  expect(listed.map(({ id }) => id)).toEqual(['s3', 's1'])
  expect(await ledger.sessions(AGENT, NOW + HOUR)).toEqual([])
  expect(await ledger.sessions(OTHER, NOW)).toEqual([])
})

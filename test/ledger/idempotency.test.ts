import { expect, test } from 'vitest'
import { AGENT_ANSWER_BYTES_MAX, ANSWER_BYTES_MAX } from '../../src/ledger/idempotency-ledger.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { units } from '../../src/money.ts'
import { everyLedger } from './backends.ts'
import {
  AGENT,
  fund,
  funded,
  holdRequest,
  keptAnswer,
  keyedRequest,
  LEASE_MS,
  NOW,
  sessionOpening,
  settlement,
} from './facts.ts'

const DAY_MS = 86_400_000
const KEY = keyedRequest('the key of a call')
/** The same key, of something else. */
const OTHER = keyedRequest('the key of a call', 'b')
const held = (requestId: string, change = {}) => holdRequest(requestId, { keyed: KEY, ...change })

async function chargedOnce(ledger: Ledger, requestId = 'r1', answer = keptAnswer()): Promise<void> {
  await ledger.hold(held(requestId))
  await ledger.settle(settlement(requestId, { answer }))
}

const CHARGED = { kind: 'charged', requestId: 'r1', charge: 40n }

everyLedger('$name: A4: a key is taken with its hold, and by nothing else', async (backend) => {
  const ledger = await funded(backend, 1_000n)
  expect(await ledger.recall(AGENT, KEY)).toBeNull()
  await ledger.hold(held('dear', { amount: units(1_001n) }))
  expect(await ledger.recall(AGENT, KEY)).toBeNull()

  expect(await ledger.hold(held('r1'))).toMatchObject({ kind: 'held', available: 900n })
  const running = { kind: 'running', requestId: 'r1' }
  expect(await ledger.recall(AGENT, KEY)).toEqual(running)
  expect(await ledger.recall(AGENT, OTHER)).toEqual({ kind: 'other_request' })
  expect(await ledger.recall('Bob', KEY)).toBeNull()

  expect(await ledger.hold(held('r2'))).toEqual({ kind: 'recalled', recalled: running })
  const other = await ledger.hold(held('r3', { keyed: OTHER }))
  expect(other).toEqual({ kind: 'recalled', recalled: { kind: 'other_request' } })
  expect(await ledger.balance(AGENT)).toMatchObject({ held: 100n, available: 900n })
  expect(await ledger.nonceSpent(AGENT, 'nonce of r2')).toBe(false)
})

everyLedger('$name: A4: a charge keeps the answer and binds the key', async (backend) => {
  const home = backend.newHome()
  const ledger = home.open()
  await fund(ledger, 1_000n)
  const bytes = Buffer.from([0, 255, 13, 10, 0])
  const answer = { body: bytes, contentType: 'text/event-stream', streamed: true, whole: false }
  await chargedOnce(ledger, 'r1', keptAnswer(answer))
  const recalled = { ...CHARGED, answer: { status: 200, ...answer } }
  expect(await ledger.recall(AGENT, KEY)).toEqual(recalled)
  expect(await ledger.recall(AGENT, OTHER)).toEqual({ kind: 'other_request' })
  expect(await ledger.hold(held('r2'))).toEqual({ kind: 'recalled', recalled })
  expect(await ledger.balance(AGENT)).toMatchObject({ held: 0n, spent: 40n })
  expect(await home.afterPowerCut().open().recall(AGENT, KEY)).toEqual(recalled)
  expect(await home.open().recall(AGENT, KEY)).toEqual(recalled)
})

everyLedger('$name: A4: a release frees the key with the money', async (backend) => {
  const ledger = await funded(backend, 1_000n)
  await ledger.hold(held('r1'))
  await ledger.release({ requestId: 'r1', at: NOW, reason: 'upstream_error' })
  expect(await ledger.recall(AGENT, KEY)).toBeNull()
  expect(await ledger.hold(held('r2', { keyed: OTHER }))).toMatchObject({ kind: 'held' })
  await ledger.release({ requestId: 'r1', at: NOW, reason: 'late' })
  expect(await ledger.recall(AGENT, OTHER)).toEqual({ kind: 'running', requestId: 'r2' })
})

everyLedger(
  '$name: A4 L5: a recovered call binds its key without an answer, and a late one changes nothing',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await ledger.hold(held('r1'))
    await ledger.resolveExpired(NOW + LEASE_MS)
    const recalled = { ...CHARGED, charge: 60n, answer: null }
    expect(await ledger.recall(AGENT, KEY)).toEqual(recalled)
    const late = await ledger.settle(settlement('r1', { answer: keptAnswer() }))
    expect(late).toMatchObject({ kind: 'already_ended' })
    expect(await ledger.recall(AGENT, KEY)).toEqual(recalled)
    expect(await ledger.audit()).toBeNull()
  },
)

everyLedger('$name: A4 A2: who asks is looked at before what was asked', async (backend) => {
  const ledger = await funded(backend, 1_000n)
  await ledger.openSession(sessionOpening('s1'), NOW)
  await chargedOnce(ledger)
  const { nonce } = held('r1')
  expect(await ledger.hold(held('r2', { nonce }))).toEqual({ kind: 'replayed_nonce' })
  await ledger.revokeSession(AGENT, 's1', NOW)
  const revoked = await ledger.hold(held('r3', { nonce: null, sessionId: 's1' }))
  expect(revoked).toEqual({ kind: 'session_gone' })
  const poor = await ledger.hold(held('r4', { amount: units(1_000_000n) }))
  expect(poor).toMatchObject({ kind: 'recalled', recalled: CHARGED })
})

everyLedger(
  '$name: A4: a charged key is forgotten after a day, and a running one never',
  async (backend) => {
    const ledger = await funded(backend, 100_000n)
    const charged = Array.from({ length: 41 }, (_, index) => keyedRequest(`charged ${index}`))
    for (const [index, keyed] of charged.entries()) {
      await ledger.hold(holdRequest(`r${index}`, { keyed }))
      await ledger.settle(settlement(`r${index}`, { answer: keptAnswer() }))
    }
    await ledger.hold(held('running'))
    const recallAll = () => Promise.all(charged.map((keyed) => ledger.recall(AGENT, keyed)))
    const settledAt = settlement('').at
    await ledger.forgetExpired(settledAt + DAY_MS - 1)
    expect((await recallAll()).every((recalled) => recalled?.kind === 'charged')).toBe(true)
    await ledger.forgetExpired(settledAt + DAY_MS)
    expect((await recallAll()).every((recalled) => recalled === null)).toBe(true)
    expect(await ledger.recall(AGENT, KEY)).toEqual({ kind: 'running', requestId: 'running' })
    const [again = KEY] = charged
    expect(await ledger.hold(holdRequest('again', { keyed: again }))).toMatchObject({
      kind: 'held',
    })
  },
)

everyLedger('$name: A4: two that open the same books take a key once', async (backend) => {
  const home = backend.newHome()
  const [one, two] = [home.open(), home.open()]
  await fund(one, 1_000n)
  const tries = await Promise.all(
    Array.from({ length: 10 }, (_, index) => (index % 2 ? one : two).hold(held(`r${index}`))),
  )
  expect(tries.filter(({ kind }) => kind === 'held')).toHaveLength(1)
  expect(tries.filter(({ kind }) => kind === 'recalled')).toHaveLength(9)
  expect(await one.balance(AGENT)).toMatchObject({ held: 100n })
})

everyLedger(
  '$name: A4: an answer beyond the bound is not kept; of one agent’s the newest are',
  async (backend) => {
    const ledger = await funded(backend, 1_000_000n)
    const body = Buffer.alloc(ANSWER_BYTES_MAX)
    const keep = async (name: string, bytes: Buffer) => {
      await ledger.hold(holdRequest(name, { keyed: keyedRequest(name) }))
      await ledger.settle(settlement(name, { answer: keptAnswer({ body: bytes }) }))
    }
    const isKept = async (name: string) => {
      const recalled = await ledger.recall(AGENT, keyedRequest(name))
      if (recalled?.kind !== 'charged') throw new Error(`${name}: ${recalled?.kind}`)
      return recalled.answer !== null
    }
    await keep('too large', Buffer.alloc(ANSWER_BYTES_MAX + 1))
    expect(await isKept('too large')).toBe(false)

    const names = Array.from(
      { length: AGENT_ANSWER_BYTES_MAX / ANSWER_BYTES_MAX },
      (_, index) => `large ${index}`,
    )
    for (const name of names) await keep(name, body)
    expect(await Promise.all(names.map(isKept))).toEqual(names.map(() => true))
    await keep('one byte', Buffer.alloc(1))
    expect(await isKept('one byte')).toBe(true)
    expect(await Promise.all(names.map(isKept))).toEqual(names.map((_, index) => index > 0))
    await keep('three more', body.subarray(3))
    expect(await Promise.all(names.map(isKept))).toEqual(names.map((_, index) => index > 0))
    await keep('four more', Buffer.alloc(4))
    expect(await Promise.all(names.map(isKept))).toEqual(names.map((_, index) => index > 1))
    await ledger.forgetExpired(NOW + 2 * DAY_MS)
    for (const name of names) await keep(`${name} anew`, body)
    expect(await Promise.all(names.map((name) => isKept(`${name} anew`)))).toEqual(
      names.map(() => true),
    )
  },
)

test('the answers of an agent fit what is kept of them', () => {
  expect(AGENT_ANSWER_BYTES_MAX % ANSWER_BYTES_MAX).toBe(0)
})

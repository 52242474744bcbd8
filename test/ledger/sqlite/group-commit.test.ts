import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { isEnough, waitsLonger } from '../../../src/ledger/sqlite/gathering.ts'
import { ledgerOn } from '../../../src/ledger/sqlite/open-ledger.ts'
import { units } from '../../../src/money.ts'
import { TEST_ISSUER } from '../../support/receipt-key.ts'
import { AGENT, depositFact, fund, holdRequest, NOW, settlement } from '../facts.ts'
import { openedFiles } from './files.ts'

describe('isEnough', () => {
  test.each([
    [1, 0, true],
    [1, 1, true],
    [1, 2, false],
    [2, 2, true],
    [3, 8, false],
    [11, 32, false],
    [12, 32, true],
    [23, 64, false],
    [24, 64, true],
    [1, 1_000, false],
  ])('%i queued, %i calls in flight: %s', (queued, inFlight, expected) => {
    expect(isEnough(queued, inFlight)).toBe(expected)
  })
})

test('a batch waits while more come, and for eight steps at most', () => {
  expect(waitsLonger(0, 2)).toBe(false)
  expect(waitsLonger(1, 2)).toBe(true)
  expect(waitsLonger(5, 8)).toBe(true)
  expect(waitsLonger(5, 9)).toBe(false)
})

async function fundedLedger() {
  const ledger = ledgerOn(openedFiles(), TEST_ISSUER)
  await fund(ledger, 1_000_000n)
  return ledger
}

/** A ledger with so many calls that write nothing more, and the commits until now; from here on only the test moves timers. */
async function amongLongCalls(calls: number) {
  const ledger = await fundedLedger()
  await Promise.all(Array.from({ length: calls }, (_, i) => ledger.hold(holdRequest(`long${i}`))))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  return { ledger, before: ledger.commits }
}

test('at 32 calls in flight a call costs at most 0.2 commits', async () => {
  const ledger = await fundedLedger()
  const before = ledger.commits
  const calls = 640
  let next = 0
  const caller = async (turns: number) => {
    while (next < calls) {
      const id = `r${next++}`
      expect(await ledger.hold(holdRequest(id))).toMatchObject({ kind: 'held' })
      for (let turn = 0; turn < turns; turn += 1) await new Promise((done) => setImmediate(done))
      await ledger.settle(settlement(id, { charge: units(1n) }))
    }
  }
  await Promise.all(Array.from({ length: 32 }, (_, lane) => caller(lane)))
  expect((ledger.commits - before) / calls).toBeLessThanOrEqual(0.2)
  expect(await ledger.balance(AGENT)).toMatchObject({ held: 0n, spent: 640n })
})

test('writes asked for together share one commit; a lone one does not wait for company', async () => {
  const ledger = await fundedLedger()
  const before = ledger.commits
  await Promise.all(Array.from({ length: 32 }, (_, i) => ledger.hold(holdRequest(`r${i}`))))
  expect(ledger.commits - before).toBe(1)
  await Promise.all(Array.from({ length: 32 }, (_, i) => ledger.settle(settlement(`r${i}`))))
  expect(ledger.commits - before).toBe(2)
  const lone = ledger.hold(holdRequest('lone'))
  await new Promise((turn) => setImmediate(turn))
  expect(ledger.commits - before).toBe(3)
  await lone
})

test('long calls are not waited for: a write commits after one step in which nobody came', async () => {
  const { ledger, before } = await amongLongCalls(32)

  const first = ledger.hold(holdRequest('first'))
  vi.advanceTimersByTime(1)
  expect(ledger.commits - before).toBe(1)
  await first

  const both = [ledger.hold(holdRequest('second'))]
  vi.advanceTimersByTime(0.5)
  both.push(ledger.hold(holdRequest('third')))
  vi.advanceTimersByTime(0.5)
  expect(ledger.commits - before).toBe(1)
  vi.advanceTimersByTime(1)
  expect(ledger.commits - before).toBe(2)
  await Promise.all(both)
})

test('a batch that never stops growing commits after eight steps', async () => {
  const { ledger, before } = await amongLongCalls(64)
  const holds = [ledger.hold(holdRequest('more0'))]
  for (let ms = 1; ms < 8; ms += 1) {
    vi.advanceTimersByTime(0.5)
    holds.push(ledger.hold(holdRequest(`more${ms}`)))
    vi.advanceTimersByTime(0.5)
    expect(ledger.commits - before).toBe(0)
  }
  vi.advanceTimersByTime(0.5)
  holds.push(ledger.hold(holdRequest('more8')))
  vi.advanceTimersByTime(0.5)
  expect(ledger.commits - before).toBe(1)
  await Promise.all(holds)
})

test('calls that were refused or have ended are not waited for', async () => {
  const ledger = await fundedLedger()
  const refused = Array.from({ length: 8 }, (_, i) =>
    ledger.hold(holdRequest(`dear${i}`, { amount: units(2_000_000n) })),
  )
  await Promise.all(refused)
  await ledger.hold(holdRequest('r1'))
  await ledger.release({ requestId: 'r1', at: NOW, reason: 'upstream_error' })
  await ledger.hold(holdRequest('r2'))
  await ledger.resolveExpired(NOW + 60_000)
  const before = ledger.commits
  const lone = ledger.probe(NOW)
  const call = ledger.hold(holdRequest('r3'))
  await new Promise((turn) => setImmediate(turn))
  expect(ledger.commits - before).toBe(1)
  await Promise.all([lone, call])
})

test('a set of pending deposits that stands is not written again', async () => {
  const ledger = await fundedLedger()
  const deposit = { agent: AGENT, signature: 'p', amount: units(5n) }
  await ledger.replacePending([deposit])
  const before = ledger.commits
  await ledger.replacePending([{ ...deposit }])
  expect(ledger.commits).toBe(before)
  for (const change of [{ amount: units(6n) }, { signature: 'q' }, { agent: 'another' }]) {
    await ledger.replacePending([{ ...deposit, ...change }])
    expect(await ledger.pending(change.agent ?? AGENT)).toEqual([{ ...deposit, ...change }])
  }
})

test('a write that breaks an invariant fails alone: its batch-mates are committed', async () => {
  const ledger = await fundedLedger()
  await ledger.hold(holdRequest('r1'))
  const outcomes = await Promise.allSettled([
    ledger.credit(depositFact(2), NOW),
    ledger.settle(settlement('r1', { charge: units(101n) })),
    ledger.settle(settlement('unknown')),
    ledger.hold(holdRequest('r2')),
    ledger.settle(settlement('r1')),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'fulfilled',
    'fulfilled',
  ])
  expect(await ledger.balance(AGENT)).toMatchObject({
    deposited: 1_001_000n,
    held: 100n,
    spent: 40n,
  })
  expect(await ledger.audit()).toBeNull()
})

test('S2: closing commits what was asked for before it, and nothing after it', async () => {
  const ledger = await fundedLedger()
  const asked = Array.from({ length: 300 }, (_, i) => ledger.hold(holdRequest(`r${i}`)))
  const closed = Promise.all([ledger.close(), ledger.close()])
  await expect(ledger.hold(holdRequest('late'))).rejects.toThrow('closed')
  await closed
  const outcomes = await Promise.all(asked)
  expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['held']))
  await expect(ledger.balance(AGENT)).rejects.toThrow('the ledger cannot be used now')
  await ledger.close()
})

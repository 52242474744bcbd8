import { expect } from 'vitest'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { units } from '../../src/money.ts'
import { everyLedger } from './backends.ts'
import {
  AGENT,
  depositFact,
  fund,
  funded,
  holdRequest,
  LEASE_MS,
  NOW,
  payoutFact,
  settlement,
  withdrawalReading,
} from './facts.ts'

const OTHER = 'Other1111111111111111111111111111111111111'
const VAULT = depositFact(1).vault

/** Both commitments say that so much is pending. */
const pending = (amount: bigint, withdrawn = 0n) =>
  withdrawalReading({
    pending: units(amount),
    confirmedPending: units(amount),
    withdrawn: units(withdrawn),
    withdrawableAt: 77,
    confirmedWithdrawableAt: 77,
  })

async function holding(ledger: Ledger, ...ids: string[]): Promise<void> {
  for (const id of ids) expect(await ledger.hold(holdRequest(id))).toMatchObject({ kind: 'held' })
}

everyLedger(
  '$name: C8: a request freezes what is available at once, and it cannot be held any more',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await ledger.noteWithdrawal(pending(900n), NOW)
    expect(await ledger.balance(AGENT)).toMatchObject({ available: 100n, frozen: 900n })
    const dear = holdRequest('dear', { amount: units(101n) })
    expect(await ledger.hold(dear)).toEqual({ kind: 'insufficient', available: 100n, owed: 0n })
    expect(await ledger.hold(holdRequest('r1'))).toMatchObject({ kind: 'held' })
    expect(await ledger.vaults()).toMatchObject([{ pendingWithdrawal: 900n }])
    expect(await ledger.audit()).toBeNull()
  },
)

everyLedger(
  '$name: C8: whatever becomes available while a request is open freezes first, up to what is pending',
  async (backend) => {
    const ledger = await funded(backend, 500n)
    await holding(ledger, 'released', 'settled', 'recovered', 'last')
    await ledger.noteWithdrawal(pending(600n), NOW)
    const is = async (frozen: bigint, available: bigint) =>
      expect(await ledger.balance(AGENT)).toMatchObject({ frozen, available })
    await is(100n, 0n)
    await ledger.release({ requestId: 'released', at: NOW, reason: 'overloaded' })
    await is(200n, 0n)
    await ledger.settle(settlement('settled'))
    await is(260n, 0n)
    await ledger.renew([
      { requestId: 'last', leaseUntil: NOW + 9 * LEASE_MS, recovery: holdRequest('').recovery },
    ])
    expect(await ledger.resolveExpired(NOW + LEASE_MS)).toEqual(['recovered'])
    await is(300n, 0n)
    await ledger.credit(depositFact(2, { amount: units(250n) }), NOW)
    await is(550n, 0n)
    await ledger.settle(settlement('last', { charge: units(10n) }))
    await is(600n, 40n)
    await ledger.credit(depositFact(3, { amount: units(5n) }), NOW)
    await is(600n, 45n)
    expect(await ledger.audit()).toBeNull()
  },
)

everyLedger(
  '$name: C8: the higher of both commitments counts; only a drop at both thaws',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    const frozenAfter = async (change: Parameters<typeof withdrawalReading>[0]) => {
      await ledger.noteWithdrawal(withdrawalReading(change), NOW)
      return (await ledger.balance(AGENT)).frozen
    }
    expect(await frozenAfter({ confirmedPending: units(300n) })).toBe(300n)
    const later = { slot: 140, confirmedSlot: 170 }
    expect(await frozenAfter({ ...later, pending: units(300n) })).toBe(300n)
    expect(await frozenAfter({ ...later, confirmedPending: null })).toBe(300n)
    expect(
      await frozenAfter({ ...later, pending: units(100n), confirmedPending: units(250n) }),
    ).toBe(250n)
    expect(await frozenAfter({ ...later, slot: 171 })).toBe(0n)
    expect(await ledger.balance(AGENT)).toMatchObject({ available: 1_000n })
  },
)

everyLedger(
  '$name: C8: a request on a fork that is dropped freezes and thaws again',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await ledger.noteWithdrawal(withdrawalReading({ confirmedPending: units(400n) }), NOW)
    // A node that lags behind the one that saw the request proves nothing.
    await ledger.noteWithdrawal(withdrawalReading({ slot: 129, confirmedSlot: 129 }), NOW)
    expect(await ledger.balance(AGENT)).toMatchObject({ frozen: 400n })
    await ledger.noteWithdrawal(withdrawalReading({ slot: 130, confirmedSlot: 160 }), NOW)
    expect(await ledger.balance(AGENT)).toMatchObject({ frozen: 0n, available: 1_000n })
  },
)

everyLedger(
  '$name: C8: nothing thaws between a withdrawal and its booking, and a view from before it freezes nothing again',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await ledger.noteWithdrawal(pending(400n), NOW)
    const paid = withdrawalReading({ slot: 200, confirmedSlot: 230, withdrawn: units(400n) })
    await ledger.noteWithdrawal(paid, NOW)
    expect(await ledger.balance(AGENT)).toMatchObject({ frozen: 400n, withdrawn: 0n })
    expect(await ledger.bookWithdrawal(payoutFact(400n, 400n), NOW)).toEqual({ kind: 'booked' })
    const after = { available: 600n, frozen: 0n, withdrawn: 400n, owed: 0n }
    expect(await ledger.balance(AGENT)).toMatchObject(after)
    await ledger.noteWithdrawal(withdrawalReading({ pending: units(400n) }), NOW)
    expect(await ledger.balance(AGENT)).toMatchObject(after)
    await ledger.noteWithdrawal(paid, NOW)
    expect(await ledger.balance(AGENT)).toMatchObject(after)
    expect(await ledger.transactions(AGENT, null, 1)).toMatchObject([
      {
        type: 'WITHDRAWAL',
        amount: 400n,
        balanceAfter: 600n,
        signature: payoutFact(400n, 400n).signature,
        usage: null,
        requestId: null,
      },
    ])
    expect(await ledger.vaults()).toMatchObject([{ withdrawn: 400n, pendingWithdrawal: 0n }])
    expect(await ledger.audit()).toBeNull()
  },
)

everyLedger(
  '$name: C8: a withdrawal takes what is frozen, then what is available; the rest is owed and blocks calls until it is paid',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await holding(ledger, 'r1', 'r2')
    await ledger.noteWithdrawal(pending(500n), NOW)
    await ledger.bookWithdrawal(payoutFact(950n, 950n), NOW)
    expect(await ledger.balance(AGENT)).toMatchObject({
      available: 0n,
      frozen: 0n,
      held: 200n,
      owed: 150n,
      withdrawn: 950n,
    })
    const refused = { kind: 'insufficient', available: 0n, owed: 150n }
    expect(await ledger.hold(holdRequest('r3', { amount: units(1n) }))).toEqual(refused)
    expect(await ledger.transactions(AGENT, null, 1)).toMatchObject([{ balanceAfter: 50n }])
    await ledger.settle(settlement('r1'))
    expect(await ledger.balance(AGENT)).toMatchObject({ owed: 90n, available: 0n })
    await ledger.noteWithdrawal({ ...pending(300n, 950n), slot: 300 }, NOW)
    await ledger.credit(depositFact(2, { amount: units(490n) }), NOW)
    expect(await ledger.balance(AGENT)).toMatchObject({ owed: 0n, frozen: 300n, available: 100n })
    expect(await ledger.audit()).toBeNull()
  },
)

everyLedger(
  '$name: a withdrawal out of a vault without a deposit on the books is owed whole',
  async (backend) => {
    const ledger = backend.newHome().open()
    await ledger.knowVault(VAULT, AGENT)
    await ledger.noteWithdrawal(pending(50n), NOW)
    expect(await ledger.bookWithdrawal(payoutFact(50n, 50n), NOW)).toEqual({ kind: 'booked' })
    expect(await ledger.balance(AGENT)).toMatchObject({ owed: 50n, withdrawn: 50n, frozen: 0n })
    await ledger.credit(depositFact(1, { amount: units(60n) }), NOW)
    expect(await ledger.balance(AGENT)).toMatchObject({ owed: 0n, available: 10n })
    expect(await ledger.audit()).toBeNull()
  },
)

everyLedger(
  '$name: a request that is seen before its deposit is credited freezes the deposit',
  async (backend) => {
    const ledger = backend.newHome().open()
    await ledger.knowVault(VAULT, AGENT)
    await ledger.noteWithdrawal(pending(700n), NOW)
    await fund(ledger, 1_000n)
    expect(await ledger.balance(AGENT)).toMatchObject({ frozen: 700n, available: 300n })
  },
)

everyLedger('$name: a settlement mirrors what was taken of `spent`', async (backend) => {
  const ledger = await funded(backend, 1_000n)
  await holding(ledger, 'r1')
  await ledger.settle(settlement('r1'))
  const before = await ledger.balance(AGENT)
  expect(await ledger.bookSettlement(payoutFact(30n, 30n), NOW)).toEqual({ kind: 'booked' })
  expect(await ledger.bookSettlement(payoutFact(10n, 40n), NOW)).toEqual({ kind: 'booked' })
  expect(await ledger.balance(AGENT)).toEqual({ ...before, settled: 40n })
  expect(await ledger.vaults()).toMatchObject([{ settled: 40n, withdrawn: 0n }])
  expect(await ledger.transactions(AGENT, null, 10)).toHaveLength(2)
  expect(await ledger.audit()).toBeNull()
})

for (const book of ['bookSettlement', 'bookWithdrawal'] as const) {
  everyLedger(
    `$name: ${book}: each payout once and in order, whoever tells of it how often`,
    async (backend) => {
      const home = backend.newHome()
      const ledger = home.open()
      await fund(ledger, 1_000n)
      await holding(ledger, 'r1')
      await ledger.settle(settlement('r1'))
      const [first, second] = [payoutFact(20n, 20n), payoutFact(15n, 35n)]
      expect(await ledger[book](second, NOW)).toEqual({ kind: 'gap', booked: 0n })
      const told = await Promise.all(Array.from({ length: 5 }, () => ledger[book](first, NOW)))
      expect(told.map(({ kind }) => kind)).toEqual(['booked', ...Array(4).fill('exists')])
      expect(await ledger[book](second, NOW)).toEqual({ kind: 'booked' })
      const after = home.afterPowerCut().open()
      expect(await after[book](first, NOW)).toEqual({ kind: 'exists' })
      expect(await after[book](second, NOW)).toEqual({ kind: 'exists' })
      expect(await after.audit()).toBeNull()
    },
  )

  everyLedger(
    `$name: ${book}: what contradicts the books changes nothing and says why`,
    async (backend) => {
      const ledger = await funded(backend, 1_000n)
      await fund(ledger, 1_000n, OTHER)
      await holding(ledger, 'r1')
      await ledger.settle(settlement('r1'))
      await ledger[book](payoutFact(20n, 20n), NOW)
      await ledger[book](payoutFact(5n, 25n, { signature: 'second' }), NOW)
      const before = [await ledger.balance(AGENT), await ledger.balance(OTHER)]
      const impossible = [
        payoutFact(19n, 20n),
        payoutFact(20n, 20n, { signature: 'another' }),
        payoutFact(20n, 20n, { instructionPath: '0.1' }),
        payoutFact(1n, 26n, { signature: 'second' }),
        payoutFact(9n, 30n),
        payoutFact(3n, 22n),
        payoutFact(0n, 25n),
        payoutFact(-1n, 24n),
        payoutFact(1n, 26n, { vault: 'unknown' }),
        payoutFact(1n, 26n, { agent: OTHER, vault: VAULT }),
        payoutFact(2n ** 64n - 26n, 2n ** 64n - 1n),
      ]
      for (const fact of impossible) {
        const outcome = await ledger[book](fact, NOW)
        expect(
          outcome,
          JSON.stringify(fact, (_, v) => `${v}`),
        ).toMatchObject({
          kind: 'impossible',
          detail: expect.stringMatching(/./),
        })
      }
      expect([await ledger.balance(AGENT), await ledger.balance(OTHER)]).toEqual(before)
      expect(await ledger.audit()).toBeNull()
    },
  )
}

everyLedger(
  '$name: C9: a settlement beyond `spent`, as books of a restored backup meet it, is impossible',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await holding(ledger, 'r1')
    await ledger.settle(settlement('r1'))
    expect(await ledger.bookSettlement(payoutFact(41n, 41n), NOW)).toEqual({
      kind: 'impossible',
      detail: 'a total of 41 is beyond what was spent of 40',
    })
    expect(await ledger.bookSettlement(payoutFact(40n, 40n), NOW)).toEqual({ kind: 'booked' })
  },
)

everyLedger(
  '$name: a reading that changes nothing writes nothing; one of an unknown vault throws',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await ledger.noteWithdrawal(pending(10n), NOW)
    const before = ledger.commits
    await ledger.noteWithdrawal(pending(10n), NOW + 1)
    expect(ledger.commits).toBe(before)
    const unknown = withdrawalReading({ vault: 'unknown' })
    await expect(ledger.noteWithdrawal(unknown, NOW)).rejects.toThrow(/unknown/)
  },
)

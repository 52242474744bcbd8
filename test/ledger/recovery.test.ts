import { expect } from 'vitest'
import { NO_TOKENS, units } from '../../src/money.ts'
import { everyLedger } from './backends.ts'
import { AGENT, fund, funded, holdRequest, LEASE_MS, NOW, settlement } from './facts.ts'

everyLedger(
  '$name: L5: an abandoned hold is settled as recovered at its terms once its lease ends',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await ledger.hold(holdRequest('r1'))
    expect(await ledger.resolveExpired(NOW + LEASE_MS - 1)).toEqual([])
    expect(await ledger.resolveExpired(NOW + LEASE_MS)).toEqual(['r1'])
    expect(await ledger.balance(AGENT)).toMatchObject({ available: 940n, held: 0n, spent: 60n })
    const [debit] = await ledger.transactions(AGENT, null, 1)
    expect(debit?.usage).toMatchObject({
      outcome: 'recovered',
      tokens: { ...NO_TOKENS, input: 10, output: 5 },
      response_digest: null,
    })
    expect(await ledger.settle(settlement('r1'))).toEqual({
      kind: 'already_ended',
      state: 'settled',
    })
  },
)

everyLedger(
  '$name: L4 L5: a hold that another process ended is ended no second time by the one that took it',
  async (backend) => {
    const home = backend.newHome()
    const took = home.open()
    await fund(took, 1_000n)
    const other = home.open()
    const releaseOf = (requestId: string) => ({ requestId, at: NOW, reason: 'overloaded' })
    const states = { recovered: 'settled', settled: 'settled', released: 'released' } as const
    for (const how of Object.keys(states)) {
      for (const then of ['settle', 'release']) await took.hold(holdRequest(`${how} ${then}`))
    }
    for (const then of ['settle', 'release']) {
      await other.settle(settlement(`settled ${then}`))
      await other.release(releaseOf(`released ${then}`))
    }
    expect(await other.resolveExpired(NOW + LEASE_MS)).toHaveLength(2)
    const books = await other.balance(AGENT)
    for (const [how, state] of Object.entries(states)) {
      const late = { kind: 'already_ended', state }
      expect(await took.settle(settlement(`${how} settle`))).toEqual(late)
      expect(await took.release(releaseOf(`${how} release`))).toEqual(late)
    }
    expect(await took.balance(AGENT)).toEqual(books)
    expect(books).toMatchObject({ held: 0n, spent: 200n })
    expect(await took.audit()).toBeNull()
  },
)

everyLedger('$name: L5: recovery never charges more than the hold', async (backend) => {
  const ledger = await funded(backend, 1_000n)
  const recovery = { tokens: NO_TOKENS, charge: units(5_000n) }
  await ledger.hold(holdRequest('r1', { recovery }))
  await ledger.resolveExpired(NOW + LEASE_MS)
  expect(await ledger.balance(AGENT)).toMatchObject({ available: 900n, held: 0n, spent: 100n })
})

everyLedger(
  '$name: L5: a renewed lease keeps a live hold, and the newest terms count',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await ledger.hold(holdRequest('live'))
    await ledger.hold(holdRequest('dead'))
    const recovery = { tokens: { ...NO_TOKENS, output: 30 }, charge: units(75n) }
    await ledger.renew([
      { requestId: 'live', leaseUntil: NOW + 2 * LEASE_MS, recovery },
      { requestId: 'ended long ago', leaseUntil: NOW + 2 * LEASE_MS, recovery },
    ])
    await ledger.renew([{ requestId: 'live', leaseUntil: NOW + LEASE_MS, recovery }])
    expect(await ledger.resolveExpired(NOW + LEASE_MS)).toEqual(['dead'])
    expect(await ledger.resolveExpired(NOW + 2 * LEASE_MS)).toEqual(['live'])
    expect(await ledger.balance(AGENT)).toMatchObject({ spent: 135n })
  },
)

everyLedger(
  '$name: L5: more abandoned holds than one transaction takes are all resolved',
  async (backend) => {
    const ledger = await funded(backend, 1_000_000n)
    const ids = Array.from({ length: 450 }, (_, i) => `r${i}`)
    await Promise.all(ids.map((id) => ledger.hold(holdRequest(id))))
    const resolved = await ledger.resolveExpired(NOW + LEASE_MS)
    expect(new Set(resolved)).toEqual(new Set(ids))
    expect(await ledger.balance(AGENT)).toMatchObject({ held: 0n, spent: 27_000n })
    expect(await ledger.audit()).toBeNull()
  },
)

everyLedger(
  '$name: L8: what a call resolved with survives a power cut; what had not resolved is not there',
  async (backend) => {
    const home = backend.newHome()
    const ledger = home.open()
    await fund(ledger, 1_000n)
    await ledger.hold(holdRequest('r1'))
    const unresolved = ledger.hold(holdRequest('r2'))
    const after = home.afterPowerCut().open()
    await unresolved
    expect(await after.balance(AGENT)).toMatchObject({ available: 900n, held: 100n })
    expect(await after.nonceSpent(AGENT, 'nonce of r1')).toBe(true)
    expect(await after.nonceSpent(AGENT, 'nonce of r2')).toBe(false)
    expect(await after.audit()).toBeNull()
  },
)

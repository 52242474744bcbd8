import { expect } from 'vitest'
import { units } from '../../src/money.ts'
import { everyLedger } from './backends.ts'
import { AGENT, fund, funded, holdRequest, NOW, settlement } from './facts.ts'

const OTHER = 'Other1111111111111111111111111111111111111'

everyLedger('$name: an agent that nobody knows has nothing', async (backend) => {
  const ledger = await funded(backend, 1n)
  expect(await ledger.balance(OTHER)).toEqual({
    available: 0n,
    held: 0n,
    frozen: 0n,
    spent: 0n,
    deposited: 0n,
    settled: 0n,
    withdrawn: 0n,
    owed: 0n,
  })
  expect(await ledger.hold(holdRequest('r1', { agent: OTHER }))).toEqual({
    kind: 'insufficient',
    available: 0n,
    owed: 0n,
  })
})

everyLedger(
  '$name: a hold moves money from available to held; settling charges it and frees the rest',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    expect(await ledger.hold(holdRequest('r1'))).toEqual({
      kind: 'held',
      available: 900n,
      callSecondsMax: null,
    })
    expect(await ledger.balance(AGENT)).toMatchObject({ available: 900n, held: 100n, spent: 0n })
    expect(await ledger.settle(settlement('r1'))).toEqual({
      kind: 'settled',
      charge: 40n,
      spent: 40n,
      balanceAfter: 960n,
      receipt: await ledger.receipt(AGENT, 'r1'),
    })
    expect(await ledger.balance(AGENT)).toMatchObject({ available: 960n, held: 0n, spent: 40n })
  },
)

everyLedger('$name: L2: N parallel holds with funds for K admit exactly K', async (backend) => {
  const ledger = await funded(backend, 2_050n)
  const requests = Array.from({ length: 50 }, (_, i) => ledger.hold(holdRequest(`r${i}`)))
  const outcomes = await Promise.all(requests)
  expect(outcomes.filter(({ kind }) => kind === 'held')).toHaveLength(20)
  expect(outcomes.filter(({ kind }) => kind === 'insufficient')).toHaveLength(30)
  expect(await ledger.balance(AGENT)).toMatchObject({ available: 50n, held: 2_000n })
})

everyLedger('$name: the last unit can be held, one more cannot', async (backend) => {
  const ledger = await funded(backend, 100n)
  const tooMuch = holdRequest('r1', { amount: units(101n) })
  expect(await ledger.hold(tooMuch)).toEqual({
    kind: 'insufficient',
    available: 100n,
    owed: 0n,
  })
  expect(await ledger.hold(holdRequest('r2'))).toEqual({
    kind: 'held',
    available: 0n,
    callSecondsMax: null,
  })
})

everyLedger(
  '$name: L3: a charge above its hold throws and leaves the hold open',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await ledger.hold(holdRequest('r1'))
    await expect(ledger.settle(settlement('r1', { charge: units(101n) }))).rejects.toThrow(
      /charge of 101 is above its hold of 100/,
    )
    expect(await ledger.balance(AGENT)).toMatchObject({ available: 900n, held: 100n, spent: 0n })
    expect(await ledger.settle(settlement('r1', { charge: units(100n) }))).toMatchObject({
      kind: 'settled',
    })
  },
)

everyLedger('$name: a negative charge throws', async (backend) => {
  const ledger = await funded(backend, 1_000n)
  await ledger.hold(holdRequest('r1'))
  await expect(ledger.settle(settlement('r1', { charge: units(-1n) }))).rejects.toThrow(RangeError)
  expect(await ledger.audit()).toBeNull()
})

everyLedger(
  '$name: L4: of many parallel ends of one hold, the first counts and the others learn of it',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await ledger.hold(holdRequest('r1'))
    const ends = await Promise.all([
      ledger.release({ requestId: 'r1', at: NOW, reason: 'upstream_error' }),
      ledger.settle(settlement('r1')),
      ledger.settle(settlement('r1', { charge: units(1n) })),
      ledger.release({ requestId: 'r1', at: NOW, reason: 'overloaded' }),
    ])
    const late = { kind: 'already_ended', state: 'released' }
    expect(ends).toEqual([{ kind: 'released' }, late, late, late])
    expect(await ledger.balance(AGENT)).toMatchObject({ available: 1_000n, held: 0n, spent: 0n })
    expect(await ledger.calls(0, 10)).toHaveLength(1)
  },
)

everyLedger(
  '$name: L3 L4: a hold that is asked for under the id of a taken one changes nothing of that',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await ledger.hold(holdRequest('r1'))
    const again = ledger.hold(holdRequest('r1', { nonce: null, amount: units(500n) }))
    const [second, first] = await Promise.allSettled([again, ledger.settle(settlement('r1'))])
    expect(second.status).toBe('rejected')
    expect(first).toMatchObject({ status: 'fulfilled', value: { kind: 'settled', charge: 40n } })
    expect(await ledger.balance(AGENT)).toMatchObject({ available: 960n, held: 0n, spent: 40n })
    expect(await ledger.audit()).toBeNull()
  },
)

everyLedger('$name: L4: releasing a settled hold changes nothing', async (backend) => {
  const ledger = await funded(backend, 1_000n)
  await ledger.hold(holdRequest('r1'))
  await ledger.settle(settlement('r1'))
  expect(await ledger.release({ requestId: 'r1', at: NOW, reason: 'overloaded' })).toEqual({
    kind: 'already_ended',
    state: 'settled',
  })
  expect(await ledger.balance(AGENT)).toMatchObject({ available: 960n, spent: 40n })
})

everyLedger('$name: ending a call that never had a hold throws', async (backend) => {
  const ledger = await funded(backend, 1_000n)
  await expect(ledger.settle(settlement('r9'))).rejects.toThrow(/never had a hold/)
  await expect(ledger.release({ requestId: 'r9', at: NOW, reason: 'overloaded' })).rejects.toThrow(
    /never had a hold/,
  )
})

everyLedger('$name: a request id holds once, even after its call has ended', async (backend) => {
  const ledger = await funded(backend, 1_000n)
  const again = holdRequest('r1', { nonce: null })
  await ledger.hold(holdRequest('r1'))
  await expect(ledger.hold(again)).rejects.toThrow()
  await ledger.settle(settlement('r1'))
  await expect(ledger.hold(again)).rejects.toThrow()
  expect(await ledger.balance(AGENT)).toMatchObject({ available: 960n, held: 0n })
})

everyLedger('$name: M7: nothing is held under a price list that is not stored', async (backend) => {
  const ledger = await funded(backend, 1_000n)
  await expect(ledger.hold(holdRequest('r1', { priceVersion: 'sha256:unknown' }))).rejects.toThrow()
  expect(await ledger.balance(AGENT)).toMatchObject({ available: 1_000n, held: 0n })
})

everyLedger(
  '$name: A2: a nonce is spent once, together with its hold, per agent',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    await fund(ledger, 1_000n, OTHER)
    const nonce = { value: 'same', forgetAt: NOW + 180_000 }
    const [first, second] = await Promise.all([
      ledger.hold(holdRequest('r1', { nonce })),
      ledger.hold(holdRequest('r2', { nonce })),
    ])
    expect([first?.kind, second?.kind]).toEqual(['held', 'replayed_nonce'])
    expect(await ledger.nonceSpent(AGENT, 'same')).toBe(true)
    expect(await ledger.nonceSpent(OTHER, 'same')).toBe(false)
    expect(await ledger.hold(holdRequest('r3', { nonce, agent: OTHER }))).toMatchObject({
      kind: 'held',
    })
  },
)

everyLedger('$name: A2: a hold that is refused for money spends no nonce', async (backend) => {
  const ledger = await funded(backend, 10n)
  const nonce = { value: 'kept', forgetAt: NOW + 180_000 }
  expect(await ledger.hold(holdRequest('r1', { nonce }))).toMatchObject({
    kind: 'insufficient',
  })
  expect(await ledger.nonceSpent(AGENT, 'kept')).toBe(false)
})

everyLedger(
  '$name: A2: a replay is called a replay even when the money is gone',
  async (backend) => {
    const ledger = await funded(backend, 100n)
    await ledger.hold(holdRequest('r1'))
    const { nonce } = holdRequest('r1')
    expect(await ledger.hold(holdRequest('r2', { nonce }))).toEqual({ kind: 'replayed_nonce' })
  },
)

everyLedger(
  '$name: A2: nonces are forgotten only when no clock accepts them any more',
  async (backend) => {
    const ledger = await funded(backend, 1_000_000n)
    const forgetAt = NOW + 180_000
    const holds = Array.from({ length: 450 }, (_, i) =>
      ledger.hold(
        holdRequest(`r${i}`, { nonce: { value: `n${i}`, forgetAt: forgetAt + (i % 2) } }),
      ),
    )
    await Promise.all(holds)
    await ledger.forgetExpired(forgetAt - 1)
    expect(await ledger.nonceSpent(AGENT, 'n448')).toBe(true)
    await ledger.forgetExpired(forgetAt)
    expect(await ledger.nonceSpent(AGENT, 'n448')).toBe(false)
    expect(await ledger.nonceSpent(AGENT, 'n449')).toBe(true)
    await ledger.forgetExpired(forgetAt + 1)
    expect(await ledger.nonceSpent(AGENT, 'n449')).toBe(false)
  },
)

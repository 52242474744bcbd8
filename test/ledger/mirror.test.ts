import { expect } from 'vitest'
import type { DepositFact } from '../../src/ledger/chain-ledger.ts'
import { units } from '../../src/money.ts'
import { everyLedger } from './backends.ts'
import { AGENT, BINDING, depositFact, fund, holdRequest, NOW, PRICES, settlement } from './facts.ts'

const VAULT = depositFact(1).vault
const OTHER = 'Other1111111111111111111111111111111111111'

everyLedger(
  '$name: C10: a ledger is bound once; every other chain is refused with both values',
  async (backend) => {
    const home = backend.newHome()
    const ledger = home.open()
    expect(await ledger.bind(BINDING)).toEqual({ kind: 'bound' })
    expect(await ledger.bind(BINDING)).toEqual({ kind: 'bound' })
    for (const field of ['genesisHash', 'program', 'gateway', 'mint'] as const) {
      expect(await ledger.bind({ ...BINDING, [field]: 'another' })).toEqual({
        kind: 'other_chain',
        field,
        ledger: BINDING[field],
        chain: 'another',
      })
    }
    expect(await home.afterPowerCut().open().bind(BINDING)).toEqual({ kind: 'bound' })
  },
)

everyLedger(
  '$name: a deposit of an unknown agent opens its books and its vault',
  async (backend) => {
    const ledger = backend.newHome().open()
    expect(await ledger.credit(depositFact(1), NOW)).toEqual({
      kind: 'credited',
      available: 1_000n,
    })
    expect(await ledger.balance(AGENT)).toMatchObject({ available: 1_000n, deposited: 1_000n })
    expect(await ledger.vaults()).toEqual([
      {
        vault: VAULT,
        agent: AGENT,
        deposited: 1_000n,
        depositIndex: 1n,
        stopped: null,
        addressFrozen: false,
        settled: 0n,
        withdrawn: 0n,
        pendingWithdrawal: 0n,
      },
    ])
    expect(await ledger.transactions(AGENT, null, 10)).toMatchObject([
      {
        type: 'DEPOSIT',
        amount: 1_000n,
        balanceAfter: 1_000n,
        signature: depositFact(1).signature,
      },
    ])
  },
)

everyLedger(
  '$name: C4: the same deposit, told many times at once and again after a restart, credits once',
  async (backend) => {
    const home = backend.newHome()
    const ledger = home.open()
    const told = await Promise.all(
      Array.from({ length: 20 }, () => ledger.credit(depositFact(1), NOW)),
    )
    expect(told.filter(({ kind }) => kind === 'credited')).toHaveLength(1)
    expect(told.filter(({ kind }) => kind === 'exists')).toHaveLength(19)
    const restarted = home.afterPowerCut().open()
    expect(await restarted.credit(depositFact(1), NOW)).toEqual({ kind: 'exists' })
    expect(await restarted.balance(AGENT)).toMatchObject({ deposited: 1_000n })
  },
)

const differences: Partial<DepositFact>[] = [
  { amount: units(999n) },
  { cumulative: units(2_000n) },
  { depositor: 'another' },
  { signature: 'another' },
  { instructionPath: '0.1' },
  { depositIndex: 2n },
  { vault: 'another' },
]
for (const change of differences) {
  everyLedger(
    `$name: C4: a known deposit with another ${Object.keys(change)} is drift and credits nothing`,
    async (backend) => {
      const ledger = backend.newHome().open()
      await ledger.credit(depositFact(1), NOW)
      const different = { ...depositFact(1), ...change }
      expect(await ledger.credit(different, NOW)).toMatchObject({ kind: 'exists_different' })
      expect(await ledger.balance(AGENT)).toMatchObject({ available: 1_000n, deposited: 1_000n })
      expect(await ledger.vaults()).toMatchObject([{ deposited: 1_000n, depositIndex: 1n }])
    },
  )
}

everyLedger(
  '$name: C4: a fact that meets one booked deposit by index and another by signature is drift',
  async (backend) => {
    const ledger = backend.newHome().open()
    await ledger.credit(depositFact(1), NOW)
    await ledger.credit(depositFact(2), NOW)
    const mixed = { ...depositFact(1), signature: depositFact(2).signature }
    expect(await ledger.credit(mixed, NOW)).toMatchObject({ kind: 'exists_different' })
  },
)

everyLedger("$name: a deposit into another agent's vault credits nobody", async (backend) => {
  const ledger = backend.newHome().open()
  await ledger.knowVault(VAULT, AGENT)
  const foreign = { ...depositFact(1), agent: OTHER }
  expect(await ledger.credit(foreign, NOW)).toMatchObject({ kind: 'exists_different' })
  expect(await ledger.balance(OTHER)).toMatchObject({ deposited: 0n })
  await expect(ledger.knowVault(VAULT, OTHER)).rejects.toThrow(/vault/)
})

everyLedger(
  '$name: C4: two deposits of one transaction both credit, in any order',
  async (backend) => {
    const ledger = backend.newHome().open()
    const second = depositFact(2, { signature: 'one', instructionPath: '0.2' })
    const first = depositFact(1, { signature: 'one', instructionPath: '0.1' })
    expect(await ledger.credit(second, NOW)).toMatchObject({ kind: 'credited' })
    expect(await ledger.credit(first, NOW)).toMatchObject({ kind: 'credited', available: 2_000n })
    expect(await ledger.vaults()).toMatchObject([{ deposited: 2_000n, depositIndex: 2n }])
    expect(await ledger.audit()).toBeNull()
  },
)

everyLedger(
  '$name: C6: a stopped vault credits nothing until it is resumed; its agent goes on spending',
  async (backend) => {
    const ledger = backend.newHome().open()
    await ledger.storePrices(PRICES, '2026-11-21T12:00:00.000Z', '{}')
    await ledger.credit(depositFact(1), NOW)
    await ledger.stopVault(VAULT, 'drift of 5 units')
    expect(await ledger.credit(depositFact(2), NOW)).toEqual({
      kind: 'stopped',
      reason: 'drift of 5 units',
    })
    expect(await ledger.credit(depositFact(1), NOW)).toEqual({ kind: 'exists' })
    expect(await ledger.hold(holdRequest('r1'))).toMatchObject({ kind: 'held' })
    await ledger.stopVault(VAULT, null)
    expect(await ledger.credit(depositFact(2), NOW)).toMatchObject({ kind: 'credited' })
    await expect(ledger.stopVault('unknown', 'why')).rejects.toThrow(/unknown/)
  },
)

everyLedger(
  '$name: an agent whose deposit address is frozen holds nothing until it thaws; its calls in flight end as ever',
  async (backend) => {
    const home = backend.newHome()
    const ledger = home.open()
    await fund(ledger, 1_000n)
    await fund(ledger, 1_000n, OTHER)
    await ledger.hold(holdRequest('r1'))
    await ledger.noteFrozen(VAULT, true)
    await ledger.noteFrozen(VAULT, true)
    expect(await ledger.vaults()).toMatchObject([
      { vault: VAULT, addressFrozen: true, stopped: null },
      { agent: OTHER, addressFrozen: false },
    ])
    expect(await ledger.hold(holdRequest('r2'))).toEqual({ kind: 'vault_frozen' })
    const dear = holdRequest('r3', { amount: units(5_000n) })
    expect(await ledger.hold(dear)).toEqual({ kind: 'vault_frozen' })
    expect(await ledger.nonceSpent(AGENT, 'nonce of r2')).toBe(false)
    expect(await ledger.hold(holdRequest('r4', { agent: OTHER }))).toMatchObject({ kind: 'held' })
    expect(await ledger.settle(settlement('r1'))).toMatchObject({ kind: 'settled' })
    expect(await ledger.credit(depositFact(2), NOW)).toMatchObject({ kind: 'credited' })

    const beside = home.afterPowerCut().open()
    expect(await beside.hold(holdRequest('r2'))).toEqual({ kind: 'vault_frozen' })
    await ledger.noteFrozen(VAULT, false)
    expect(await ledger.hold(holdRequest('r2'))).toMatchObject({ kind: 'held' })
    await expect(ledger.noteFrozen('unknown', true)).rejects.toThrow(/unknown/)
  },
)

everyLedger('$name: a freeze that another process noted stops admission here', async (backend) => {
  const home = backend.newHome()
  const [gateway, watcher] = [home.open(), home.open()]
  await fund(gateway, 1_000n)
  await watcher.noteFrozen(VAULT, true)
  expect(await gateway.hold(holdRequest('r1'))).toEqual({ kind: 'vault_frozen' })
  await watcher.noteFrozen(VAULT, false)
  expect(await gateway.hold(holdRequest('r1'))).toMatchObject({ kind: 'held' })
})

everyLedger(
  '$name: an amount beyond what a ledger holds stops instead of wrapping',
  async (backend) => {
    const ledger = backend.newHome().open()
    const huge = depositFact(1, { amount: units(2n ** 64n - 1n) })
    expect(await ledger.credit(huge, NOW)).toMatchObject({ kind: 'stopped' })
    const most = depositFact(1, { amount: units(2n ** 62n - 1n) })
    expect(await ledger.credit(most, NOW)).toMatchObject({ kind: 'credited' })
    const oneMore = depositFact(2, { amount: units(1n), cumulative: units(2n ** 62n) })
    expect(await ledger.credit(oneMore, NOW)).toMatchObject({ kind: 'stopped' })
    expect(await ledger.audit()).toBeNull()
  },
)

for (const amount of [0n, -5n]) {
  everyLedger(`$name: a deposit of ${amount} units throws`, async (backend) => {
    const ledger = backend.newHome().open()
    await expect(ledger.credit(depositFact(1, { amount: units(amount) }), NOW)).rejects.toThrow()
    expect(await ledger.balance(AGENT)).toMatchObject({ deposited: 0n })
  })
}

everyLedger('$name: large amounts come back to the last unit', async (backend) => {
  const ledger = backend.newHome().open()
  await ledger.storePrices(PRICES, '2026-11-21T12:00:00.000Z', '{}')
  const amount = units(2n ** 53n + 1n)
  await ledger.credit(depositFact(1, { amount }), NOW)
  await ledger.hold(holdRequest('r1', { amount }))
  expect(await ledger.settle(settlement('r1', { charge: units(2n ** 53n) }))).toMatchObject({
    charge: 2n ** 53n,
    balanceAfter: 1n,
  })
})

everyLedger('$name: C5: the cursor moves forward only, and survives', async (backend) => {
  const home = backend.newHome()
  const ledger = home.open()
  expect(await ledger.cursor()).toBeNull()
  await ledger.advance({ slot: 10, signature: null })
  await ledger.advance({ slot: 12, signature: 'b' })
  await ledger.advance({ slot: 11, signature: 'a' })
  expect(await ledger.cursor()).toEqual({ slot: 12, signature: 'b' })
  await ledger.advance({ slot: 12, signature: 'c' })
  const restarted = home.afterPowerCut().open()
  expect(await restarted.cursor()).toEqual({ slot: 12, signature: 'c' })
})

everyLedger('$name: C5: what cannot be read is kept, listed and let go', async (backend) => {
  const ledger = backend.newHome().open()
  const item = { signature: 'x', slot: 5, reason: 'truncated event', at: NOW }
  await ledger.quarantine(item)
  await ledger.quarantine({ ...item, reason: 'still truncated', at: NOW + 9 })
  await ledger.quarantine({ ...item, signature: 'y', slot: 4 })
  expect(await ledger.quarantined()).toEqual([
    { ...item, signature: 'y', slot: 4 },
    { ...item, reason: 'still truncated' },
  ])
  await ledger.unquarantine('x')
  await ledger.unquarantine('never there')
  expect(await ledger.quarantined()).toHaveLength(1)
})

everyLedger('$name: C2: pending deposits are shown and cannot be spent', async (backend) => {
  const ledger = backend.newHome().open()
  await ledger.storePrices(PRICES, '2026-11-21T12:00:00.000Z', '{}')
  const pending = [
    { agent: AGENT, signature: 'a', amount: units(500n) },
    { agent: OTHER, signature: 'a', amount: units(7n) },
    { agent: AGENT, signature: 'b', amount: units(500n) },
  ]
  await ledger.replacePending(pending)
  expect(await ledger.pending(AGENT)).toEqual([pending[0], pending[2]])
  expect(await ledger.hold(holdRequest('r1'))).toMatchObject({ kind: 'insufficient' })
  await ledger.replacePending(pending.slice(1, 2))
  expect(await ledger.pending(AGENT)).toEqual([])
  expect(await ledger.pending(OTHER)).toEqual([pending[1]])
})

everyLedger('$name: knowing a vault again changes nothing', async (backend) => {
  const ledger = backend.newHome().open()
  await ledger.knowVault(VAULT, AGENT)
  await ledger.credit(depositFact(1), NOW)
  await ledger.knowVault(VAULT, AGENT)
  expect(await ledger.vaults()).toMatchObject([{ vault: VAULT, deposited: 1_000n }])
})

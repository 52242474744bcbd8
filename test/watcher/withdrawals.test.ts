import { expect, onTestFinished, test } from 'vitest'
import { ScriptedSite } from './scripted/site.ts'
import { DELAY_SECONDS } from './scripted/vault-chain.ts'

async function openSite({ vouchers }: { vouchers: boolean } = { vouchers: true }) {
  const site = await ScriptedSite.open({ vouchers })
  onTestFinished(() => site.dispose())
  return site
}

const request = (amount: bigint) => ({ kind: 'request', amount }) as const
const deposit = (amount: bigint) => ({ kind: 'deposit', amount }) as const
const cancel = { kind: 'cancel' } as const
const withdraw = { kind: 'withdraw' } as const

/** A vault of 1000 units, of which the request for `amount` is confirmed and seen, and not final. */
async function frozenSite(amount: bigint): Promise<ScriptedSite> {
  const site = await openSite()
  await site.fund(1_000n)
  site.chain.wait(60)
  site.chain.finalize(site.chain.slot)
  site.land(request(amount))
  expect(await site.sweep()).toBe(true)
  expect(await site.balance()).toMatchObject({ available: 1_000n - amount, frozen: amount })
  return site
}

test('C8: a confirmed request freezes, though what is final is minutes old', async () => {
  const site = await openSite()
  await site.fund(1_000n)
  site.chain.wait(400)
  site.land(request(700n))
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 300n, frozen: 700n })
  expect(await site.hold(301n)).toMatchObject({ kind: 'insufficient' })
  expect(await site.hold(300n)).toMatchObject({ kind: 'held' })
})

test.each([
  ['nothing is listed', ['getSignaturesForAddress']],
  ['no transaction is shown', ['getTransaction']],
  ['nothing final is read', ['getMultipleAccounts:finalized', 'getSlot']],
])('C8: a confirmed request freezes while %s', async (_, failing) => {
  const site = await openSite()
  await site.fund(1_000n)
  site.land(request(700n))
  await site.sweep({ failing })
  expect(await site.balance()).toMatchObject({ available: 300n, frozen: 700n })
})

test('C8: a final request freezes by the account that is final, while what is confirmed lags', async () => {
  const site = await openSite()
  await site.fund(1_000n)
  site.chain.wait(50)
  site.land(request(700n))
  site.chain.finalize(site.chain.slot)
  await site.sweep({ confirmedLag: 40 })
  expect(await site.balance()).toMatchObject({ available: 300n, frozen: 700n })
})

test('C8: a cancel that is confirmed thaws nothing; final, it does', async () => {
  const site = await frozenSite(700n)
  site.chain.finalize(site.chain.slot)
  site.land(cancel)
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 300n, frozen: 700n })
  site.chain.finalize(site.chain.slot)
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 1_000n, frozen: 0n })
})

test('C8: a request that a fork drops stays frozen until what is final has passed it', async () => {
  const site = await frozenSite(700n)
  const seenAt = site.chain.slot
  site.chain.drop(1)
  site.chain.wait(5)
  site.chain.finalize(seenAt - 1)
  await site.sweep()
  expect(await site.balance()).toMatchObject({ frozen: 700n })
  site.chain.finalize(seenAt)
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 1_000n, frozen: 0n })
})

test('C8: a fork that drops a cancel leaves the request frozen', async () => {
  const site = await frozenSite(700n)
  site.chain.finalize(site.chain.slot)
  site.land(cancel)
  await site.sweep()
  site.chain.drop(1)
  site.chain.wait(3)
  site.chain.finalize(site.chain.slot)
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 300n, frozen: 700n })
})

test.each(['the same process', 'the next one'])(
  'C8: a node that lags behind the request thaws nothing in %s',
  async (who) => {
    const site = await frozenSite(700n)
    site.chain.wait(10)
    site.chain.finalize(site.chain.slot - 5)
    if (who === 'the next one') site.restart()
    const lagging = { confirmedLag: 11, finalLag: 8 }
    for (let sweeps = 0; sweeps < 4; sweeps += 1) await site.sweep(lagging)
    expect(await site.balance()).toMatchObject({ available: 300n, frozen: 700n })
    expect((await site.books()).stopped).toBeNull()
  },
)

test('C8: after a final cancel, a smaller request that was seen stays frozen when the node lags behind it', async () => {
  const site = await frozenSite(700n)
  site.land(cancel)
  const cancelledAt = site.chain.slot
  site.chain.wait(10)
  site.land(request(200n))
  await site.sweep()
  site.chain.finalize(cancelledAt)
  await site.sweep({ confirmedLag: 5 })
  expect(await site.balance()).toMatchObject({ available: 800n, frozen: 200n })
})

test('C8: asked for again and called off again, it thaws when the second cancel is final', async () => {
  const site = await frozenSite(700n)
  site.land(cancel)
  const cancelledAt = site.chain.slot
  site.chain.wait(10)
  site.land(request(700n))
  await site.sweep()
  site.land(cancel)
  await site.sweep()
  site.chain.finalize(cancelledAt)
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 300n, frozen: 700n })
  site.chain.finalize(site.chain.slot)
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 1_000n, frozen: 0n })
})

test('C8: a process that never saw the request neither thaws nor says so before the cancel is final', async () => {
  const site = await frozenSite(700n)
  site.land(cancel)
  site.restart()
  const thaws = () => site.log.lines.filter(({ message }) => message === 'less is leaving').length
  for (let sweeps = 0; sweeps < 3; sweeps += 1) {
    await site.sweep()
    expect(await site.balance()).toMatchObject({ available: 300n, frozen: 700n })
    expect(thaws()).toBe(0)
  }
  site.chain.finalize(site.chain.slot)
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 1_000n, frozen: 0n })
  expect(thaws()).toBe(1)
})

test('C8: one that cancels and asks for more freezes more, though the cancel is not final', async () => {
  const site = await frozenSite(300n)
  site.land(cancel, request(900n))
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 100n, frozen: 900n })
  site.chain.finalize(site.chain.slot)
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 100n, frozen: 900n })
})

test('C8: one that cancels and asks for less keeps the more until both are final', async () => {
  const site = await frozenSite(900n)
  site.chain.finalize(site.chain.slot)
  site.land(cancel, request(200n))
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 100n, frozen: 900n })
  site.chain.finalize(site.chain.slot)
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 800n, frozen: 200n })
})

test('C8: a withdrawal that is confirmed stays frozen, and is booked when it is final', async () => {
  const site = await frozenSite(700n)
  site.chain.wait(DELAY_SECONDS)
  site.chain.finalize(site.chain.slot)
  site.land(withdraw)
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 300n, frozen: 700n, withdrawn: 0n })
  site.chain.finalize(site.chain.slot)
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 300n, frozen: 0n, withdrawn: 700n })
})

test('C8: what is asked for again before the first withdrawal is booked is frozen beside it', async () => {
  const site = await frozenSite(400n)
  site.chain.wait(DELAY_SECONDS)
  site.land(withdraw, request(500n))
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 100n, frozen: 900n, withdrawn: 0n })
  site.chain.finalize(site.chain.slot)
  // The process ends behind each of its calls, and at no point is more available than the chain leaves.
  for (let answers = 1; answers < 20; answers += 1) {
    site.restart()
    await site.sweep({ answers })
    const { available, frozen, withdrawn } = await site.balance()
    expect({ available, leaving: frozen + withdrawn }).toEqual({ available: 100n, leaving: 900n })
  }
  expect(await site.balance()).toMatchObject({ frozen: 500n, withdrawn: 400n })
})

test('C8: a request that nobody saw in time, and its withdrawal, are frozen before later deposits are credited', async () => {
  const site = await openSite()
  await site.fund(1_000n)
  site.land(request(1_000n))
  site.chain.wait(DELAY_SECONDS)
  site.land(withdraw, deposit(50n), request(20n))
  site.chain.finalize(site.chain.slot)
  for (let answers = 1; answers < 20; answers += 1) {
    site.restart()
    await site.sweep({ answers })
    const { available, owed } = await site.balance()
    expect(available).toBeLessThanOrEqual(30n)
    expect(owed).toBe(0n)
  }
  expect(await site.balance()).toMatchObject({ available: 30n, frozen: 20n, withdrawn: 1_000n })
})

test('C8: a vault that is new to the books is frozen before its first credit', async () => {
  const site = await openSite()
  site.land(deposit(1_000n), request(900n))
  site.chain.finalize(site.chain.slot)
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 100n, frozen: 900n })
})

test('the delay is known before the first credit, even of a node that has no account of the vault yet', async () => {
  const site = await openSite()
  site.land(deposit(1_000n))
  site.chain.finalize(site.chain.slot)
  await site.sweep({ accountless: true })
  expect(await site.hold(10n)).toMatchObject({ kind: 'held', callSecondsMax: DELAY_SECONDS })
})

test('a withdrawal waits for a deposit that no list has, and owes nothing', async () => {
  const site = await openSite({ vouchers: false })
  await site.fund(1_000n)
  expect(await site.hold(300n)).toMatchObject({ kind: 'held' })
  await site.end(300n)
  site.land(deposit(500n))
  const hidden = [`deposit ${site.chain.slot}.0`]
  site.land(request(1_200n))
  site.chain.wait(DELAY_SECONDS)
  site.land(withdraw)
  site.chain.finalize(site.chain.slot)
  for (let sweeps = 0; sweeps < 2; sweeps += 1) {
    await site.sweep({ hidden })
    expect(await site.balance()).toMatchObject({ available: 0n, frozen: 700n, owed: 0n })
  }
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 0n, owed: 0n, withdrawn: 1_200n })
  await site.untilEqual()
})

test('C6: a settlement beyond what was spent stops the vault, and no other money moves', async () => {
  const site = await openSite()
  await site.fund(1_000n)
  site.land({ kind: 'settle', cumulative: 400n, voucher: 400n })
  site.chain.finalize(site.chain.slot)
  await site.sweep()
  const { stopped } = await site.books()
  expect(stopped).toContain('settlement up to 400')
  expect(site.log.lines.filter(({ level }) => level === 'error')).toMatchObject([
    { message: 'crediting of this vault is stopped' },
  ])
  expect(await site.balance()).toMatchObject({ settled: 0n, available: 1_000n })
  // It stays stopped for as long as the books cannot hold it, and resumes by itself.
  site.later(61_000)
  await site.sweep()
  expect((await site.books()).stopped).toContain('settlement up to 400')
  await site.hold(400n)
  await site.end(400n)
  await site.untilEqual()
})

test('C6: settlements and withdrawals that no list has are found in the vault’s own history', async () => {
  const site = await openSite()
  await site.fund(1_000n)
  await site.hold(400n)
  await site.end(400n)
  await site.settle()
  const hidden = site.chain.landed.slice(-1).map(({ signature }) => signature)
  site.chain.finalize(site.chain.slot)
  // It is listed when the cursor is long past it, and no first page of a list reaches it.
  await site.sweep({ hidden })
  for (let deposits = 0; deposits < 110; deposits += 1) site.land(deposit(1n))
  site.chain.finalize(site.chain.slot)
  await site.sweep({ hidden })
  await site.untilEqual()
  expect(site.log.lines.filter(({ level }) => level === 'error')).toEqual([])
})

test('C8: with more vaults than a sweep reads, one that asks for money is read first', async () => {
  const site = await openSite()
  await site.fund(1_000n)
  await site.knowStrangers(600)
  // The first 500 have the first turn.
  site.restart()
  site.land(request(700n))
  await site.sweep()
  expect(await site.balance()).toMatchObject({ available: 300n, frozen: 700n })
})

test('C8: a long history is read in pieces, and a request that is made meanwhile freezes before the next piece', async () => {
  const site = await openSite()
  await site.fund(10_000n)
  for (let count = 0; count < 1_200; count += 1) site.land(deposit(1n))
  site.chain.finalize(site.chain.slot)
  await site.sweep()
  expect((await site.balance()).deposited).toBeLessThan(11_200n)
  site.land(request(10_000n))
  await site.sweep()
  expect((await site.balance()).frozen).toBe(10_000n)
  expect((await site.balance()).deposited).toBeLessThan(11_200n)
  await site.untilEqual()
  expect(site.log.lines.filter(({ level }) => level !== 'info')).toMatchObject([
    { message: 'a withdrawal freezes' },
  ])
})

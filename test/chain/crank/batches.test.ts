import { Keypair, TransactionInstruction } from '@solana/web3.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { depositAddress, TOKEN_PROGRAM } from '../../../src/chain/addresses.ts'
import { NOW } from '../../ledger/facts.ts'
import { land, startTestNetwork, type TestNetwork } from '../../support/chain.ts'
import { CrankSite, type Customer } from './crank-site.ts'

let shared: TestNetwork
beforeAll(async () => {
  shared = await startTestNetwork()
})
afterAll(() => shared.stop())

const DUE = { byHand: false }
const BY_HAND = { byHand: true }

test('seven vaults are settled in three transactions, each by its own voucher', async () => {
  const site = await CrankSite.open(shared)
  const customers = await site.customers(7, 10_000n)
  for (const [index, customer] of customers.entries()) {
    await site.spend(customer, 1_000n + BigInt(index), 10_000n)
  }
  const { steps, transactions } = await site.crank().run(DUE)
  expect(steps.map(({ kind }) => kind)).toEqual(Array(7).fill('settled'))
  expect(transactions.map(({ vaults }) => vaults).sort()).toEqual([1, 3, 3])
  for (const [index, customer] of customers.entries()) {
    expect((await site.vaultOf(customer)).settled).toBe(1_000n + BigInt(index))
  }
  expect(await site.paid()).toBe(7_021n)
  // A signature of the transaction and one of each voucher.
  for (const { vaults, feeLamports } of transactions) {
    expect(feeLamports).toBe(5_000 * (1 + vaults))
  }
})

/** Freezes (10) or thaws (11) a deposit address, as the mint's authority may. */
async function freezing(site: CrankSite, { vault }: Customer, number: number): Promise<void> {
  const { mint, payer } = site.network
  const keys = [
    { pubkey: depositAddress(vault, mint), isSigner: false, isWritable: true },
    { pubkey: mint, isSigner: false, isWritable: false },
    { pubkey: payer.publicKey, isSigner: true, isWritable: false },
  ]
  const data = Buffer.from([number])
  const instruction = new TransactionInstruction({ programId: TOKEN_PROGRAM, keys, data })
  await land(site.network, [instruction], [payer])
}

test('a vault that cannot be settled stops no other, waits longer with each failure, and is settled once it can be', async () => {
  const site = await CrankSite.open(shared)
  const customers = await site.customers(3, 10_000n)
  for (const customer of customers) await site.spend(customer, 1_000n, 1_000n)
  const [bad, ...good] = customers
  if (bad === undefined) throw new Error('no customers')
  await freezing(site, bad, 10)
  let now = NOW
  const crank = site.crank({ now: () => now })
  const first = await crank.run(DUE)
  expect(first.steps.filter(({ kind }) => kind === 'settled')).toHaveLength(2)
  const failed = { kind: 'failed', agent: bad.key, reason: expect.stringContaining('17') }
  expect(first.steps.find(({ agent }) => agent === bad.key)).toMatchObject(failed)
  for (const customer of good) expect((await site.vaultOf(customer)).settled).toBe(1_000n)

  now += 249
  expect((await crank.run(DUE)).steps).toEqual([])
  now += 1
  expect((await crank.run(DUE)).steps).toMatchObject([failed])
  expect((await crank.run(DUE)).steps).toEqual([])
  expect((await crank.run(BY_HAND)).steps).toMatchObject([failed])
  await freezing(site, bad, 11)
  now += 60_000
  expect((await crank.run(DUE)).steps).toMatchObject([{ kind: 'settled', agent: bad.key }])
  expect(await site.paid()).toBe(3_000n)
})

test('C9: a voucher that its agent did not sign pays nothing, and stops no other', async () => {
  const site = await CrankSite.open(shared)
  const [thief, honest] = [await site.customer(10_000n), await site.customer(10_000n)]
  await site.spend(honest, 1_000n, 1_000n)
  await site.spend(thief, 1_000n, null)
  const { vault } = thief
  await site.sign({ ...honest, key: thief.key, vault }, 1_000n)
  const { steps } = await site.crank().run(DUE)
  const outcomes = Object.fromEntries(steps.map(({ agent, kind }) => [agent, kind]))
  expect(outcomes).toEqual({ [thief.key]: 'failed', [honest.key]: 'settled' })
  expect(await site.paid()).toBe(1_000n)
})

test('a key that is not the authority settles nothing, and says whose key is wanted', async () => {
  const site = await CrankSite.open(shared)
  const customer = await site.customer(10_000n)
  await site.spend(customer, 1_000n, 1_000n)
  const { steps } = await site.crank({ operator: Keypair.generate() }).run(DUE)
  const authority = `the gateway's authority is ${site.network.operator.publicKey}`
  expect(steps).toMatchObject([{ kind: 'failed', reason: expect.stringContaining(authority) }])
  expect(site.proxy.seen.get('sendTransaction')).toBeUndefined()
})

test('a vault that the chain does not have yet waits, and the others do not', async () => {
  const site = await CrankSite.open(shared)
  const there = await site.customer(10_000n)
  const absent = await site.customer(10_000n, 'books only')
  for (const customer of [absent, there]) await site.spend(customer, 1_000n, 1_000n)
  const { steps } = await site.crank().run(DUE)
  expect(steps).toMatchObject([
    { kind: 'failed', agent: absent.key, reason: 'the vault is not on the chain' },
    { kind: 'settled', agent: there.key },
  ])
})

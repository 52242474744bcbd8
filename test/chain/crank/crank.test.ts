import { SystemProgram } from '@solana/web3.js'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { tokenAddress } from '../../../src/chain/addresses.ts'
import { requestWithdrawal, withdraw } from '../../../src/chain/instructions.ts'
import { readTokenAccount } from '../../../src/chain/token.ts'
import { units } from '../../../src/money.ts'
import { land, startTestNetwork, type TestNetwork } from '../../support/chain.ts'
import { CrankSite, type Customer, WAIT } from './crank-site.ts'

let shared: TestNetwork
beforeAll(async () => {
  shared = await startTestNetwork()
})
afterAll(() => shared.stop())

const DUE = { byHand: false }
const BY_HAND = { byHand: true }

describe('what is due', () => {
  test('charges wait for the threshold, and are settled once they reach it', async () => {
    const site = await CrankSite.open(shared)
    const customer = await site.customer(10_000n)
    const crank = site.crank()
    await site.spend(customer, 999n, 5_000n)
    expect((await crank.run(DUE)).steps).toEqual([])
    expect(site.proxy.seen.size).toBe(0)
    await site.spend(customer, 1n, null)
    const before = await site.lamports()
    const { steps, transactions } = await crank.run(DUE)
    expect(steps).toMatchObject([{ kind: 'settled', amount: 1_000n, cumulative: 1_000n }])
    expect(await site.paid()).toBe(1_000n)
    expect(transactions).toMatchObject([{ landed: true, vaults: 1 }])
    expect(before - (await site.lamports())).toBe(transactions[0]?.feeLamports)
    // The books learn of it when it is final; until then the vault is what keeps it from being settled again.
    expect((await crank.run(DUE)).steps).toEqual([])
    expect(await site.paid()).toBe(1_000n)
  })

  test('by hand all is settled that is signed for, of the agent that is named, and the rest is said to be at risk', async () => {
    const site = await CrankSite.open(shared)
    const [one, other] = [await site.customer(10_000n), await site.customer(10_000n)]
    await site.spend(one, 30n, 20n)
    await site.spend(other, 7n, 7n)
    const { steps, standings } = await site.crank().run({ ...BY_HAND, agent: one.key })
    expect(steps).toMatchObject([{ kind: 'settled', agent: one.key, amount: 20n }])
    expect(standings).toMatchObject([{ settled: 20n, covered: 0n, owed: 0n, atRisk: 10n }])
    expect((await site.vaultOf(one)).settled).toBe(20n)
    expect((await site.vaultOf(other)).settled).toBe(0n)
  })

  test('lamports that somebody sent to its address give the treasury no token account', async () => {
    const site = await CrankSite.open(shared, { treasuryOpen: false })
    const customer = await site.customer(10_000n)
    await site.spend(customer, 2_000n, 2_000n)
    const { payer, mint } = site.network
    const toPubkey = tokenAddress(site.treasury, mint)
    const stray = { fromPubkey: payer.publicKey, toPubkey, lamports: 1_000_000 }
    await land(site.network, [SystemProgram.transfer(stray)], [payer])
    const { steps } = await site.crank().run(DUE)
    expect(steps).toMatchObject([{ kind: 'settled', amount: 2_000n }])
    expect(await site.paid()).toBe(2_000n)
  })

  test('a treasury without a token account is given one', async () => {
    const site = await CrankSite.open(shared, { treasuryOpen: false })
    const customer = await site.customer(10_000n)
    await site.spend(customer, 1_000n, 1_000n)
    const before = await site.lamports()
    const { steps, transactions } = await site.crank().run(DUE)
    expect(steps).toMatchObject([{ kind: 'settled', amount: 1_000n }])
    expect(await site.paid()).toBe(1_000n)
    const cost = transactions.reduce((total, { feeLamports }) => total + (feeLamports ?? 0), 0)
    expect(before - (await site.lamports())).toBe(cost)
  })
})

describe('withdrawals', () => {
  /** Asks for a withdrawal on chain, and tells the books as the watcher would. */
  async function request(site: CrankSite, customer: Customer, amount: bigint): Promise<void> {
    const { parties, keypair } = customer
    await land(site.network, [requestWithdrawal(parties, units(amount))], [keypair])
    await site.noteVault(customer)
  }

  async function walletOf({ network }: CrankSite, { keypair }: Customer): Promise<bigint> {
    const address = tokenAddress(keypair.publicKey, network.mint)
    const stored = await network.rpc.getAccountInfo(address, 'confirmed')
    return (stored === null ? null : readTokenAccount(stored.data))?.amount ?? 0n
  }

  test('C8: what was spent is settled before the delay ends, and the agent leaves with exactly the rest', async () => {
    const site = await CrankSite.open(shared, { delaySeconds: 2n })
    const customer = await site.customer(10_000n)
    const crank = site.crank()
    await site.spend(customer, 40n, 500n)
    expect((await crank.run(DUE)).steps).toEqual([])
    await request(site, customer, 10_000n)
    expect((await crank.run(DUE)).steps).toMatchObject([{ kind: 'settled', amount: 40n }])
    expect((await site.vaultOf(customer)).pendingWithdrawal).toBe(9_960n)
    await vi.waitFor(
      () => land(site.network, [withdraw(customer.parties)], [customer.keypair]),
      WAIT,
    )
    expect(await walletOf(site, customer)).toBe(9_960n)
    expect(await site.paid()).toBe(40n)
  })

  test('C8: charges of calls that end during the delay are settled too', async () => {
    const site = await CrankSite.open(shared)
    const customer = await site.customer(100n)
    const crank = site.crank()
    const running = await site.begin(customer, 60n)
    await site.spend(customer, 30n, 100n)
    await request(site, customer, 100n)
    expect((await crank.run(DUE)).steps).toMatchObject([{ kind: 'settled', amount: 30n }])
    await running.end(25n)
    expect((await crank.run(DUE)).steps).toMatchObject([{ kind: 'settled', amount: 25n }])
    expect((await site.vaultOf(customer)).pendingWithdrawal).toBe(45n)
    expect((await crank.run(DUE)).steps).toEqual([])
  })

  test('a pending withdrawal does not make every call cost a fee', async () => {
    const site = await CrankSite.open(shared)
    const customer = await site.customer(10_000n)
    const crank = site.crank()
    await site.spend(customer, 5n, 10_000n)
    await request(site, customer, 1n)
    expect((await crank.run(DUE)).steps).toMatchObject([{ kind: 'settled', amount: 5n }])
    await site.spend(customer, 5n, null)
    expect((await crank.run(DUE)).steps).toEqual([])
    await site.spend(customer, 995n, null)
    expect((await crank.run(DUE)).steps).toMatchObject([{ kind: 'settled', amount: 1_000n }])
  })
})

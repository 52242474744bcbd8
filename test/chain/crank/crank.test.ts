import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestNetwork, type TestNetwork } from '../../support/chain.ts'
import { CrankSite } from './crank-site.ts'

let shared: TestNetwork
beforeAll(async () => {
  shared = await startTestNetwork()
})
afterAll(() => shared.stop())

describe('what is due', () => {
  test('charges wait for the threshold, and are settled once they reach it', async () => {
    const site = await CrankSite.open(shared)
    const customer = await site.customer(10_000n)
    const crank = site.crank()
    await site.spend(customer, 999n, 5_000n)
    expect((await crank.run({ byHand: false })).steps).toEqual([])
    expect(site.proxy.seen.size).toBe(0)
    await site.spend(customer, 1n, null)
    const before = await site.lamports()
    const { steps, transactions, standings } = await crank.run({ byHand: false })
    console.log(steps, transactions, standings)
    expect(steps).toMatchObject([{ kind: 'settled', amount: 1_000n, cumulative: 1_000n }])
    expect(await site.paid()).toBe(1_000n)
    expect(transactions).toHaveLength(1)
    expect(before - (await site.lamports())).toBe(transactions[0]?.feeLamports)
    // The books learn of it when it is final; until then the vault is what keeps it from being settled again.
    expect((await crank.run({ byHand: false })).steps).toEqual([])
    expect(await site.paid()).toBe(1_000n)
  })
})

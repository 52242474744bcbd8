// A withdrawal in its two steps through the SDK, its vault as the chain has it, and the request taken back. No gateway is asked.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Agent, createAgent } from '../../../src/agent/index.ts'
import type { Progress } from '../../../src/agent/vault/progress.ts'
import { type ExitSite, type Leaver, LONG_DELAY_SECONDS, openExitSite, stranger } from './site.ts'

/** Where what happens before the delay is over decides. */
const unhurried = { delaySeconds: LONG_DELAY_SECONDS }

let site: ExitSite

beforeAll(async () => {
  site = await openExitSite()
})
afterAll(() => site.stop())

/** Everything is configured, and nobody listens at the gateway's URL. */
function agentOf({ keypair }: Leaver): Agent {
  const { network } = site
  return createAgent({
    key: keypair.secretKey,
    url: 'http://127.0.0.1:1',
    chain: 'localnet',
    program: network.program.toBase58(),
    gateway: network.gateway.toBase58(),
    rpcUrl: network.validator.rpcUrl,
  })
}

test('C8: part of it: request, delay, withdrawal, and the rest stays', async () => {
  const leaver = await site.leaver(1_000_000n, unhurried)
  const agent = agentOf(leaver)
  const stages: string[] = []
  const told = ({ stage }: Progress) => stages.push(stage)
  const result = await agent.withdraw({ usdc: '0.3', onProgress: told })
  expect(result).toMatchObject({
    vault: leaver.vault.toBase58(),
    state: 'withdrawn',
    amount: '300000',
    withdrawable_at: null,
    left_in_vault: '700000',
  })
  expect([...new Set(stages)]).toEqual(['requested', 'waiting', 'withdrawn'])
  expect(await site.wallet(leaver)).toBe(300_000n)
})

test('the vault as the chain has it, with what is pending and what is not booked', async () => {
  const leaver = await site.leaver(1_000_000n)
  await site.transfer(leaver, 5n)
  const agent = agentOf(leaver)
  const left = await agent.withdraw({ units: 400_000n, wait: false })
  expect(left).toMatchObject({ state: 'requested', amount: '400000', left_in_vault: '1000000' })
  const { network } = site
  expect(await agent.vault()).toMatchObject({
    program: network.program.toBase58(),
    upgrade_authority: null,
    gateway: network.gateway.toBase58(),
    vault: leaver.vault.toBase58(),
    deposit_address: leaver.address.toBase58(),
    mint: network.mint.toBase58(),
    is_open: true,
    frozen: false,
    ...{ deposited: '1000000', settled: '0', withdrawn: '0' },
    ...{ booked: '1000000', tokens: '1000005', surplus: '5' },
    pending_withdrawal: '400000',
    withdrawable_at: left.withdrawable_at,
    withdrawal_delay_seconds: 1,
  })
  const resumed = await agent.withdraw({ usdc: '0.5' })
  expect(resumed).toMatchObject({ state: 'withdrawn', amount: '400000' })
  expect(resumed.signatures).toHaveLength(1)
})

test('a request is taken back, and once only', async () => {
  const leaver = await site.leaver(10n)
  const agent = agentOf(leaver)
  await agent.withdraw({ units: '10', wait: false })
  const cancelled = await agent.cancelWithdrawal()
  expect(cancelled).toEqual({ amount: '10', signature: expect.any(String) })
  expect((await site.vault(leaver)).pendingWithdrawal).toBe(0n)
  expect(await agent.cancelWithdrawal()).toEqual({ amount: null, signature: null })
})

test('a request that somebody cancels while it is waited for pays nothing, and says so', async () => {
  const leaver = await site.leaver(10n, unhurried)
  const waiting = agentOf(leaver)
  let cancelling: Promise<unknown> = Promise.resolve()
  const result = waiting.withdraw({
    units: '10',
    onProgress: ({ stage }) => {
      if (stage === 'requested') cancelling = agentOf(leaver).cancelWithdrawal()
    },
  })
  await expect(result).rejects.toMatchObject({ code: 'withdrawal_failed' })
  await cancelling
  expect(await site.wallet(leaver)).toBe(0n)
})

test('C9: a settlement in between lowers what comes out', async () => {
  const leaver = await site.leaver(100n, unhurried)
  let settling = Promise.resolve()
  const result = await agentOf(leaver).withdraw({
    units: 100n,
    onProgress: ({ stage }) => {
      if (stage === 'requested') settling = site.settle(leaver, 60n)
    },
  })
  await settling
  expect(result).toMatchObject({ amount: '40', left_in_vault: '0' })
})

test('more than there is, less than is requested, and nothing at all are refused before anything is sent', async () => {
  const leaver = await site.leaver(100n)
  const agent = agentOf(leaver)
  const refused = (wish: Parameters<Agent['withdraw']>[0]) => expect(agent.withdraw(wish)).rejects
  await refused({ units: 101n }).toMatchObject({ code: 'withdrawal_failed' })
  await refused({ usdc: '0' }).toMatchObject({ code: 'invalid_option' })
  await refused({}).toMatchObject({ code: 'invalid_option' })
  await refused({ usdc: '1', all: true }).toMatchObject({ code: 'invalid_option' })
  await refused({ all: true }).toMatchObject({ code: 'unreachable' })
  expect((await site.vault(leaver)).pendingWithdrawal).toBe(0n)
  await site.request(leaver, 50n)
  await refused({ units: 49n }).toMatchObject({
    message: expect.stringContaining('0.000050 USDC are requested already'),
  })
  const nobody = agentOf(await stranger(site.network))
  await expect(nobody.withdraw({ units: 1n })).rejects.toMatchObject({ code: 'withdrawal_failed' })
  expect(await nobody.vault()).toMatchObject({ is_open: false, tokens: '0', deposited: '0' })
})

// Leaving with nothing but an RPC node: whatever happened before, meanwhile, or to the run itself.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ExitOptions, exitVault } from '../../../src/agent/index.ts'
import type { Progress } from '../../../src/agent/vault/progress.ts'
import type { Fault } from '../../support/faults.ts'
import { FaultyRpc } from '../../support/faulty-rpc.ts'
import { type ExitSite, type Leaver, LONG_DELAY_SECONDS, openExitSite, stranger } from './site.ts'

/** Where what happens before the delay is over decides. */
const unhurried = { delaySeconds: LONG_DELAY_SECONDS }

let site: ExitSite

beforeAll(async () => {
  site = await openExitSite()
})
afterAll(() => site.stop())

/** What a leaver knows: its key, a node, and the two addresses. */
function options({ keypair }: Leaver, more: Partial<ExitOptions> = {}): ExitOptions {
  const { network } = site
  return {
    key: keypair.secretKey,
    rpcUrl: network.validator.rpcUrl,
    program: network.program.toBase58(),
    gateway: network.gateway.toBase58(),
    ...more,
  }
}

/** Nothing of the agent's is left anywhere but in its wallet. */
async function expectGone(leaver: Leaver, inWallet: bigint): Promise<void> {
  const { deposited, settled, withdrawn, pendingWithdrawal } = await site.vault(leaver)
  expect(deposited).toBe(settled + withdrawn)
  expect(pendingWithdrawal).toBe(0n)
  expect(await site.lamports(leaver.address)).toBe(0n)
  expect(await site.wallet(leaver)).toBe(inWallet)
}

const stagesOf = (told: readonly Progress[]) => [...new Set(told.map((progress) => progress.stage))]

test('C9: everything comes home, dust and rent included, into a token account made for it', async () => {
  const leaver = await site.leaver(5_000_000n, unhurried)
  await site.transfer(leaver, 3n)
  const rent = await site.lamports(leaver.address)
  const told: Progress[] = []
  const result = await exitVault(options(leaver, { onProgress: (progress) => told.push(progress) }))
  await expectGone(leaver, 5_000_003n)
  expect(stagesOf(told)).toEqual(['synced', 'requested', 'waiting', 'withdrawn', 'closed'])
  expect(result).toMatchObject({
    agent: leaver.keypair.publicKey.toBase58(),
    vault: leaver.vault.toBase58(),
    withdrawn: '5000003',
    rent_lamports: rent.toString(),
    totals: { deposited: '5000003', settled: '0', withdrawn: '5000003' },
  })
  expect(result.signatures).toHaveLength(4)
  const again = await exitVault(options(leaver))
  expect(again).toMatchObject({ withdrawn: '0', rent_lamports: '0', signatures: [] })
})

test('C9: what the operator settles in between is its own; the rest comes home', async () => {
  const leaver = await site.leaver(1_000_000n, unhurried)
  let settling = Promise.resolve()
  const result = await exitVault(
    options(leaver, {
      onProgress: ({ stage }) => {
        if (stage === 'requested') settling = site.settle(leaver, 400_000n)
      },
    }),
  )
  await settling
  expect(result.totals).toEqual({ deposited: '1000000', settled: '400000', withdrawn: '600000' })
  await expectGone(leaver, 600_000n)
})

test('a request from before is taken first, then the rest; deposits meanwhile make another lap', async () => {
  const leaver = await site.leaver(1_000_000n, unhurried)
  await site.request(leaver, 250_000n)
  const amounts: string[] = []
  let paying = Promise.resolve()
  await exitVault(
    options(leaver, {
      onProgress: (progress) => {
        if (progress.stage === 'withdrawn') amounts.push(progress.amount)
        if (progress.stage === 'requested' && amounts.length === 1) {
          paying = site.pay(leaver, 70n)
        }
      },
    }),
  )
  await paying
  expect(amounts).toEqual(['250000', '750000', '70'])
  await expectGone(leaver, 1_000_070n)
})

test("an operator that changes its gateway changes nothing about an open vault's way out", async () => {
  const leaver = await site.leaver(900n)
  await site.changeGateway(2_592_000n)
  await exitVault(options(leaver))
  await expectGone(leaver, 900n)
  await site.changeGateway(1n)
})

test.each(['synced', 'requested', 'waiting', 'withdrawn', 'closed'] as const)(
  'a run that dies when it says %s is gone on with by the next',
  async (stage) => {
    const leaver = await site.leaver(10_000n, stage === 'waiting' ? unhurried : {})
    await site.transfer(leaver, 7n)
    const dying = exitVault(
      options(leaver, {
        onProgress: (progress) => {
          if (progress.stage === stage) throw new Error('killed')
        },
      }),
    )
    await expect(dying).rejects.toThrow('killed')
    await exitVault(options(leaver))
    await expectGone(leaver, 10_007n)
  },
)

test.each<[Fault, string]>([
  ['answer_dropped', 'the node has it, its answer is lost'],
  ['refused', 'the node never got it'],
  ['rate_limit', 'the node is asked too often'],
])('every other request meets %s (%s), and each unit is paid once', async (fault) => {
  const leaver = await site.leaver(77n)
  const proxy = await FaultyRpc.start(site.network.validator)
  let asked = 0
  proxy.breakWith({
    next() {
      asked += 1
      return asked % 2 === 0 ? fault : null
    },
  })
  const result = await exitVault(options(leaver, { rpcUrl: proxy.rpcUrl }))
  expect(proxy.injected).toBeGreaterThan(4)
  expect(result.withdrawn).toBe('77')
  await expectGone(leaver, 77n)
  await proxy.stop()
})

test('a wallet without SOL is told how much it needs, and goes on once it has it', async () => {
  const leaver = await site.leaver(500n, { lamports: 900_000n })
  const broke = exitVault(options(leaver))
  await expect(broke).rejects.toMatchObject({
    code: 'withdrawal_failed',
    message: expect.stringMatching(
      /has \d+ lamports and needs 2935160 .*send it SOL and run this again/,
    ),
  })
  expect((await site.vault(leaver)).pendingWithdrawal).toBe(500n)
  const { rpc } = site.network
  await rpc.requestAirdrop(leaver.keypair.publicKey, 1_000_000_000)
  await vi.waitFor(
    async () => expect(await rpc.getBalance(leaver.keypair.publicKey)).toBeGreaterThan(900_000),
    { timeout: 60_000 },
  )
  await exitVault(options(leaver))
  await expectGone(leaver, 500n)
})

test('money sent to a vault that nobody opened comes home too', async () => {
  const leaver = await stranger(site.network)
  await site.transfer(leaver, 42n)
  const result = await exitVault(options(leaver))
  expect(result.withdrawn).toBe('42')
  await expectGone(leaver, 42n)
})

test('an agent that never had a vault has nothing to do', async () => {
  const leaver = await stranger(site.network)
  expect(await exitVault(options(leaver))).toMatchObject({ withdrawn: '0', signatures: [] })
})

test('another gateway, program or mint than this chain has is refused, and nothing is sent', async () => {
  const leaver = await site.leaver(5n)
  const vault = leaver.vault.toBase58()
  for (const wrong of [{ gateway: vault }, { program: vault }, { mint: vault }]) {
    const refused = exitVault(options(leaver, wrong))
    await expect(refused).rejects.toMatchObject({ code: 'untrusted_answer' })
  }
  await expect(exitVault(options(leaver, { gateway: 'x' }))).rejects.toMatchObject({
    code: 'invalid_option',
  })
  expect((await site.vault(leaver)).pendingWithdrawal).toBe(0n)
})

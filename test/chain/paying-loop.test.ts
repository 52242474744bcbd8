// The whole paying loop on the validator that this run is about: deposit, call, 402, plain transfer, call, restart-free books.
import { Keypair, PublicKey } from '@solana/web3.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Agent, createAgent } from '../../src/agent/index.ts'
import { decodeVault } from '../../src/chain/accounts.ts'
import { tokenAddress } from '../../src/chain/addresses.ts'
import { connectRpc } from '../../src/chain/rpc.ts'
import { sendTransaction } from '../../src/chain/send.ts'
import { transferChecked } from '../../src/chain/token.ts'
import { newSecretKey } from '../../src/cli/keygen.ts'
import { USDC_DECIMALS, units } from '../../src/money.ts'
import type { Fault } from '../support/faults.ts'
import { FaultyRpc } from '../support/faulty-rpc.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
let agent: Agent
const secretKey = newSecretKey()

beforeAll(async () => {
  stack = await startStack()
  agent = await stack.newAgent('2', { key: secretKey })
})
afterAll(() => stack.stop())

const MESSAGES = [{ role: 'user', content: 'Say hello' }]

async function call(maxTokens: number): Promise<Response> {
  return await agent.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', messages: MESSAGES, max_completion_tokens: maxTokens }),
  })
}

async function topUp(amount: bigint): Promise<void> {
  const terms = await agent.depositTerms()
  const stranger = Keypair.generate()
  await stack.fund(stranger.publicKey.toBase58(), '5')
  const mint = new PublicKey(terms.mint)
  const source = tokenAddress(stranger.publicKey, mint)
  const destination = new PublicKey(terms.deposit_address)
  const parties = { source, mint, destination, owner: stranger.publicKey }
  const instruction = transferChecked(parties, units(amount), USDC_DECIMALS)
  const rpc = connectRpc({ url: stack.ready.rpc_url, timeoutMs: 10_000 })
  const outcome = await sendTransaction(rpc, [instruction], [stranger], 'finalized')
  expect(outcome.kind).toBe('landed')
}

/** Asks until the agent has been credited this often. */
async function creditsUntil(count: number): Promise<string[]> {
  for (;;) {
    const { data } = await agent.transactions()
    const credits = data.filter(({ type }) => type === 'DEPOSIT').map(({ amount }) => amount)
    if (credits.length >= count) return credits
  }
}

test('C1, L1: deposit, spend, 402, top-up by a plain transfer, success, and books that agree', async () => {
  const stages: string[] = []
  const paid = await agent.deposit({
    usdc: '0.05',
    onProgress: ({ stage }) => stages.push(stage),
  })
  expect(stages).toEqual(['sent', 'confirmed', 'finalized', 'credited'])
  expect(paid).toMatchObject({ amount: '50000', opened_vault: true, available: '50000' })
  expect((await call(100)).status).toBe(200)
  const refused = await call(16_000)
  expect(refused.status).toBe(402)
  const { payment } = (await refused.json()) as { payment: { shortfall: string } }
  await topUp(BigInt(payment.shortfall))
  expect(await creditsUntil(2)).toEqual([payment.shortfall, '50000'])
  expect((await call(16_000)).status).toBe(200)
  const second = await agent.deposit({ units: 20_000n })
  expect(second.opened_vault).toBe(false)
  const balance = await agent.balance()
  const { deposited, available, spent } = balance
  expect(BigInt(deposited)).toBe(70_000n + BigInt(payment.shortfall))
  expect(BigInt(deposited)).toBe(BigInt(available) + BigInt(spent))
  expect(balance).toMatchObject({ held: '0', frozen: '0', owed: '0', pending: [] })
  const rpc = connectRpc({ url: stack.ready.rpc_url, timeoutMs: 10_000 })
  const account = await rpc.getAccountInfo(new PublicKey(paid.vault))
  const vault = decodeVault(account?.data ?? Buffer.alloc(0))
  expect(vault.deposited.toString()).toBe(deposited)
  expect(vault.depositIndex).toBe(3n)
})

test('two equal deposits at once are two deposits', async () => {
  const before = BigInt((await agent.balance()).deposited)
  await Promise.all([agent.deposit({ units: '1000' }), agent.deposit({ units: '1000' })])
  expect(BigInt((await agent.balance()).deposited) - before).toBe(2000n)
})

test.each<[Fault, string]>([
  ['answer_dropped', 'the node has it, its answer is lost'],
  ['refused', 'the node never got it'],
])('C1: a deposit is paid once when the first send meets %s: %s', async (fault) => {
  const before = BigInt((await agent.balance()).deposited)
  const proxy = await FaultyRpc.start({ rpcUrl: stack.ready.rpc_url, wsUrl: stack.ready.ws_url })
  let asked = 0
  proxy.breakWith({
    next(method) {
      asked += 1
      if (method === 'sendTransaction' && (proxy.seen.get(method) ?? 0) === 1) return fault
      return method === 'getSignatureStatuses' && asked % 2 === 0 ? 'rate_limit' : null
    },
  })
  const payer = createAgent({ key: secretKey, url: stack.ready.url, rpcUrl: proxy.rpcUrl })
  await payer.deposit({ units: '1000' })
  expect(BigInt((await agent.balance()).deposited) - before).toBe(1000n)
  expect(proxy.injected).toBeGreaterThan(1)
  await proxy.stop()
})

test('a node that does not answer ends a deposit before anything is paid', async () => {
  const payer = createAgent({ key: secretKey, url: stack.ready.url, rpcUrl: 'http://127.0.0.1:1' })
  await expect(payer.deposit({ units: '1000' })).rejects.toMatchObject({ code: 'unreachable' })
})

test('a wallet without the money deposits nothing', async () => {
  const poor = await stack.newAgent('1')
  const deposit = poor.deposit({ usdc: '1.5' })
  await expect(deposit).rejects.toMatchObject({ code: 'deposit_failed' })
  expect((await poor.balance()).deposited).toBe('0')
})

// Published x402 clients against the whole stack: they get a 402, pay and carry on by themselves.
import { type Connection, Keypair, PublicKey } from '@solana/web3.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Agent, createAgent } from '../../../src/agent/index.ts'
import { decodeVault } from '../../../src/chain/accounts.ts'
import { tokenAddress } from '../../../src/chain/addresses.ts'
import { connectRpc } from '../../../src/chain/rpc.ts'
import { fileSigner } from '../../../src/signers/file-signer.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { payingFetch, settlementOf } from './payer.ts'

// In a process of its own: the client's RPC library and a gateway's undici do not share one.
let stack: Stack
let rpc: Connection
let operator: PublicKey

beforeAll(async () => {
  stack = await startStack()
  rpc = connectRpc({ url: stack.ready.rpc_url, timeoutMs: 10_000 })
  operator = new PublicKey(fileSigner(stack.ready.operator_key_file).publicKey)
})
afterAll(() => stack.stop())

/** Worst case: 10,000 tokens at 10 units each, and a little input. */
const CALL = JSON.stringify({
  model: 'gpt-4o',
  messages: [{ role: 'user', content: 'Say hello' }],
  max_completion_tokens: 10_000,
})
const POST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: CALL }

/** An agent with 5 USDC in its wallet and 10,000 units in its vault. */
async function newAgent(): Promise<{ agent: Agent; keypair: Keypair; call: string }> {
  const keypair = Keypair.generate()
  const agent = createAgent({ key: keypair.secretKey, url: stack.ready.url })
  await stack.fund(agent.publicKey, '5')
  await agent.deposit({ usdc: '0.01' })
  return { agent, keypair, call: `${stack.ready.url}/v1/chat/completions` }
}

async function onChain(agent: Agent): Promise<bigint> {
  const { vault } = await agent.depositTerms()
  const stored = await rpc.getAccountInfo(new PublicKey(vault), 'finalized')
  return decodeVault(stored?.data ?? Buffer.alloc(0)).deposited
}

test('C4: a call that gets a 402 pays and is served, from a credit that is the chain’s', async () => {
  const { agent, keypair, call } = await newAgent()
  const operatorBefore = await rpc.getBalance(operator, 'confirmed')
  const refused = await agent.fetch(call, POST)
  expect(refused.status).toBe(402)
  const required = JSON.parse(
    Buffer.from(refused.headers.get('payment-required') ?? '', 'base64').toString(),
  )
  const { vault, mint } = await agent.depositTerms()
  expect(required).toMatchObject({
    x402Version: 2,
    error: 'insufficient_balance',
    resource: { url: call },
    accepts: [
      {
        scheme: 'exact',
        network: 'solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1',
        amount: '100000',
        asset: mint,
        payTo: vault,
        maxTimeoutSeconds: 120,
        extra: { feePayer: operator.toBase58() },
      },
    ],
  })

  const pay = await payingFetch(agent.fetch, keypair.secretKey, stack.ready)
  const served = await pay(call, POST)
  expect([served.status, await served.text()]).toEqual([200, expect.stringContaining('choices')])
  const settlement = settlementOf(served)
  expect(settlement).toMatchObject({ success: true, payer: agent.publicKey, amount: '100000' })

  const balance = await agent.balance()
  expect(balance.deposited).toBe('110000')
  expect(await onChain(agent)).toBe(110_000n)
  const { value } = await rpc.getSignatureStatuses([settlement.transaction])
  expect(value[0]).toMatchObject({ confirmationStatus: 'finalized', err: null })
  const operatorAfter = await rpc.getBalance(operator, 'confirmed')
  expect(operatorBefore - operatorAfter).toBeLessThanOrEqual(20_000)
})

test('C4: a top-up by somebody else’s wallet, with no key of the agent', async () => {
  const { agent } = await newAgent()
  const owner = Keypair.generate()
  await stack.fund(owner.publicKey.toBase58(), '3')
  const pay = await payingFetch(fetch, owner.secretKey, stack.ready)
  const url = `${stack.ready.url}/x402/top-up?wallet=${agent.publicKey}`
  const paid = await pay(url, { method: 'POST', body: JSON.stringify({ amount: '2500000' }) })
  expect([paid.status, await paid.json()]).toEqual([
    200,
    {
      success: true,
      data: {
        walletAddress: agent.publicKey,
        amount: '2500000',
        transaction: expect.any(String),
        network: expect.any(String),
        balance: '2510000',
      },
    },
  ])
  expect((await agent.balance()).deposited).toBe('2510000')
  expect(await onChain(agent)).toBe(2_510_000n)
  const spent = await rpc.getTokenAccountBalance(
    tokenAddress(owner.publicKey, new PublicKey(stack.ready.mint)),
  )
  expect(spent.value.amount).toBe('500000')
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { bookedBalance, decodeGateway, decodeVault } from '../../src/chain/accounts.ts'
import { depositAddress, vaultAddress } from '../../src/chain/addresses.ts'
import { decodeTransaction } from '../../src/chain/events.ts'
import { deposit } from '../../src/chain/instructions.ts'
import { sendTransaction } from '../../src/chain/send.ts'
import { readTokenAccount } from '../../src/chain/token.ts'
import { units } from '../../src/money.ts'
import {
  land,
  newAgent,
  openAndDeposit,
  startTestNetwork,
  type TestNetwork,
  WITHDRAWAL_DELAY_SECONDS,
} from '../support/chain.ts'

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork()
})
afterAll(() => network.stop())

test('a local network has its gateway, and a deposit shows in accounts and events alike', async () => {
  const { rpc, program, gateway, mint, operator } = network
  const stored = await rpc.getAccountInfo(gateway, 'confirmed')
  expect(decodeGateway(stored?.data ?? Buffer.alloc(0))).toMatchObject({
    authority: operator.publicKey,
    mint,
    withdrawalDelaySeconds: WITHDRAWAL_DELAY_SECONDS,
  })

  const agent = await newAgent(network, 5_000_000n)
  const outcome = await sendTransaction(
    rpc,
    openAndDeposit(agent, 4_000_000n),
    [agent.keypair],
    'finalized',
  )
  expect(outcome.kind).toBe('landed')
  const vault = vaultAddress(program, gateway, agent.keypair.publicKey)
  const read = await rpc.getAccountInfo(vault, 'finalized')
  const counted = decodeVault(read?.data ?? Buffer.alloc(0))
  expect(bookedBalance(counted)).toBe(4_000_000n)
  expect(counted.depositIndex).toBe(1n)
  const held = await rpc.getAccountInfo(depositAddress(vault, mint), 'finalized')
  expect(readTokenAccount(held?.data ?? Buffer.alloc(0))).toMatchObject({
    owner: vault,
    amount: 4_000_000n,
    frozen: false,
  })

  const transaction = await rpc.getTransaction(outcome.signature, {
    commitment: 'finalized',
    maxSupportedTransactionVersion: 1,
  })
  if (transaction === null) throw new Error('the transaction is final and cannot be read')
  const decoded = decodeTransaction(transaction, program)
  expect(decoded).toMatchObject({
    kind: 'decoded',
    unreadable: [],
    events: [
      { kind: 'vault_opened', vault: vault.toBase58(), withdrawalDelaySeconds: 900n },
      {
        kind: 'deposit',
        vault: vault.toBase58(),
        gateway: gateway.toBase58(),
        agent: agent.key,
        amount: 4_000_000n,
        cumulative: 4_000_000n,
        depositIndex: 1n,
        depositor: agent.key,
      },
    ],
  })
})

test('the same deposit sent twice at once is two deposits', async () => {
  const agent = await newAgent(network, 5_000_000n)
  await land(network, openAndDeposit(agent, 1_000_000n), [agent.keypair])
  const again = [deposit(agent.parties, agent.parties.agent, units(1_000_000n))]
  const one = await land(network, again, [agent.keypair])
  const two = await land(network, again, [agent.keypair])
  expect(one.signature).not.toBe(two.signature)
})

test('a transaction that fails on the chain is reported with its error', async () => {
  const agent = await newAgent(network, 1_000_000n)
  const outcome = await sendTransaction(
    network.rpc,
    openAndDeposit(agent, 2_000_000n),
    [agent.keypair],
    'confirmed',
  )
  expect(outcome).toMatchObject({ kind: 'failed', error: { InstructionError: [1, { Custom: 1 }] } })
})

// Deposits into addresses that are not as a first deposit finds them.
import { SystemProgram } from '@solana/web3.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MACHINE } from '../../../src/agent/clock.ts'
import { openPayment } from '../../../src/agent/deposit-transaction.ts'
import { exitVault } from '../../../src/agent/index.ts'
import { toSigner } from '../../../src/agent/key.ts'
import { decodeVault } from '../../../src/chain/accounts.ts'
import { depositAddress, vaultAddress } from '../../../src/chain/addresses.ts'
import { units } from '../../../src/money.ts'
import { land, newAgent, type TestAgent } from '../../support/chain.ts'
import { type ExitSite, openExitSite } from './site.ts'

const WITHIN_MS = 60_000
/** Enough for an account without data to stay. */
const STRAY_LAMPORTS = 1_000_000

let site: ExitSite
beforeAll(async () => {
  site = await openExitSite()
})
afterAll(() => site.stop())

const vaultOf = ({ parties: { program, gateway, agent } }: TestAgent) =>
  vaultAddress(program, gateway, agent)

/** Deposits as the SDK does. Returns whether that opened the vault, and the vault's account after it. */
async function pay(agent: TestAgent, amount: bigint) {
  const { network } = site
  const { program, gateway, mint } = network
  const vault = vaultOf(agent)
  const payment = await openPayment(
    {
      rpcUrl: network.validator.rpcUrl,
      terms: {
        network: 'localnet',
        program: program.toBase58(),
        gateway: gateway.toBase58(),
        vault: vault.toBase58(),
        deposit_address: depositAddress(vault, mint).toBase58(),
        mint: mint.toBase58(),
        asset: 'USDC',
        decimals: 6,
        commitment: 'finalized',
        rpc_url: null,
      },
      signer: toSigner(agent.keypair.secretKey),
      surroundings: MACHINE,
    },
    units(amount),
  )
  await payment.broadcast()
  await payment.finality(Date.now() + WITHIN_MS, () => {})
  const stored = await network.rpc.getAccountInfo(vault, 'confirmed')
  return { opened: payment.opensVault, vault: decodeVault(stored?.data ?? Buffer.of()) }
}

test('lamports that somebody sent to the address of a vault keep nobody from opening it', async () => {
  const { network } = site
  const { payer, mint } = network
  const agent = await newAgent(network, 1_000_000n)
  const vault = vaultOf(agent)
  const stray = [vault, depositAddress(vault, mint)].map((toPubkey) =>
    SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey, lamports: STRAY_LAMPORTS }),
  )
  await land(network, stray, [payer])
  const paid = await pay(agent, 400_000n)
  expect(paid).toMatchObject({ opened: true, vault: { deposited: 400_000n } })
})

test('an agent that has left comes back with a deposit', async () => {
  const { network } = site
  const agent = await newAgent(network, 1_000_000n)
  expect(await pay(agent, 1_000_000n)).toMatchObject({ opened: true })
  await exitVault({
    key: agent.keypair.secretKey,
    rpcUrl: network.validator.rpcUrl,
    program: network.program.toBase58(),
    gateway: network.gateway.toBase58(),
  })
  expect(await pay(agent, 600_000n)).toMatchObject({
    opened: false,
    vault: { deposited: 1_600_000n, withdrawn: 1_000_000n },
  })
})

/** The operator collects: exactly what was spent, on the voucher that the agent's own calls brought. */
import { setTimeout as delay } from 'node:timers/promises'
import type { PublicKey } from '@solana/web3.js'
import { decodeVault } from '../../chain/accounts.ts'
import { tokenAddress, vaultAddress } from '../../chain/addresses.ts'
import { readTokenAccount } from '../../chain/token.ts'
import { systemClock } from '../../clock.ts'
import type { Stage } from './stage.ts'

const POLL_MS = 200
const WITHIN_MS = 30_000

export async function settleScene(stage: Stage): Promise<void> {
  const { narrator, agent, ledger, network } = stage
  narrator.scene(
    'The operator settles: what was spent, and not a unit of what was signed beyond it',
  )
  const voucher = await ledger.voucher(agent.publicKey)
  narrator.say(`the agent has signed for up to ${voucher?.cumulative} units, as its calls came`)
  const treasury = tokenAddress(network.operator.publicKey, network.mint)
  const before = await tokens(stage, treasury)
  const report = await stage.settle()
  const paid = report.steps.reduce((sum, step) => sum + amountOf(step), 0n)
  const { spent } = await agent.balance()
  await narrator.figure('settled to the treasury (units)', paid.toString(), 'rpc', async () =>
    ((await tokens(stage, treasury)) - before).toString(),
  )
  await narrator.figure("the vault's total settled (units)", spent, 'rpc', async () => {
    const { program, gateway } = network
    const vault = vaultAddress(program, gateway, stage.publicKey)
    const account = await stage.rpc.getAccountInfo(vault, 'confirmed')
    return account === null ? 'no vault' : decodeVault(account.data).settled.toString()
  })
  narrator.holds('that is less than was signed for', BigInt(spent) < (voucher?.cumulative ?? 0n))
  await mirrored(stage, spent)
}

function amountOf(step: Awaited<ReturnType<Stage['settle']>>['steps'][number]): bigint {
  return step.kind === 'settled' ? step.amount : 0n
}

async function tokens({ rpc }: Stage, address: PublicKey): Promise<bigint> {
  const account = await rpc.getAccountInfo(address, 'confirmed')
  return account === null ? 0n : (readTokenAccount(account.data)?.amount ?? 0n)
}

/** Waits until the settlement is final and on the books. */
async function mirrored({ agent }: Stage, settled: string): Promise<void> {
  const deadline = systemClock() + WITHIN_MS
  while ((await agent.balance()).settled !== settled) {
    if (systemClock() > deadline) throw new Error(`not on the books after ${WITHIN_MS} ms`)
    await delay(POLL_MS)
  }
}

/** The gateway is gone, with everything that the operator runs: the agent leaves with all of its money. */
import type { PublicKey } from '@solana/web3.js'
import { exitVault, type VaultProgress } from '../../agent/index.ts'
import { decodeVault } from '../../chain/accounts.ts'
import { depositAddress, tokenAddress, vaultAddress } from '../../chain/addresses.ts'
import { readTokenAccount } from '../../chain/token.ts'
import { formatUsdc } from '../../money.ts'
import { describeProgress } from '../vault-progress.ts'
import type { Stage } from './stage.ts'

export async function exitScene(stage: Stage): Promise<void> {
  const { narrator, agent, network, rpc, signer } = stage
  narrator.scene('The gateway is gone: the agent leaves with everything, asking nobody')
  await stage.stopGateway()
  narrator.holds('nobody answers at the gateway any more', await isGone(agent.url))
  const program = network.program.toBase58()
  const gateway = network.gateway.toBase58()
  narrator.say(
    `level5 exit --rpc-url ${stage.rpcUrl} --program ${program} --gateway ${gateway} --key agent.json`,
  )
  const wallet = tokenAddress(stage.publicKey, network.mint)
  const before = await tokens(stage, wallet)
  const told = new Set<string>()
  const result = await exitVault({
    key: signer,
    rpcUrl: stage.rpcUrl,
    program,
    gateway,
    onProgress: (progress) => sayOnce(stage, told, progress),
  })
  await narrator.figure('back in the wallet (USDC)', usdc(result.withdrawn), 'rpc', async () =>
    formatUsdc((await tokens(stage, wallet)) - before),
  )
  const vault = vaultAddress(network.program, network.gateway, stage.publicKey)
  await narrator.figure(
    'withdrawn of the vault (units)',
    result.totals.withdrawn,
    'rpc',
    async () => {
      const account = await rpc.getAccountInfo(vault, 'finalized')
      return account === null ? 'no vault' : decodeVault(account.data).withdrawn.toString()
    },
  )
  const { deposited, settled, withdrawn } = result.totals
  narrator.holds(
    'deposited = settled + withdrawn: not a unit is left, lost or taken',
    BigInt(deposited) === BigInt(settled) + BigInt(withdrawn),
  )
  await rentCameBack(stage, result.rent_lamports, result.signatures.at(-1) ?? '')
  await narrator.figure('left at the deposit address', '0 lamports', 'rpc', async () => {
    const address = depositAddress(vault, network.mint)
    return `${await rpc.getBalance(address, 'finalized')} lamports`
  })
}

/** The agent pays the fee of the transaction that closes, and gets the rent. */
async function rentCameBack(
  { narrator, rpc }: Stage,
  lamports: string,
  signature: string,
): Promise<void> {
  await narrator.figure('rent back (lamports)', lamports, 'rpc', async () => {
    const closing = await rpc.getTransaction(signature, {
      commitment: 'finalized',
      maxSupportedTransactionVersion: 1,
    })
    const meta = closing?.meta
    const [before = 0] = meta?.preBalances ?? []
    const [after = 0] = meta?.postBalances ?? []
    return String(after - before + (meta?.fee ?? 0))
  })
}

/** Each fact once, and that it waits only when it begins to. */
function sayOnce({ narrator }: Stage, told: Set<string>, progress: VaultProgress): void {
  if (told.has(progress.stage)) return
  told.add(progress.stage)
  narrator.say(`… ${describeProgress(progress)}`)
}

async function isGone(url: string): Promise<boolean> {
  return await fetch(new URL('/health', url)).then(
    () => false,
    () => true,
  )
}

async function tokens({ rpc }: Stage, address: PublicKey): Promise<bigint> {
  const account = await rpc.getAccountInfo(address, 'finalized')
  return account === null ? 0n : (readTokenAccount(account.data)?.amount ?? 0n)
}

function usdc(units: string): string {
  return formatUsdc(BigInt(units))
}

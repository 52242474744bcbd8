/** The chain side of the gateway commands: the node, the operator, and the Gateway account. */
import { type Connection, PublicKey } from '@solana/web3.js'
import { decodeGateway, type Gateway } from '../../chain/accounts.ts'
import { clusterOf } from '../../chain/clusters.ts'
import { vaultIdl } from '../../chain/program-file.ts'
import { connectRpc } from '../../chain/rpc.ts'
import type { ChainName } from '../../identity/signed-text.ts'
import type { MessageSigner } from '../../signers/message-signer.ts'
import { openSigner } from '../../signers/open-signer.ts'
import { UsageError } from '../report-failure.ts'
import type { ChainFlags } from './chain-options.ts'

export interface GatewayChain {
  readonly rpc: Connection
  readonly chain: ChainName
  readonly program: PublicKey
  readonly mint: PublicKey
}

const RPC_TIMEOUT_MS = 30_000

/** Connects, and fills in what the cluster implies. */
export async function openChain(flags: ChainFlags): Promise<GatewayChain> {
  const rpc = connectRpc({ url: flags.rpcUrl, timeoutMs: RPC_TIMEOUT_MS })
  const { chain, usdcMint } = await clusterOf(rpc)
  const mint = flags.mint ?? usdcMint
  if (mint === null) throw new UsageError(`--mint is needed: Circle issues no USDC on ${chain}`)
  const program = flags.program ?? vaultIdl().address
  return { rpc, chain, mint: new PublicKey(mint), program: new PublicKey(program) }
}

/** Opens the operator's key for `use`, and closes it after. */
export async function withOperator<Result>(
  { operatorKey }: ChainFlags,
  use: (operator: MessageSigner) => Promise<Result>,
): Promise<Result> {
  if (operatorKey === undefined) {
    throw new UsageError("--operator-key is needed: the gateway authority's key file, or cmd:…")
  }
  const operator = await openSigner('--operator-key', operatorKey)
  try {
    return await use(operator)
  } finally {
    await operator.close()
  }
}

/** Reads the Gateway account, or null when nothing of the program stands at the address. */
export async function readGateway(
  { rpc, program }: Pick<GatewayChain, 'rpc' | 'program'>,
  address: PublicKey,
): Promise<Gateway | null> {
  const account = await rpc.getAccountInfo(address, 'confirmed')
  return account?.owner.equals(program) ? decodeGateway(account.data) : null
}

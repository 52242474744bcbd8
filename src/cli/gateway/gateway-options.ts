/** What the gateway commands share: their options, and the Gateway account that these point at. */
import { type Connection, Keypair, PublicKey } from '@solana/web3.js'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readKeyFile } from '../../agent/key.ts'
import { decodeGateway, type Gateway } from '../../chain/accounts.ts'
import { vaultIdl } from '../../chain/program-file.ts'
import { connectRpc } from '../../chain/rpc.ts'
import type { ChainName } from '../../identity/signed-text.ts'
import { type JsonOption, withJson } from '../options.ts'
import { UsageError } from '../report-failure.ts'
import { clusterOf } from './clusters.ts'

export interface ChainFlags extends JsonOption {
  readonly rpcUrl: string
  readonly program?: PublicKey
  readonly mint?: PublicKey
  readonly operatorKey?: string
}

/** The chain side of a gateway command. */
export interface GatewayChain {
  readonly rpc: Connection
  readonly chain: ChainName
  readonly program: PublicKey
  readonly mint: PublicKey
}

const RPC_TIMEOUT_MS = 30_000

/** Adds the options that say which chain, program, mint and operator are meant. */
export function withChain(command: Command): Command {
  const rpcUrl = new Option('--rpc-url <url>', 'the RPC node').env('SOLANA_RPC_URL')
  const program = new Option(
    '--program <address>',
    'the vault program (default: the one in idl.json)',
  )
  const mint = new Option('--mint <address>', "the USDC mint (default: Circle's)").env('USDC_MINT')
  const operator = new Option('--operator-key <file>', "the gateway's authority")
  return withJson(command.addOption(rpcUrl.makeOptionMandatory()))
    .addOption(program.env('PROGRAM_ID').argParser(publicKey))
    .addOption(mint.argParser(publicKey))
    .addOption(operator.env('OPERATOR_KEY'))
}

/** Connects, and fills in what the cluster implies. */
export async function openChain(flags: ChainFlags): Promise<GatewayChain> {
  const rpc = connectRpc({ url: flags.rpcUrl, timeoutMs: RPC_TIMEOUT_MS })
  const { chain, usdcMint } = await clusterOf(rpc)
  const known = usdcMint === null ? undefined : new PublicKey(usdcMint)
  const mint = flags.mint ?? known
  if (mint === undefined) throw new UsageError(`--mint is needed: ${chain} has no USDC of Circle's`)
  return { rpc, chain, mint, program: flags.program ?? new PublicKey(vaultIdl().address) }
}

/** The operator's keypair. */
export function operatorOf(flags: ChainFlags): Keypair {
  if (flags.operatorKey === undefined) {
    throw new UsageError("--operator-key is needed: the file with the gateway authority's key")
  }
  return Keypair.fromSecretKey(readKeyFile(flags.operatorKey))
}

/** Reads the Gateway account, or null when nothing of the program stands at the address. */
export async function readGateway(
  { rpc, program }: Pick<GatewayChain, 'rpc' | 'program'>,
  address: PublicKey,
): Promise<Gateway | null> {
  const account = await rpc.getAccountInfo(address, 'confirmed')
  return account?.owner.equals(program) ? decodeGateway(account.data) : null
}

/** Reads an address given on the command line. */
export function publicKey(text: string): PublicKey {
  try {
    return new PublicKey(text)
  } catch {
    throw new InvalidArgumentError('Not a public key of 32 bytes in base58.')
  }
}

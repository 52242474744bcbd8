/** A Gateway account as it is printed: its fields, and the settings that `serve` needs for it. */
import { PublicKey } from '@solana/web3.js'
import { gatewayAddress } from '../../chain/addresses.ts'
import type { ChainFlags } from './chain-options.ts'
import { type GatewayChain, openChain, readGateway, withOperator } from './gateway-chain.ts'
import type { ShowFlags } from './show.ts'

/** The document of `--json`; `settings` is what `serve` reads from its environment. */
export type GatewayDocument = Awaited<ReturnType<typeof gatewayDocument>>

/** Finds the account that the flags point at. Throws when there is none. */
export async function showGateway(flags: ShowFlags): Promise<GatewayDocument> {
  const chain = await openChain(flags)
  const derived = () =>
    withOperator(flags, async ({ publicKey }) =>
      gatewayAddress(chain.program, new PublicKey(publicKey), chain.mint),
    )
  const address = flags.gateway === undefined ? await derived() : new PublicKey(flags.gateway)
  return await gatewayDocument(chain, address, flags, null)
}

/** Reads the account back from the chain. Throws when it is not there. */
export async function gatewayDocument(
  chain: GatewayChain,
  address: PublicKey,
  flags: ChainFlags,
  receiptKeyFile: string | null,
) {
  const account = await readGateway(chain, address)
  if (account === null) throw new Error(`${address} is not a gateway of ${chain.program}`)
  const { operatorKey } = flags
  return {
    chain: chain.chain,
    program: chain.program.toBase58(),
    gateway: address.toBase58(),
    authority: account.authority.toBase58(),
    treasury: account.treasury.toBase58(),
    mint: account.mint.toBase58(),
    withdrawal_delay: account.withdrawalDelaySeconds.toString(),
    receipt_key: account.receiptKey.toBase58(),
    endpoint: account.endpoint,
    opened_at: account.openedAtSeconds.toString(),
    settings: {
      SOLANA_CHAIN: chain.chain,
      SOLANA_RPC_URL: flags.rpcUrl,
      PROGRAM_ID: chain.program.toBase58(),
      GATEWAY_ADDRESS: address.toBase58(),
      USDC_MINT: account.mint.toBase58(),
      PUBLIC_URL: account.endpoint,
      ...(receiptKeyFile === null ? {} : { RECEIPT_KEY: receiptKeyFile }),
      ...(operatorKey === undefined ? {} : { OPERATOR_KEY: operatorKey }),
    },
  }
}

const NAME_WIDTH = 16

/** The same for people: fields, then lines that a shell can read. */
export function gatewayText({ settings, ...fields }: GatewayDocument): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name.padEnd(NAME_WIDTH)} ${value}`)
  const exports = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  return [...lines, '', '# settings for `level5 serve`', ...exports].join('\n')
}

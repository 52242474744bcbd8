/** How a Gateway account is printed: its fields, and the settings that `serve` needs for it. Pure. */
import type { PublicKey } from '@solana/web3.js'
import type { Gateway } from '../../chain/accounts.ts'
import type { ChainName } from '../../identity/signed-text.ts'

export interface ShownGateway {
  readonly chain: ChainName
  readonly rpcUrl: string
  readonly program: PublicKey
  readonly address: PublicKey
  readonly account: Gateway
  /** Key files, where the command was given them. */
  readonly operatorKeyFile: string | null
  readonly receiptKeyFile: string | null
}

/** The document of `--json`; `settings` is what `serve` reads from its environment. */
export function gatewayDocument(shown: ShownGateway) {
  const { account, chain, rpcUrl, program, address } = shown
  return {
    chain,
    program: program.toBase58(),
    gateway: address.toBase58(),
    authority: account.authority.toBase58(),
    treasury: account.treasury.toBase58(),
    mint: account.mint.toBase58(),
    withdrawal_delay: account.withdrawalDelaySeconds.toString(),
    receipt_key: account.receiptKey.toBase58(),
    endpoint: account.endpoint,
    opened_at: account.openedAtSeconds.toString(),
    settings: {
      SOLANA_CHAIN: chain,
      SOLANA_RPC_URL: rpcUrl,
      PROGRAM_ID: program.toBase58(),
      GATEWAY_ADDRESS: address.toBase58(),
      USDC_MINT: account.mint.toBase58(),
      PUBLIC_URL: account.endpoint,
      ...(shown.receiptKeyFile === null ? {} : { RECEIPT_KEY: shown.receiptKeyFile }),
      ...(shown.operatorKeyFile === null ? {} : { OPERATOR_KEY: shown.operatorKeyFile }),
    },
  }
}

/** The same for people: fields, then lines that a shell can read. */
export function gatewayText(document: ReturnType<typeof gatewayDocument>): string {
  const { settings, ...fields } = document
  const lines = Object.entries(fields).map(([name, value]) => `${name.padEnd(16)} ${value}`)
  const exports = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  return [...lines, '', '# settings for `level5 serve`', ...exports].join('\n')
}

/** `level5 fund`: local USDC and SOL for a wallet, from the faucet that exists in `dev` only. */

import type { Command } from 'commander'
import { createGatewayApi } from '../agent/gateway-api.ts'
import { formatUsdc, type Units } from '../money.ts'
import { address, type JsonOption, type UrlOption, usdcAmount, withUrl } from './options.ts'
import { createOutput } from './output.ts'

interface Flags extends JsonOption, UrlOption {
  readonly usdc: Units
}

/** What the faucet answers. */
interface Funded {
  readonly signature: string
  readonly pubkey: string
  readonly usdc_units: string
  readonly lamports: string
}

export function addFund(program: Command): void {
  withUrl(program.command('fund'))
    .description('give a wallet local USDC and SOL (with `level5 dev` only)')
    .argument('<pubkey>', "the wallet's public key, base58", address)
    .requiredOption('--usdc <amount>', 'how much, like 5 or 0.25', usdcAmount)
    .action(async (pubkey: string, flags: Flags) => {
      const api = createGatewayApi(flags.url, fetch)
      const body = { pubkey, usdc: formatUsdc(flags.usdc) }
      const funded = await api.post<Funded>('/dev/fund', body)
      const text = `${formatUsdc(BigInt(funded.usdc_units))} USDC and ${funded.lamports} lamports to ${pubkey} (${funded.signature})`
      createOutput(flags.json ?? false).result(funded, text)
    })
}

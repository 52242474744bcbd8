/** `level5 gateway show`: reads a Gateway account from the chain. */
import type { Command } from 'commander'
import { addressOption } from '../options.ts'
import { createOutput } from '../output.ts'
import { type ChainFlags, withChain } from './chain-options.ts'

export interface ShowFlags extends ChainFlags {
  readonly gateway?: string
}

export function addGatewayShow(gateway: Command): void {
  const address = addressOption('--gateway', "its address (default: the operator key's)")
  withChain(gateway.command('show'))
    .description('print a Gateway account and the settings that serve needs for it')
    .addOption(address.env('GATEWAY_ADDRESS'))
    .action(async (flags: ShowFlags) => {
      // Loaded on demand, like everything that knows the chain.
      const { gatewayText, showGateway } = await import('./gateway-document.ts')
      const document = await showGateway(flags)
      createOutput(flags.json ?? false).result(document, gatewayText(document))
    })
}

/** `level5 gateway show`: reads a Gateway account from the chain. */
import type { PublicKey } from '@solana/web3.js'
import { type Command, Option } from 'commander'
import { gatewayAddress } from '../../chain/addresses.ts'
import { createOutput } from '../output.ts'
import { gatewayDocument, gatewayText } from './gateway-document.ts'
import {
  type ChainFlags,
  openChain,
  operatorOf,
  publicKey,
  readGateway,
  withChain,
} from './gateway-options.ts'

interface Flags extends ChainFlags {
  readonly gateway?: PublicKey
}

export function addGatewayShow(gateway: Command): void {
  const address = new Option('--gateway <address>', "its address (default: the operator key's)")
  withChain(gateway.command('show'))
    .description('print a Gateway account and the settings that serve needs for it')
    .addOption(address.env('GATEWAY_ADDRESS').argParser(publicKey))
    .action(async (flags: Flags) => {
      const chain = await openChain(flags)
      const derived = () => gatewayAddress(chain.program, operatorOf(flags).publicKey, chain.mint)
      const found = flags.gateway ?? derived()
      const account = await readGateway(chain, found)
      if (account === null) throw new Error(`${found} is not a gateway of ${chain.program}`)
      const document = gatewayDocument({
        ...chain,
        rpcUrl: flags.rpcUrl,
        address: found,
        account,
        operatorKeyFile: flags.operatorKey ?? null,
        receiptKeyFile: null,
      })
      createOutput(flags.json ?? false).result(document, gatewayText(document))
    })
}

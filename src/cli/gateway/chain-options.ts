/** Options that the gateway commands share. */
import { type Command, Option } from 'commander'
import { addressOption, type JsonOption, withJson } from '../options.ts'

/** Addresses are base58. */
export interface ChainFlags extends JsonOption {
  readonly rpcUrl: string
  readonly program?: string
  readonly mint?: string
  readonly operatorKey?: string
}

/** Adds the options that say which chain, program, mint and operator are meant. */
export function withChain(command: Command): Command {
  const rpcUrl = new Option('--rpc-url <url>', 'the RPC node').env('SOLANA_RPC_URL')
  const program = addressOption('--program', 'the vault program (default: the one in idl.json)')
  const mint = addressOption('--mint', "the USDC mint (default: Circle's)")
  const operator = new Option('--operator-key <file|cmd:…>', "the gateway authority's key")
  return withJson(command.addOption(rpcUrl.makeOptionMandatory()))
    .addOption(program.env('PROGRAM_ID'))
    .addOption(mint.env('USDC_MINT'))
    .addOption(operator.env('OPERATOR_KEY'))
}

/** `level5 exit`: everything out of the vault with nothing but an RPC node, the gateway gone. */
import { type Command, Option } from 'commander'
import type { ExitResult } from '../agent/index.ts'
import { formatUsdc } from '../money.ts'
import { addressOption, type JsonOption, withJson } from './options.ts'
import { columns, createOutput } from './output.ts'
import { describeProgress } from './vault-progress.ts'

interface Flags extends JsonOption {
  readonly rpcUrl: string
  readonly program: string
  readonly gateway: string
  readonly key: string
}

export function addExit(program: Command): void {
  const key = new Option('--key <file>', "the agent's key file").env('LEVEL5_KEY')
  const vaultProgram = addressOption('--program', 'the vault program').env('PROGRAM_ID')
  const gateway = addressOption('--gateway', 'the Gateway account').env('GATEWAY_ADDRESS')
  withJson(program.command('exit'))
    .description(
      'leave with everything and the rent, asking no gateway: book, request, wait, withdraw, close; goes on where it stopped',
    )
    .addOption(new Option('--rpc-url <url>', 'any RPC node of the chain').makeOptionMandatory())
    .addOption(vaultProgram.makeOptionMandatory())
    .addOption(gateway.makeOptionMandatory())
    .addOption(key.makeOptionMandatory())
    .action(async (flags: Flags) => {
      const { rpcUrl, program: programId, gateway: gatewayAddress } = flags
      const output = createOutput(flags.json ?? false)
      // Loaded on demand: help and wrong usage need no Solana library.
      const { exitVault } = await import('../agent/index.ts')
      const result = await exitVault({
        key: flags.key,
        rpcUrl,
        program: programId,
        gateway: gatewayAddress,
        onProgress: (progress) => output.progress(describeProgress(progress)),
      })
      output.result(result, describe(result))
    })
}

function describe({ token_account, withdrawn, rent_lamports, totals }: ExitResult): string {
  const usdc = (units: string) => `${formatUsdc(BigInt(units))} USDC`
  return [
    `${usdc(withdrawn)} and ${rent_lamports} lamports of rent came home in this run (token account ${token_account}).`,
    "Over the vault's life:",
    columns([
      ['deposited', usdc(totals.deposited)],
      ['settled to the operator', usdc(totals.settled)],
      ['withdrawn', usdc(totals.withdrawn)],
    ]),
  ].join('\n')
}

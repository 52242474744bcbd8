/** `level5 dev`: the whole system on this machine, no account needed. */
import { type Command, Option } from 'commander'
import { VALIDATOR_KINDS, type ValidatorKind } from '../chain/validator/local-validator.ts'
import type { ReadyDocument } from './dev/dev-stack.ts'
import { type JsonOption, wholeNumber, withJson } from './options.ts'
import { columns, createOutput } from './output.ts'
import { untilStopped } from './until-stopped.ts'

interface Flags extends JsonOption {
  readonly port: number
  readonly dataDir?: string
  readonly withdrawalDelay: number
  readonly validator: ValidatorKind
}

export function addDev(program: Command): void {
  withJson(program.command('dev'))
    .description(
      'run everything on this machine: validator, program, mint, gateway, watcher, stand-ins',
    )
    .option('--port <n>', 'port of the gateway; 0 takes a free one', wholeNumber(0, 65_535), 4020)
    .option(
      '--data-dir <folder>',
      'keep the files here (default: a temporary folder, removed at the end)',
    )
    .option('--withdrawal-delay <seconds>', "the gateway's delay", wholeNumber(0, 2_592_000), 900)
    .addOption(validatorOption())
    .action(async (flags: Flags) => {
      const stopped = untilStopped()
      // Loaded on demand: no other command needs a ledger or a server.
      const { startDevStack } = await import('./dev/dev-stack.ts')
      const stack = await startDevStack({
        port: flags.port,
        dataDir: flags.dataDir ?? null,
        withdrawalDelaySeconds: flags.withdrawalDelay,
        validator: flags.validator,
        env: process.env,
      })
      createOutput(flags.json ?? false).result(stack.ready, describe(stack.ready))
      await stopped
      await stack.close()
    })
}

/** Which validator a local stack runs on. */
export function validatorOption(): Option {
  return new Option('--validator <kind>', 'the local validator')
    .choices(VALIDATOR_KINDS)
    .env('LEVEL5_VALIDATOR')
    .default('embedded')
}

function describe({ ready: _, ...facts }: ReadyDocument): string {
  const rows = Object.entries(facts).map(([name, value]) => `${name.padEnd(18)} ${value}`)
  const hint = 'level5 keygen --out agent.json, then fund, deposit, call; Ctrl-C stops.'
  return [columns([['level5 dev is ready.']]), ...rows, hint].join('\n')
}

/** `level5 serve`: the gateway, with the watcher inside unless another process watches. */
import type { Command } from 'commander'
import { type JsonOption, withJson } from './options.ts'
import { createOutput } from './output.ts'
import { requireSettings } from './require-settings.ts'
import { settingsHelp } from './settings-help.ts'
import { untilStopped } from './until-stopped.ts'

interface Flags extends JsonOption {
  readonly watch: boolean
}

export function addServe(program: Command): void {
  withJson(program.command('serve'))
    .description('run the gateway; settings come from the environment')
    .option('--no-watch', 'leave the chain to a `level5 watch` on the same DATA_DIR')
    .addHelpText('after', settingsHelp)
    .action(async (flags: Flags) => {
      const settings = requireSettings(process.env, 'serve')
      const stopped = untilStopped()
      // Loaded on demand: the agent's commands need no ledger and no server.
      const { startGateway } = await import('../main.ts')
      const gateway = await startGateway(settings, { watch: flags.watch })
      const { url } = gateway
      const ready = { ready: true, url, public_url: settings.publicUrl ?? url }
      createOutput(flags.json ?? false).result(ready, `level5 serves ${ready.public_url} on ${url}`)
      await stopped
      await gateway.close()
    })
}

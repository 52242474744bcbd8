/** `level5 watch`: the watcher alone, beside a `level5 serve --no-watch` on the same ledger. */
import type { Command } from 'commander'
import { type JsonOption, withJson } from './options.ts'
import { createOutput } from './output.ts'
import { requireSettings } from './require-settings.ts'
import { settingsHelp } from './settings-help.ts'
import { untilStopped } from './until-stopped.ts'

export function addWatch(program: Command): void {
  withJson(program.command('watch'))
    .description('run the watcher alone; settings come from the environment')
    .addHelpText('after', settingsHelp)
    .action(async (flags: JsonOption) => {
      const settings = requireSettings(process.env, 'watch')
      const stopped = untilStopped()
      // Loaded on demand: the agent's commands need no ledger.
      const { startWatchOnly } = await import('../main.ts')
      const watch = await startWatchOnly(settings)
      const { gateway, chain } = settings.chain
      const ready = { ready: true, gateway, chain }
      createOutput(flags.json ?? false).result(ready, `level5 watches ${gateway} on ${chain}`)
      await stopped
      await watch.close()
    })
}

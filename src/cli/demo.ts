/** `level5 demo`: the whole story with real figures, against a `dev` stack of its own. */
import type { Command } from 'commander'
import type { ValidatorKind } from '../chain/validator/local-validator.ts'
import { systemClock } from '../clock.ts'
import { createNarrator, type Figure } from './demo/narrator.ts'
import { validatorOption } from './dev.ts'
import { type JsonOption, withJson } from './options.ts'
import { createOutput } from './output.ts'

interface Flags extends JsonOption {
  readonly validator: ValidatorKind
}

/** What `--json` prints. */
interface DemoDocument {
  readonly ok: boolean
  readonly duration_ms: number
  readonly figures: readonly Figure[]
  readonly failures: readonly string[]
}

export function addDemo(program: Command): void {
  withJson(program.command('demo'))
    .description('tell the whole story with real figures; fails if one of them does not hold')
    .addOption(validatorOption())
    .action(async (flags: Flags) => {
      const json = flags.json ?? false
      const startedAt = systemClock()
      const told = json ? process.stderr : process.stdout
      const narrator = createNarrator((text) => told.write(text))
      // Loaded on demand: no other command needs all of the system.
      const { tellStory } = await import('./demo/story.ts')
      await tellStory(narrator, flags.validator)
      const { figures, failures } = narrator
      const duration_ms = systemClock() - startedAt
      const document: DemoDocument = { ok: failures.length === 0, duration_ms, figures, failures }
      const verdict = document.ok
        ? `${figures.length} figures read twice, none differs.`
        : `${failures.length} of it did not hold:\n${failures.join('\n')}`
      createOutput(json).result(document, `\n${verdict} (${(duration_ms / 1000).toFixed(1)} s)`)
      if (!document.ok) process.exitCode = 1
    })
}

/** The settings as `--help` of the long-running commands lists them. */
import { describeSettings } from '../settings.ts'

const NAME_WIDTH = 34

/** One line a variable: name, meaning, default. */
export function settingsHelp(): string {
  const lines = describeSettings().map(
    ({ variable, meaning, defaultText }) =>
      `  ${variable.padEnd(NAME_WIDTH)}${meaning} (default: ${defaultText})`,
  )
  return ['', 'Settings (environment):', ...lines].join('\n')
}

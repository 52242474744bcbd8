/** The settings, or a refusal that names every problem at once. */
import { describeProblem, readSettings, type Settings, type SettingsFor } from '../settings.ts'

/** Reads the environment once; throws an error with one line for each problem. */
export function requireSettings(
  env: Readonly<Record<string, string | undefined>>,
  purpose: SettingsFor,
): Settings {
  const outcome = readSettings(env, purpose)
  if (outcome.kind === 'read') return outcome.settings
  const lines = outcome.problems.map((problem) => `  ${describeProblem(problem)}`)
  throw new Error(['the settings are not complete:', ...lines].join('\n'))
}

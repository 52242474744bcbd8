/** Running the tools of the build. */
import { execFileSync } from 'node:child_process'

/** What a command prints, trimmed. Throws when it fails. */
export function output(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8' }).trim()
}

/** Runs a command in `folder` with its output shown. Throws when it fails. */
export function run(
  command: string,
  args: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string>>,
): void {
  execFileSync(command, args, { cwd: folder, env: environment, stdio: 'inherit' })
}

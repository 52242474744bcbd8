/** Python programs in an environment of their own. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Makes an environment in a folder and installs there what pip is told; answers with its `bin`. */
export function pythonEnvironment(folder: string, ...install: readonly string[]): string {
  execFileSync('python3', ['-m', 'venv', folder], { stdio: ['ignore', 'ignore', 'inherit'] })
  const bin = join(folder, 'bin')
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...install]
  execFileSync(join(bin, 'python'), pip, { stdio: ['ignore', 'ignore', 'inherit'] })
  return bin
}

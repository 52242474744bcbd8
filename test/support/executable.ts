/** Runs the built `level5` as a person would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The built entry file. */
export const EXECUTABLE = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

type Environment = Readonly<Record<string, string>>

/** What every run may know of the machine: nothing of the person's own settings leaks into a test. */
function environment(extra: Environment): Record<string, string> {
  const { PATH = '', HOME = '', LEVEL5_VALIDATOR, LEVEL5_VAULT_SO } = process.env
  return {
    PATH,
    HOME,
    ...(LEVEL5_VALIDATOR === undefined ? {} : { LEVEL5_VALIDATOR }),
    ...(LEVEL5_VAULT_SO === undefined ? {} : { LEVEL5_VAULT_SO }),
    ...extra,
  }
}

/** Runs one command to its end. */
export async function runLevel5(args: readonly string[], env: Environment = {}): Promise<Run> {
  return await ended(spawn(process.execPath, [EXECUTABLE, ...args], { env: environment(env) }))
}

/** Collects what a process prints until it ends. */
export async function ended(child: ChildProcess): Promise<Run> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

/** The one JSON document that a command printed. */
export function documentOf({ stdout }: Run): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>
}

/** A command that runs until it is stopped. */
export interface Service {
  readonly child: ChildProcess
  /** The first line of stdout. */
  readonly firstLine: string
  /** Everything on stderr so far. */
  log(): string
  /** Sends the signal to the process itself and resolves with its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts a command and waits for its first line. Rejects with its stderr when it ends before. */
export async function startLevel5(
  args: readonly string[],
  env: Environment = {},
): Promise<Service> {
  const child = spawn(process.execPath, [EXECUTABLE, ...args], { env: environment(env) })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const closed = once(child, 'close').then(([code]) => code as number | null)
  const lines = createInterface({ input: child.stdout })
  const first = once(lines, 'line').then(([line]) => String(line))
  const failed = closed.then((code) => {
    throw new Error(`level5 ${args.join(' ')} ended with ${code}: ${log}`)
  })
  const firstLine = await Promise.race([first, failed])
  failed.catch(() => {})
  return {
    child,
    firstLine,
    log: () => log,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      return await closed
    },
  }
}

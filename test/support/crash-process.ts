/** The built executable as a process of its own that may be made to die at a named point. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import type { CrashPoint } from './crash-preload.ts'
import { EXECUTABLE } from './executable.ts'

export interface DoomedProcess {
  readonly child: ChildProcess
  /** The document that it prints when it is ready; rejects when it ends before. */
  readonly ready: Promise<Record<string, unknown>>
  /** Resolves when it is gone, with its exit code or the signal that ended it. */
  readonly gone: Promise<number | string>
  /** Everything on stderr so far. */
  log(): string
  /** Lets the point that was named take effect. */
  arm(): void
  /** kill -9, now. */
  kill(): void
}

/** The preloaded module as JavaScript: the process runs no other code than a person's would. */
export interface Preload {
  readonly url: string
  dispose(): void
}

export function compilePreload(): Preload {
  const source = readFileSync(new URL('./crash-preload.ts', import.meta.url), 'utf8')
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 }
  const { outputText } = ts.transpileModule(source, { compilerOptions })
  const folder = mkdtempSync(join(tmpdir(), 'level5-preload-'))
  const file = join(folder, 'crash-preload.mjs')
  writeFileSync(file, outputText)
  return {
    url: pathToFileURL(file).href,
    dispose: () => rmSync(folder, { recursive: true }),
  }
}

/** Starts `level5 <command> --json`; with a point, it dies there. Sees nothing of the person's own environment. */
export function startDoomed(
  command: string,
  env: Readonly<Record<string, string>>,
  preload: Preload,
  point: CrashPoint | null,
): DoomedProcess {
  const { PATH = '', HOME = '' } = process.env
  const trap = point === null ? [] : ['--import', preload.url]
  const child = spawn(process.execPath, [...trap, EXECUTABLE, command, '--json'], {
    env: { PATH, HOME, ...env, CRASH_POINT: JSON.stringify(point) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const gone = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | string)
  const firstLine = once(createInterface({ input: child.stdout }), 'line')
  const early = gone.then((end): never => {
    throw new Error(`level5 ${command} ended with ${end}: ${log}`)
  })
  const ready = Promise.race([firstLine, early]).then(
    ([line]) => JSON.parse(String(line)) as Record<string, unknown>,
  )
  // Whoever waits for its end does not wait for its first line.
  ready.catch(() => {})
  early.catch(() => {})
  return {
    child,
    ready,
    gone,
    log: () => log,
    arm: () => void child.kill('SIGUSR2'),
    kill: () => void child.kill('SIGKILL'),
  }
}

/** The processes of a bench: started on the cores that are theirs, and what they have used, read from Linux's /proc. */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

export type Place = 'gateway' | 'load'

/** Which core is whose; null: nothing is pinned, and `why` says what is missing. */
export type Pinning =
  | { readonly kind: 'pinned'; readonly cores: Readonly<Record<Place, string>> }
  | { readonly kind: 'unpinned'; readonly why: string }

/** The gateway under test gets a core of its own; load and provider share another. */
export function choosePinning(): Pinning {
  if (availableParallelism() < 2) return { kind: 'unpinned', why: 'this machine has one core' }
  try {
    execFileSync('taskset', ['-p', `${process.pid}`], { stdio: 'ignore' })
    return { kind: 'pinned', cores: { gateway: '0', load: '1' } }
  } catch {
    return { kind: 'unpinned', why: 'there is no taskset here, or it may not pin' }
  }
}

const started = new Set<ChildProcess>()

/** Starts a command on the cores of its place. It ends with this process at the latest. */
export function startPinned(
  pinning: Pinning,
  place: Place,
  [command = '', ...args]: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const child =
    pinning.kind === 'unpinned'
      ? spawn(command, args, options)
      : spawn('taskset', ['-c', pinning.cores[place], command, ...args], options)
  started.add(child)
  child.once('exit', () => started.delete(child))
  return child
}

/** Ends whatever still runs, at once. */
export function endAll(): void {
  for (const child of started) child.kill('SIGKILL')
}

/** Whether this machine tells what is measured. */
export function hasProc(): boolean {
  return existsSync(`/proc/${process.pid}/task/${process.pid}/schedstat`)
}

/** CPU microseconds of these processes and their children so far, all threads, those that ended included. */
export function cpuMicros(pids: readonly number[]): number {
  return pids.flatMap(withChildren).reduce((sum, pid) => sum + microsOf(pid), 0)
}

/** Resident memory of these processes and their children now, in bytes. */
export function residentBytes(pids: readonly number[]): number {
  return pids.flatMap(withChildren).reduce((sum, pid) => {
    const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return sum + Number(kib ?? 0) * 1024
  }, 0)
}

function withChildren(pid: number): number[] {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const children = tasks.flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  )
  return [pid, ...children.flatMap(withChildren)]
}

/** Nanoseconds on a core, thread by thread; the process's own clock only ticks every 10 ms. */
function microsOf(pid: number): number {
  const nanos = readdirSync(`/proc/${pid}/task`).map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
  )
  return nanos.reduce((sum, each) => sum + each, 0) / 1000
}

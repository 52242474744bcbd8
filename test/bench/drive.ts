/** Runs jobs of the load against subjects and reads what they cost. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { FromLoad, Job, ToLoad } from './load.ts'
import { cpuMicros, type Pinning, residentBytes, startPinned } from './processes.ts'
import type { Subject } from './subjects/subject.ts'

/** One run of one cell against one subject. Times in milliseconds. */
export interface Figures {
  readonly cpuMicrosPerRequest: number
  readonly requestsPerSecond: number
  readonly latencyMsMedian: number
  readonly latencyMsP99: number
  readonly firstByteMsMedian: number
  readonly firstByteMsP99: number
  readonly residentBytes: number
}

export type Load = Pick<Job, 'body' | 'connections' | 'requests'>

/** Starts a script of this folder on the load's cores, with a channel to talk over. */
export function startScript(pinning: Pinning, name: string): ChildProcess {
  const file = fileURLToPath(new URL(name, import.meta.url))
  const command = [process.execPath, '--import', 'tsx', file]
  return startPinned(pinning, 'load', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

export class Driver {
  readonly #child: ChildProcess
  readonly #ended: Promise<never>
  readonly #answered = new Map<Subject['name'], number>()

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = once(child, 'exit').then(() => {
      throw new Error('the load ended: what it could not do is above')
    })
    this.#ended.catch(() => {})
  }

  static async start(pinning: Pinning): Promise<Driver> {
    const child = startScript(pinning, 'load.ts')
    await once(child, 'message')
    return new Driver(child)
  }

  /** Rejects when a request is not answered with a 200. */
  async measure(subject: Subject, load: Load): Promise<Figures> {
    const { ports, path, credential, pids, name } = subject
    await this.#tell({ kind: 'prepare', job: { ports, path, credential, ...load } })
    const before = cpuMicros(pids)
    const done = await this.#tell({ kind: 'start' })
    const spent = cpuMicros(pids) - before
    if (done.kind !== 'done') throw new Error('the load answered out of turn')
    this.#answered.set(name, this.answered(name) + load.requests)
    return {
      cpuMicrosPerRequest: spent / load.requests,
      requestsPerSecond: load.requests / done.seconds,
      latencyMsMedian: done.latencyMs.median,
      latencyMsP99: done.latencyMs.p99,
      firstByteMsMedian: done.firstByteMs.median,
      firstByteMsP99: done.firstByteMs.p99,
      residentBytes: residentBytes(pids),
    }
  }

  /** Requests of a subject that were answered with a 200 so far. */
  answered(name: Subject['name']): number {
    return this.#answered.get(name) ?? 0
  }

  async #tell(message: ToLoad): Promise<FromLoad> {
    this.#child.send(message)
    const [answer] = await Promise.race([once(this.#child, 'message'), this.#ended])
    const said = answer as FromLoad
    if (said.kind === 'failed') throw new Error(said.message)
    return said
  }
}

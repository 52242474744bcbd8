/** One child process that answers each line on its stdin with one line on its stdout, in order. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

interface Waiting {
  readonly resolve: (line: string) => void
  readonly reject: (reason: Error) => void
  readonly timer: NodeJS.Timeout
}

/** No answer of the protocol is as long. */
const LINE_CHARACTERS_MAX = 1024
/** How long a child may take to end before it is killed. */
const END_WITHIN_MS = 2_000

export class LineChild {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #waitMs: number
  readonly #waiting: Waiting[] = []
  #unread = ''
  #failure: Error | null = null

  /** Runs the text with `/bin/sh -c`, in a process group of its own; what it says on stderr is ours. */
  constructor(command: string, waitMs: number) {
    this.#waitMs = waitMs
    this.#child = spawn('/bin/sh', ['-c', command], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    this.#child.on('error', ({ message }) => this.fail(`cannot be run: ${message}`))
    this.#child.on('close', (code, signal) => this.fail(`ended with ${code ?? signal}`))
    // The end of the child is what says that nobody reads any more.
    this.#child.stdin.on('error', () => {})
  }

  /** Whether it can be asked. */
  get alive(): boolean {
    return this.#failure === null && !this.#isGone()
  }

  /** Asks one line. Rejects when the answer is late or the child ends; then it is of no more use. */
  ask(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure)
      const timer = setTimeout(
        () => this.fail(`did not answer within ${this.#waitMs} ms`),
        this.#waitMs,
      )
      this.#waiting.push({ resolve, reject, timer })
      this.#child.stdin.write(`${line}\n`)
    })
  }

  /** Gives it up: whoever waits is told why, and the child is ended. */
  fail(reason: string): void {
    if (this.#failure !== null) return
    this.#failure = new Error(reason)
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer)
      reject(this.#failure)
    }
    this.#child.stdin.end()
    this.#signal('SIGTERM')
    setTimeout(() => this.#signal('SIGKILL'), END_WITHIN_MS).unref()
  }

  /** Ends it, and resolves when it is gone. */
  async end(): Promise<void> {
    this.fail('was closed')
    if (!this.#isGone()) await once(this.#child, 'exit')
  }

  #isGone(): boolean {
    const { pid, exitCode, signalCode } = this.#child
    return pid === undefined || exitCode !== null || signalCode !== null
  }

  /** To the whole group: a shell may stand between us and the command. */
  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#child
    if (pid === undefined || this.#isGone()) return
    try {
      process.kill(-pid, signal)
    } catch {
      // It went in this moment.
    }
  }

  #read(text: string): void {
    const lines = (this.#unread + text).split('\n')
    this.#unread = lines.pop() ?? ''
    if (this.#unread.length > LINE_CHARACTERS_MAX) this.fail('answers without end')
    for (const line of lines) {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) {
        this.fail('said something that nobody asked for')
        return
      }
      clearTimeout(waiting.timer)
      waiting.resolve(line)
    }
  }
}

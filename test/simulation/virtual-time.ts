/**
 * The runtime's timers, made to run by a virtual clock: nothing happens until the simulation lets time go by, and then
 * in an order that depends on nothing but the program. Installed for the length of a run.
 */

import { syncBuiltinESMExports } from 'node:module'
import timersPromises from 'node:timers/promises'

/** Unix milliseconds at which every world begins. */
const BEGINNING = Date.parse('2026-11-21T12:00:00.000Z')

const REAL = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  setImmediate: globalThis.setImmediate,
  clearImmediate: globalThis.clearImmediate,
  fetch: globalThis.fetch,
}
const REAL_PAUSE = timersPromises.setTimeout
const REAL_SIGNAL_TIMEOUT = AbortSignal.timeout

type Task = () => void

/** What `setTimeout` answers. */
class VirtualTimer {
  at: number
  sequence: number
  readonly everyMs: number | null
  readonly task: Task
  readonly #delayMs: number
  readonly #time: VirtualTime
  alive = true

  constructor(time: VirtualTime, delayMs: number, repeats: boolean, task: Task) {
    this.#time = time
    this.#delayMs = delayMs
    this.everyMs = repeats ? Math.max(1, delayMs) : null
    this.task = task
    this.at = time.now + delayMs
    this.sequence = 0
  }

  refresh(): this {
    this.at = this.#time.now + this.#delayMs
    this.#time.plan(this)
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  close(): this {
    this.alive = false
    return this
  }
}

export class VirtualTime {
  now = BEGINNING
  #sequence = 0
  /** A heap by time, and by order of planning where that is the same. */
  readonly #heap: {
    readonly timer: VirtualTimer
    readonly at: number
    readonly sequence: number
  }[] = []
  #immediates: { task: Task; alive: boolean }[] = []

  /** Puts the virtual timers in the place of the runtime's; `fetch` answers what would go over the network. */
  install(fetch: typeof globalThis.fetch): void {
    const timeout = (task: Task, ms = 0, ...args: unknown[]): VirtualTimer =>
      this.#begin(Math.max(0, Number(ms) || 0), false, () =>
        (task as (...all: unknown[]) => void)(...args),
      )
    const interval = (task: Task, ms = 0): VirtualTimer => this.#begin(Number(ms) || 0, true, task)
    const clear = (timer: VirtualTimer | undefined): void => void timer?.close?.()
    const immediate = (task: Task) => {
      const one = { task, alive: true }
      this.#immediates.push(one)
      return one
    }
    Object.assign(globalThis, {
      setTimeout: timeout,
      clearTimeout: clear,
      setInterval: interval,
      clearInterval: clear,
      setImmediate: immediate,
      clearImmediate: (one: { alive: boolean } | undefined) => {
        if (one !== undefined) one.alive = false
      },
      fetch,
    })
    timersPromises.setTimeout = <T>(ms?: number, value?: T) =>
      new Promise<T>((resolve) => void timeout(() => resolve(value as T), ms))
    syncBuiltinESMExports()
    AbortSignal.timeout = (ms) => {
      const controller = new AbortController()
      timeout(() => controller.abort(new Error('timeout')), ms)
      return controller.signal
    }
  }

  uninstall(): void {
    const { setTimeout, ...rest } = REAL
    Object.assign(globalThis, { setTimeout, ...rest })
    timersPromises.setTimeout = REAL_PAUSE
    syncBuiltinESMExports()
    AbortSignal.timeout = REAL_SIGNAL_TIMEOUT
  }

  /** Does `task` in so many virtual milliseconds. */
  after(ms: number, task: Task): VirtualTimer {
    return this.#begin(ms, false, task)
  }

  /** Lets so much time go by; whatever falls due runs at its time, one after the other. */
  async advance(ms: number): Promise<void> {
    const until = this.now + ms
    await this.#settle()
    for (let next = this.#due(until); next !== null; next = this.#due(until)) {
      this.now = Math.max(this.now, next.at)
      if (next.everyMs !== null) {
        next.at = this.now + next.everyMs
        this.plan(next)
      }
      next.task()
      await this.#settle()
    }
    this.now = until
  }

  /** Runs what is to run now, until nothing is left. */
  async #settle(): Promise<void> {
    do {
      await drained()
      const turn = this.#immediates
      this.#immediates = []
      for (const { task, alive } of turn) if (alive) task()
      if (turn.length > 0) await drained()
    } while (this.#immediates.length > 0)
  }

  #begin(ms: number, repeats: boolean, task: Task): VirtualTimer {
    const timer = new VirtualTimer(this, ms, repeats, task)
    this.plan(timer)
    return timer
  }

  plan(timer: VirtualTimer): void {
    timer.sequence = this.#sequence++
    this.#heap.push({ timer, at: timer.at, sequence: timer.sequence })
    this.#rise(this.#heap.length - 1)
  }

  /** Takes the next timer that is due by then. */
  #due(until: number): VirtualTimer | null {
    for (;;) {
      const [first] = this.#heap
      if (first === undefined || first.at > until) return null
      this.#pop()
      const { timer, sequence } = first
      // A timer that was refreshed or cleared since is another, or none.
      if (timer.alive && timer.sequence === sequence) return timer
    }
  }

  #before(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (one === undefined || other === undefined) return false
    return one.at === other.at ? one.sequence < other.sequence : one.at < other.at
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (one === undefined || other === undefined) return
    this.#heap[a] = other
    this.#heap[b] = one
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!this.#before(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #pop(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      const least = [left, right].reduce(
        (best, child) => (this.#before(child, best) ? child : best),
        at,
      )
      if (least === at) return
      this.#swap(at, least)
      at = least
    }
  }
}

/** Resolves when every promise that could go on has. */
function drained(): Promise<void> {
  return new Promise((resolve) => REAL.setImmediate(resolve))
}

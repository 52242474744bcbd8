/** The one writer of a ledger file in this process: many writes, one transaction, one sync of the disk. */
import type Database from 'better-sqlite3'
import { LedgerUnavailable } from '../ledger.ts'
import { asThrown, isBusy, isUnavailable } from './failures.ts'
import { gatheringMs } from './gathering.ts'

interface QueuedWrite {
  readonly write: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** How long it has been put off because another process wrote. */
  busyMs: number
  /** A batch with it failed: it runs by itself, so that nobody fails with it. */
  alone: boolean
}

/** Bounds how long one transaction can keep the event loop. */
const BATCH_MAX = 256
/** Put off longer than this by other writers, a write fails. */
const BUSY_MS_MAX = 2_000
const BUSY_DELAY_MS_MAX = 50

export class GroupCommit {
  readonly #db: Database.Database
  readonly #callsInFlight: () => number
  readonly #begin: Database.Statement<[]>
  readonly #commit: Database.Statement<[]>
  readonly #rollback: Database.Statement<[]>
  #queue: QueuedWrite[] = []
  /** The planned commit: at the end of this turn, or later. */
  #immediate: NodeJS.Immediate | null = null
  #timer: NodeJS.Timeout | null = null
  #busy = false
  /** Resolves once all is committed; null while writes are taken. */
  #closed: Promise<void> | null = null
  #drained: () => void = () => {}
  commits = 0

  /** `callsInFlight` says how many calls may still write soon: see `gatheringMs`. */
  constructor(db: Database.Database, callsInFlight: () => number) {
    this.#db = db
    this.#callsInFlight = callsInFlight
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#commit = db.prepare('COMMIT')
    this.#rollback = db.prepare('ROLLBACK')
  }

  /**
   * Runs `write` inside a transaction and resolves with its result once that is on disk.
   * `write` may run more than once, so it must have no effect but on the database. If it throws, nothing of it stays and
   * the promise rejects with its error; other writes are not harmed. Rejects with LedgerUnavailable when it can't be made durable.
   */
  run<T>(write: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed !== null) {
        reject(new LedgerUnavailable('the ledger is closed'))
        return
      }
      this.#queue.push({
        write,
        resolve: (value) => resolve(value as T),
        reject,
        busyMs: 0,
        alone: false,
      })
      this.#plan()
    })
  }

  /** Takes no more and resolves when what is queued has been committed or refused. */
  close(): Promise<void> {
    this.#closed ??= new Promise<void>((resolve) => {
      this.#drained = resolve
      if (this.#queue.length === 0) resolve()
    })
    if (this.#queue.length > 0) this.#plan()
    return this.#closed
  }

  #plan(): void {
    if (this.#busy || this.#immediate !== null) return
    const waitMs =
      this.#closed !== null ? 0 : gatheringMs(this.#queue.length, this.#callsInFlight())
    if (waitMs === 0) this.#planAtOnce()
    else if (this.#timer === null) this.#timer = setTimeout(() => this.#flush(), waitMs)
  }

  #planAtOnce(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#immediate = setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#immediate = null
    this.#timer = null
    this.#busy = false
    const batch = this.#takeBatch()
    try {
      const results = this.#transact(batch)
      for (const [index, queued] of batch.entries()) queued.resolve(results[index])
    } catch (error) {
      this.#fail(batch, error)
    }
    if (this.#queue.length === 0) this.#drained()
    else if (!this.#busy) this.#planAtOnce()
  }

  #takeBatch(): QueuedWrite[] {
    const firstAlone = this.#queue.findIndex((queued) => queued.alone)
    if (firstAlone === 0) return this.#queue.splice(0, 1)
    return this.#queue.splice(0, firstAlone === -1 ? BATCH_MAX : Math.min(firstAlone, BATCH_MAX))
  }

  #transact(batch: readonly QueuedWrite[]): unknown[] {
    if (this.#db.inTransaction) this.#rollback.run()
    this.#begin.run()
    try {
      const results = batch.map((queued) => queued.write())
      this.#commit.run()
      this.commits += 1
      return results
    } catch (error) {
      if (this.#db.inTransaction) this.#rollback.run()
      throw error
    }
  }

  /** Nothing of the batch is on disk. */
  #fail(batch: readonly QueuedWrite[], error: unknown): void {
    if (isBusy(error)) this.#putOff(batch, error)
    else if (isUnavailable(error) || batch.length === 1) {
      for (const queued of batch) queued.reject(asThrown(error))
    } else {
      for (const queued of batch) queued.alone = true
      this.#queue.unshift(...batch)
    }
  }

  #putOff(batch: readonly QueuedWrite[], error: unknown): void {
    const patient = batch.filter((queued) => queued.busyMs < BUSY_MS_MAX)
    for (const queued of batch) {
      if (queued.busyMs >= BUSY_MS_MAX) queued.reject(asThrown(error))
    }
    this.#queue.unshift(...patient)
    const [oldest] = this.#queue
    if (oldest === undefined) return
    const delayMs = Math.min(BUSY_DELAY_MS_MAX, oldest.busyMs + 1)
    for (const queued of this.#queue) queued.busyMs += delayMs
    this.#busy = true
    this.#timer = setTimeout(() => this.#flush(), delayMs)
  }
}

/** The one writer of a ledger file in this process: many writes, one transaction, one sync of the disk. */
import type Database from 'better-sqlite3'
import { LedgerUnavailable } from '../ledger.ts'
import { asThrown, isBusy, isUnavailable } from './failures.ts'
import { isEnough, STEP_MS, waitsLonger } from './gathering.ts'

interface QueuedWrite {
  readonly write: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Runs from the first time that it is put off because another process writes. */
  patience: NodeJS.Timeout | null
  /** It has been put off for too long. */
  late: boolean
  /** A batch with it failed: it runs by itself, so that nobody fails with it. */
  alone: boolean
}

/** Bounds how long one transaction can keep the event loop. */
const BATCH_MAX = 256
/** Put off longer than this by other writers, a write fails. */
const BUSY_MS_MAX = 2_000
/** The lock is free for moments only: whoever asks seldom may never get it… */
const BUSY_DELAY_MS_MAX = 4
/** …so where several processes write, each leaves it free for longer than the others wait between two questions. */
const GAP_MS = 5

export class GroupCommit {
  readonly #db: Database.Database
  readonly #callsInFlight: () => number
  readonly #begin: Database.Statement<[]>
  readonly #commit: Database.Statement<[]>
  readonly #rollback: Database.Statement<[]>
  /** Changes where another connection has written since. */
  readonly #dataVersion: Database.Statement<[], bigint>
  #lastDataVersion: bigint | undefined
  /** Whether another process wrote between the last two commits. */
  #othersWrite = false
  #queue: QueuedWrite[] = []
  /** The planned commit: at the end of this turn, or later. */
  #immediate: NodeJS.Immediate | null = null
  #timer: NodeJS.Timeout | null = null
  #busy = false
  /** How often in a row another process was writing. */
  #putOffs = 0
  /** Resolves once all is committed; null while writes are taken. */
  #closed: Promise<void> | null = null
  #drained: () => void = () => {}
  commits = 0

  /** `callsInFlight` says how many calls may still write soon: see `isEnough`. */
  constructor(db: Database.Database, callsInFlight: () => number) {
    this.#db = db
    this.#callsInFlight = callsInFlight
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#commit = db.prepare('COMMIT')
    this.#rollback = db.prepare('ROLLBACK')
    this.#dataVersion = db.prepare<[], bigint>('PRAGMA data_version').pluck()
    this.#lastDataVersion = this.#dataVersion.get()
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
        patience: null,
        late: false,
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
    const isLast = this.#closed !== null
    if (isLast || isEnough(this.#queue.length, this.#callsInFlight())) this.#planAtOnce()
    else if (this.#timer === null) this.#gather(1)
  }

  /** Commits after the first step in which nobody came. */
  #gather(step: number): void {
    const queued = this.#queue.length
    this.#timer = setTimeout(() => {
      if (waitsLonger(this.#queue.length - queued, step + 1)) this.#gather(step + 1)
      else this.#flush()
    }, STEP_MS)
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
      for (const [index, queued] of batch.entries()) ended(queued).resolve(results[index])
      this.#putOffs = 0
      if (this.#othersWrite) this.#rest()
    } catch (error) {
      this.#fail(batch, error)
    }
    if (this.#queue.length === 0) this.#drained()
    else if (!this.#busy) this.#planAtOnce()
  }

  /** Leaves the file to the other processes for a moment. */
  #rest(): void {
    this.#busy = true
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#busy = false
      if (this.#queue.length > 0) this.#plan()
    }, GAP_MS)
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
      const dataVersion = this.#dataVersion.get()
      this.#othersWrite = dataVersion !== this.#lastDataVersion
      this.#lastDataVersion = dataVersion
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
      for (const queued of batch) ended(queued).reject(asThrown(error))
    } else {
      for (const queued of batch) queued.alone = true
      this.#queue.unshift(...batch)
    }
  }

  #putOff(batch: readonly QueuedWrite[], error: unknown): void {
    for (const queued of batch) {
      if (queued.late) ended(queued).reject(asThrown(error))
    }
    this.#queue.unshift(...batch.filter(({ late }) => !late))
    if (this.#queue.length === 0) return
    for (const queued of this.#queue) {
      queued.patience ??= setTimeout(() => {
        queued.late = true
      }, BUSY_MS_MAX)
    }
    this.#putOffs += 1
    this.#busy = true
    this.#timer = setTimeout(() => this.#flush(), Math.min(BUSY_DELAY_MS_MAX, this.#putOffs))
  }
}

/** A write that is put off no more. */
function ended(queued: QueuedWrite): QueuedWrite {
  if (queued.patience !== null) clearTimeout(queued.patience)
  return queued
}

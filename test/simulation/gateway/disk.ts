/**
 * The ledger's file on a disk that can fail: who has it open, where a commit can be cut, and what a power cut leaves.
 * The files are real. What is not on disk yet when the power goes is lost, as SQLite's own promises have it.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { type LedgerFiles, openFiles } from '../../../src/ledger/sqlite/open-files.ts'

/** Thrown where a process dies inside a write: nobody of it lives to catch it. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied'
}

/** One process's hold on the file. */
export interface Mount {
  readonly files: LedgerFiles
  /** The process is gone: its connections are, and what it had not committed. */
  drop(): void
}

const FULL_SYNC = 2
/** SQLite's largest. */
const PAGES_MAX = 1_073_741_823

export class Disk {
  readonly #folder = mkdtempSync(join(tmpdir(), 'level5-simulation-'))
  #lives = 0
  #file: string
  readonly #mounts = new Set<Mount>()
  #observer: Database.Database | null = null
  #lock: Database.Database | null = null
  #full = false
  /** Commits since the disk is full: every other one finds no room for its log. */
  #commitsWhenFull = 0
  /** How long the WAL was before the commit that is under way. */
  #walBefore = 0
  #synchronous = FULL_SYNC

  constructor() {
    this.#file = this.#newFile()
  }

  get full(): boolean {
    return this.#full
  }

  get busy(): boolean {
    return this.#lock !== null
  }

  /** A connection that only looks. */
  get observer(): Database.Database {
    this.#observer ??= new Database(this.#file, { readonly: true }).defaultSafeIntegers(true)
    return this.#observer
  }

  /** Opens the file as a process does; `boundary` is called where a commit can be cut. */
  mount(boundary: (kind: 'before commit' | 'after commit') => void): Mount {
    const files = openFiles(this.#file)
    // Waiting for a lock is the group commit's: what SQLite itself would sleep says nothing here.
    files.writer.pragma('busy_timeout = 0')
    this.#synchronous = Number(files.writer.pragma('synchronous', { simple: true }))
    watchCommits(files.writer, (kind) => {
      if (kind === 'before commit') this.#walBefore = this.#walBytes()
      boundary(kind)
      if (kind === 'before commit' && this.#full) this.#runOut()
    })
    if (this.#full) limitPages(files.writer)
    const mount = {
      files,
      drop: () => {
        this.#mounts.delete(mount)
        if (files.writer.open) files.writer.close()
        if (files.reader.open) files.reader.close()
      },
    }
    this.#mounts.add(mount)
    return mount
  }

  /** Somebody else writes, for as long as `unlock` is not called. */
  lock(): void {
    if (this.#lock !== null) return
    const lock = new Database(this.#file, { timeout: 0 })
    lock.exec('BEGIN IMMEDIATE')
    this.#lock = lock
  }

  unlock(): void {
    this.#lock?.close()
    this.#lock = null
  }

  /** The disk takes no further page. */
  fill(): void {
    this.#full = true
    for (const { files } of this.#mounts) limitPages(files.writer)
  }

  /** The pages may fit while the log that a commit appends does not. */
  #runOut(): void {
    this.#commitsWhenFull += 1
    if (this.#commitsWhenFull % 2 === 1) return
    throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL')
  }

  empty(): void {
    this.#full = false
    for (const { files } of this.#mounts) {
      if (files.writer.open) files.writer.pragma(`max_page_count = ${PAGES_MAX}`)
    }
  }

  /**
   * The power goes: all who had the file open are gone, and what is on disk is what they find. `torn` (0 to 1): how much
   * of the commit that was under way had reached the disk; null where none was.
   */
  cutPower(torn: number | null): void {
    this.unlock()
    const old = this.#file
    this.#file = this.#newFile()
    copyFileSync(old, this.#file)
    if (existsSync(`${old}-wal`)) {
      copyFileSync(`${old}-wal`, `${this.#file}-wal`)
      this.#loseUnsynced(`${this.#file}-wal`, torn)
    }
    this.#observer?.close()
    this.#observer = null
    for (const mount of [...this.#mounts]) mount.drop()
    rmSync(join(old, '..'), { recursive: true, force: true })
  }

  dispose(): void {
    this.unlock()
    this.#observer?.close()
    for (const mount of [...this.#mounts]) mount.drop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #loseUnsynced(wal: string, torn: number | null): void {
    if (this.#synchronous < FULL_SYNC) truncateSync(wal, 0)
    else if (torn !== null) {
      const size = statSync(wal).size
      // A WAL that began anew did not grow: then the commit stands whole.
      if (size <= this.#walBefore) return
      truncateSync(wal, this.#walBefore + Math.floor((size - this.#walBefore) * torn))
    }
  }

  #walBytes(): number {
    const wal = `${this.#file}-wal`
    return existsSync(wal) ? statSync(wal).size : 0
  }

  #newFile(): string {
    const home = join(this.#folder, String(this.#lives++))
    mkdirSync(home)
    return join(home, 'ledger.sqlite')
  }
}

function limitPages(writer: Database.Database): void {
  if (!writer.open) return
  const pages = Number(writer.pragma('page_count', { simple: true }))
  writer.pragma(`max_page_count = ${pages}`)
}

/** Has every COMMIT of this connection say when it begins and when it is done. */
function watchCommits(
  writer: Database.Database,
  boundary: (kind: 'before commit' | 'after commit') => void,
): void {
  const prepare = writer.prepare.bind(writer)
  const watched = (sql: string) => {
    const statement = prepare(sql)
    if (sql.trim().toUpperCase() !== 'COMMIT') return statement
    const run = statement.run.bind(statement)
    return Object.assign(statement, {
      run: () => {
        boundary('before commit')
        const result = run()
        boundary('after commit')
        return result
      },
    })
  }
  Object.assign(writer, { prepare: watched })
}

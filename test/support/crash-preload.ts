/**
 * Loaded into a process before level5's own code (`node --import`): ends it with SIGKILL at one named point. It stands
 * between level5 and its vendors, so level5 itself knows nothing of it.
 */
import { createRequire } from 'node:module'
import { Socket } from 'node:net'

/** What a commit writes, by the statement that only such a commit runs and that found something to do. */
const WRITES = {
  hold: 'INSERT INTO holds',
  renewal: 'UPDATE holds SET lease_until',
  /** A charge or a release by the process of the call. */
  end: 'DELETE FROM holds',
  recovery: 'SELECT request_id FROM holds WHERE lease_until <=',
  session: 'INSERT INTO sessions',
  binding: 'INSERT INTO binding',
  credit: 'INSERT INTO deposits',
  cursor: 'INSERT INTO cursor',
  /** What a withdrawal is to freeze has changed. */
  freeze: 'UPDATE vaults SET pending_withdrawal',
  settlement: 'INSERT INTO settlements',
  withdrawal: 'INSERT INTO withdrawals',
} as const

export type CrashPoint = {
  /** 1: the first time that it is passed. */
  readonly nth: number
  /** False: only from the moment on at which the process gets SIGUSR2. */
  readonly armed: boolean
} & (
  | { readonly commit: keyof typeof WRITES; readonly side: 'before' | 'after' }
  /** Before the first byte to this port leaves. */
  | { readonly connectionTo: number }
)

type Execute = (...values: unknown[]) => unknown

interface Statement {
  run: Execute
  get: Execute
  all: Execute
}

interface DatabaseClass {
  readonly prototype: { prepare(sql: string): Statement }
}

/** Ends the process when `pass` is called for the n-th time. */
function trap({ nth, armed }: CrashPoint): { pass(): void } {
  let left = nth
  let isArmed = armed
  process.on('SIGUSR2', () => {
    isArmed = true
  })
  return {
    pass() {
      if (!isArmed) return
      left -= 1
      if (left === 0) process.kill(process.pid, 'SIGKILL')
    },
  }
}

/** Calls `before` and `after` around each execution of the statement; `after` with what it gave. */
function around(
  statement: Statement,
  before: () => void,
  after: (result: unknown) => void,
): Statement {
  for (const verb of ['run', 'get', 'all'] as const) {
    const execute = statement[verb].bind(statement)
    statement[verb] = (...values) => {
      before()
      const result = execute(...values)
      after(result)
      return result
    }
  }
  return statement
}

const nothing = (): void => {}

function atCommit(commit: keyof typeof WRITES, side: 'before' | 'after', pass: () => void): void {
  const [, executable = ''] = process.argv
  const { prototype } = createRequire(executable)('better-sqlite3') as DatabaseClass
  const prepare = prototype.prepare
  const written = new Set<string>()
  // A recovery ends holds too: it is told from the end of a live call by the search that it begins with.
  const passIfWritten = (): void => {
    if (written.has(commit) && (commit !== 'end' || !written.has('recovery'))) pass()
  }
  prototype.prepare = function (sql) {
    const statement = prepare.call(this, sql)
    if (sql === 'BEGIN IMMEDIATE') return around(statement, () => written.clear(), nothing)
    if (sql === 'COMMIT') {
      return side === 'before'
        ? around(statement, passIfWritten, nothing)
        : around(statement, nothing, passIfWritten)
    }
    for (const [name, text] of Object.entries(WRITES)) {
      if (!sql.startsWith(text)) continue
      around(statement, nothing, (found) => {
        if (!Array.isArray(found) || found.length > 0) written.add(name)
      })
    }
    return statement
  }
}

function atConnection(port: number, pass: () => void): void {
  const write = Socket.prototype.write as (...values: unknown[]) => boolean
  Socket.prototype.write = function (this: Socket, ...values: unknown[]) {
    if (this.remotePort === port) pass()
    return write.apply(this, values)
  }
}

const point = JSON.parse(process.env['CRASH_POINT'] ?? 'null') as CrashPoint | null
if (point !== null) {
  const { pass } = trap(point)
  if ('commit' in point) atCommit(point.commit, point.side, pass)
  else atConnection(point.connectionTo, pass)
}

/** Re-sums the books from the journal and compares each agent's equations. Nothing on the path of a call sums. */
import { setImmediate as turn } from 'node:timers/promises'
import type Database from 'better-sqlite3'
import { type AuditLedger, type AuditPass, type AuditResult, faultText } from '../audit-ledger.ts'
import { AuditAgents, type AuditPage, type AuditRow, faultOf } from './audit-agents.ts'
import { AuditSums, NOTHING_SUMMED, type Reach } from './audit-sums.ts'
import { reading } from './reading.ts'

interface Slice {
  readonly reach: Reach
  /** The next agents; null: not everything is summed yet. */
  readonly page: AuditPage | null
  readonly lastRow: bigint | null
}

export class Audit implements AuditLedger {
  readonly #reader: Database.Database
  /** Made at the first pass: most who open a ledger never audit it. */
  #slice: ((from: Reach, after: string) => Slice) | null = null
  #reach = NOTHING_SUMMED
  #lastPass: Promise<unknown> = Promise.resolve()

  constructor(reader: Database.Database) {
    this.#reader = reader
  }

  async audit(): Promise<string | null> {
    const between = async (): Promise<true> => {
      await turn()
      return true
    }
    const result = await this.auditPass({ sums: 'all', between })
    return result.kind === 'broken' ? faultText(result) : null
  }

  auditPass(pass: AuditPass): Promise<AuditResult> {
    const result = this.#lastPass.then(() => this.#run(pass))
    this.#lastPass = result.catch(() => {})
    return result
  }

  async #run({ sums, between }: AuditPass): Promise<AuditResult> {
    if (sums === 'all') this.#reach = NOTHING_SUMMED
    const pass = new PassSoFar()
    while (true) {
      const { reach, page, lastRow } = await reading(() => this.#next(pass.after))
      if (page !== null) pass.compare(page.rows)
      if (page?.isLast === true) return pass.result(reach.rows)
      const upToRow = reach.rows === 0 ? null : Number(reach.row)
      const last = lastRow === null ? null : Number(lastRow)
      if (!(await between({ upToRow, lastRow: last, agents: pass.agents }))) {
        return { kind: 'stopped' }
      }
    }
  }

  #next(after: string): Slice {
    this.#slice ??= slicesOf(this.#reader)
    const slice = this.#slice(this.#reach, after)
    this.#reach = slice.reach
    return slice
  }
}

/**
 * One read transaction, so that sums and agents are of one instant: sums what comes next, and reads agents where nothing
 * is left to be summed. If it throws, nothing was added.
 */
function slicesOf(reader: Database.Database): (from: Reach, after: string) => Slice {
  const sums = new AuditSums(reader)
  const agents = new AuditAgents(reader)
  const lastRow = reader.prepare<[], bigint | null>('SELECT max(id) FROM transactions').pluck()
  return reader.transaction((from: Reach, after: string): Slice => {
    const reach = sums.advance(from)
    return {
      reach,
      page: reach.atEnd ? agents.next(after, reach.row) : null,
      lastRow: lastRow.get() ?? null,
    }
  })
}

/** What a pass has found. */
class PassSoFar {
  /** The last agent that was compared. */
  after = ''
  agents = 0
  #brokenAgents = 0
  #first: (AuditResult & { kind: 'broken' })['first'] | null = null

  compare(rows: readonly AuditRow[]): void {
    for (const row of rows) {
      const fault = faultOf(row)
      if (fault !== null) {
        this.#brokenAgents += 1
        this.#first ??= { agent: row.pubkey, ...fault }
      }
      this.after = row.pubkey
      this.agents += 1
    }
  }

  result(rows: number): AuditResult {
    const counts = { agents: this.agents, rows }
    if (this.#first === null) return { kind: 'held', ...counts }
    return { kind: 'broken', brokenAgents: this.#brokenAgents, first: this.#first, ...counts }
  }
}

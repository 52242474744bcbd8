/** Audits the books while the gateway serves: a slice at a time, with a rest after each. */
import { setTimeout as rest } from 'node:timers/promises'
import {
  type AuditLedger,
  type AuditPass,
  type AuditProgress,
  type AuditResult,
  faultText,
} from '../ledger/audit-ledger.ts'
import type { Log } from '../log.ts'
import type { AuditStatus } from '../routes/parts.ts'

/** Left to the calls after each slice of a millisecond or two, so that a pass takes about a quarter of a core. */
const REST_MS = 5
/** How long what was summed is taken for granted: history that is changed behind the ledger's back shows after it. */
const SUMS_LAST_MS = 24 * 60 * 60 * 1_000

type Found = Exclude<AuditResult, { kind: 'stopped' }>

interface Running {
  readonly sums: AuditPass['sums']
  readonly since: number
  progress: AuditProgress
}

const NO_PROGRESS: AuditProgress = { upToRow: null, lastRow: null, agents: 0 }

export class Auditor {
  readonly #ledger: AuditLedger
  readonly #now: () => number
  readonly #log: Log
  #last: { readonly found: Found; readonly at: number } | null = null
  /** When the sums that are kept were begun; null: there are none. */
  #sumsBegan: number | null = null
  #summedAnewAt: number | null = null
  /** Whether the next pass that ends has summed everything, by itself or by ending the work of one that was cut short. */
  #isAnew = false
  #running: Running | null = null
  #failed: string | null = null
  #stopping = false

  constructor(ledger: AuditLedger, now: () => number, log: Log) {
    this.#ledger = ledger
    this.#now = now
    this.#log = log
  }

  /** One pass, which ends early once `stop` was called. Never rejects: a ledger that cannot be read is asked again at the next. */
  async pass(): Promise<void> {
    const since = this.#now()
    const sums = this.#sumsFor(since)
    if (sums === 'all') {
      this.#sumsBegan = since
      this.#isAnew = true
    }
    const running: Running = { sums, since, progress: NO_PROGRESS }
    this.#running = running
    const between = async (progress: AuditProgress): Promise<boolean> => {
      running.progress = progress
      if (!this.#stopping) await rest(REST_MS)
      return !this.#stopping
    }
    try {
      const result = await this.#ledger.auditPass({ sums, between })
      if (result.kind !== 'stopped') this.#note(result)
    } catch (error) {
      this.#noteFailure(String(error))
    } finally {
      this.#running = null
    }
  }

  stop(): void {
    this.#stopping = true
  }

  status(): AuditStatus {
    const running = this.#running
    return {
      conservation: conservationOf(this.#last?.found ?? null),
      audited_at: isoOf(this.#last?.at ?? null),
      summed_anew_at: isoOf(this.#summedAnewAt),
      agents: this.#last?.found.agents ?? 0,
      rows: this.#last?.found.rows ?? 0,
      running: running && {
        since: new Date(running.since).toISOString(),
        sums: running.sums,
        up_to_row: running.progress.upToRow,
        last_row: running.progress.lastRow,
        agents: running.progress.agents,
      },
      failed: this.#failed,
    }
  }

  /** While something is broken every pass sums everything, so that what is mended shows wherever it was. */
  #sumsFor(now: number): AuditPass['sums'] {
    if (this.#sumsBegan === null || this.#last?.found.kind === 'broken') return 'all'
    return Math.abs(now - this.#sumsBegan) >= SUMS_LAST_MS ? 'all' : 'new'
  }

  #note(found: Found): void {
    const before = this.#last?.found ?? null
    const at = this.#now()
    if (this.#isAnew) this.#summedAnewAt = at
    this.#isAnew = false
    this.#last = { found, at }
    this.#failed = null
    if (found.kind === 'broken') {
      if (identityOf(before) !== identityOf(found)) {
        const { first, brokenAgents } = found
        this.#log.error({ ...first, broken_agents: brokenAgents }, 'the books do not balance')
      }
    } else if (before?.kind === 'broken') {
      this.#log.info({ agents: found.agents }, 'the books balance again')
    }
  }

  #noteFailure(error: string): void {
    if (error !== this.#failed) this.#log.error({ error }, 'the books cannot be audited now')
    this.#failed = error
  }
}

/** What is broken, whatever its figures have become. */
function identityOf(found: Found | null): string | null {
  if (found?.kind !== 'broken') return null
  return `${found.brokenAgents} ${found.first.agent} ${found.first.equation}`
}

function conservationOf(found: Found | null): string {
  if (found === null) return 'not audited yet'
  return found.kind === 'held' ? 'held' : faultText(found)
}

function isoOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

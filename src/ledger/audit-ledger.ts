/** Whether the books balance, and how that is found out beside calls that nobody may keep waiting. */

/** How much a pass has read: rows of the journal by their id, which count up, and agents. */
export interface AuditProgress {
  /** The row up to which the journal is summed; null before the first. */
  readonly upToRow: number | null
  /** The newest row of the journal; null where there is none. */
  readonly lastRow: number | null
  /** Whose equations were looked at in this pass. */
  readonly agents: number
}

export interface AuditPass {
  /**
   * `all`: sums every row anew. `new`: takes what this ledger summed before for granted, as history is only ever added
   * to, and sums what came since; nothing was summed before the first pass.
   */
  readonly sums: 'all' | 'new'
  /** Asked between two slices, of a few milliseconds each: when it resolves the pass goes on, or stops at `false`. */
  readonly between: (progress: AuditProgress) => Promise<boolean>
}

interface AuditCounts {
  readonly agents: number
  /** Of the journal: all that the sums stand for. */
  readonly rows: number
}

/** An equation that does not hold. */
export interface AuditFault {
  /** What is compared with what. */
  readonly equation: string
  /** In units, or a number of rows. */
  readonly figures: string
}

export type AuditResult =
  | ({ readonly kind: 'held' } & AuditCounts)
  /** `first`: of the first of the agents, in the order of their keys, whose books do not balance. */
  | ({
      readonly kind: 'broken'
      readonly brokenAgents: number
      readonly first: AuditFault & { readonly agent: string }
    } & AuditCounts)
  /** What was summed is kept: the next pass goes on from there. */
  | { readonly kind: 'stopped' }

export interface AuditLedger {
  /** L1 over all agents, everything summed anew and as fast as it goes: null, or what does not balance, with the figures. */
  audit(): Promise<string | null>
  /**
   * A pass over all agents, each compared at one instant. Passes follow one another, never two at once. What changed
   * below a row that was summed before shows in a pass over `all` only. Rejects with LedgerUnavailable; the next goes on.
   */
  auditPass(pass: AuditPass): Promise<AuditResult>
}

/** What an operator reads: the first fault, and how many agents have one beside. */
export function faultText({ first, brokenAgents }: AuditResult & { kind: 'broken' }): string {
  const more = brokenAgents === 1 ? '' : ` (and ${brokenAgents - 1} more agents)`
  return `${first.agent}: ${first.equation}: ${first.figures}${more}`
}

/** What a run found, property by property. Pure. Source: `level5 conformance --json`. */
import type { CaseOutcome, PropertyId } from './check.ts'
import type { Property } from './properties.ts'

export interface PropertyReport {
  readonly id: PropertyId
  readonly title: string
  readonly result: 'held' | 'broken' | 'not_applicable'
  /** Cases that ran. */
  readonly cases: number
  /** The first case that broke it, and how to do it again. */
  readonly evidence?: string
  /** Why it is not applicable. */
  readonly reason?: string
}

/** The document of `--json`. */
export interface ConformanceReport {
  readonly properties: readonly PropertyReport[]
}

/** What was seen of one property so far. */
export interface Seen {
  readonly cases: number
  /** Null: none broke. */
  readonly firstBroken: { readonly name: string; readonly evidence: string } | null
  /** Why checks of it did not apply, each reason once. */
  readonly reasons: readonly string[]
}

export const NOTHING_SEEN: Seen = { cases: 0, firstBroken: null, reasons: [] }

/** Adds a case. */
export function withCase(seen: Seen, name: string, outcome: CaseOutcome): Seen {
  const isFirst = outcome.kind === 'broken' && seen.firstBroken === null
  return {
    ...seen,
    cases: seen.cases + 1,
    firstBroken: isFirst ? { name, evidence: outcome.evidence } : seen.firstBroken,
  }
}

/** Adds a reason. */
export function withReason(seen: Seen, reason: string): Seen {
  return seen.reasons.includes(reason) ? seen : { ...seen, reasons: [...seen.reasons, reason] }
}

/** A property with no case that ran is not applicable, never held. */
export function conclude({ id, title, unseen }: Property, seen: Seen): PropertyReport {
  const { cases, firstBroken, reasons } = seen
  if (firstBroken !== null) {
    const evidence = `${firstBroken.name}: ${firstBroken.evidence}`
    return { id, title, result: 'broken', cases, evidence }
  }
  if (cases > 0) return { id, title, result: 'held', cases }
  const reason = reasons.join('; ') || (unseen ?? 'no case of it could be seen')
  return { id, title, result: 'not_applicable', cases, reason }
}

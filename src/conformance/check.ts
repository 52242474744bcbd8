/**
 * What a check of a property is. It sees a gateway from outside only: its HTTP, and the provider that it was pointed at,
 * which this program plays itself. Source: the list of properties that must always hold.
 */
import type { PlayedProvider } from './play.ts'
import type { Target } from './target.ts'

export type PropertyId = `${'L' | 'M' | 'A' | 'C' | 'S'}${number}`

export type CaseOutcome =
  | { readonly kind: 'held' }
  /** `evidence`: what was sent, what came, what had to come; enough to do it again by hand. */
  | { readonly kind: 'broken'; readonly evidence: string }

/** Tells how each case of a check came out, as it comes out. `name` is unique within its property. */
type ReportCase = (name: string, outcome: CaseOutcome) => void

/** What a check works with. */
export interface CheckSite {
  readonly target: Target
  /** Null where no provider port was given: checks that need one are not applicable then. */
  readonly provider: PlayedProvider | null
  /** `sample`: a part of the cases, chosen with `random`; for a look in passing. */
  readonly depth: 'whole' | 'sample'
  /** Seeded: the same run asks the same. A float in [0, 1). */
  readonly random: () => number
  /** A text that was never used before, 32 of `[0-9a-f]`: nonces and keys of a run must not be those of the run before. */
  readonly fresh: () => string
  /** Unix milliseconds. */
  readonly now: () => number
  readonly pause: (ms: number) => Promise<void>
  readonly report: ReportCase
  /** Says why something was not looked at; it shows where no case of the property ran. */
  readonly skip: (reason: string) => void
}

export type Applicability =
  | { readonly kind: 'applicable' }
  | { readonly kind: 'not_applicable'; readonly reason: string }

export interface Check {
  readonly property: PropertyId
  /** What is checked, in a few words, for the table. */
  readonly title: string
  /** Whether it can be seen at this target. Pure. */
  applicable(site: Pick<CheckSite, 'target' | 'provider'>): Applicability
  /** Throws only what nobody expects; a case that fails is reported, and the rest goes on. */
  run(site: CheckSite): Promise<void>
  /** Goes on beside every other check until `stopped` fires, and resolves soon after. */
  accompany?(site: CheckSite, stopped: AbortSignal): Promise<void>
}

export const APPLICABLE: Applicability = { kind: 'applicable' }
export const HELD: CaseOutcome = { kind: 'held' }

/** A check that does not apply, and why. */
export function notApplicable(reason: string): Applicability {
  return { kind: 'not_applicable', reason }
}

/** A case that broke its property. */
export function broken(evidence: string): CaseOutcome {
  return { kind: 'broken', evidence }
}

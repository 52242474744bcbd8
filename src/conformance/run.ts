/** Runs the checks against one gateway, one after another, and says what became of each property. */
import type { Check, CheckSite, PropertyId } from './check.ts'
import { broken } from './check.ts'
import { PROPERTIES } from './properties.ts'
import {
  type ConformanceReport,
  conclude,
  NOTHING_SEEN,
  type Seen,
  withCase,
  withReason,
} from './report.ts'
import { seededRandom } from './seeded-random.ts'

export interface RunOptions extends Omit<CheckSite, 'random' | 'report' | 'skip'> {
  readonly checks: readonly Check[]
  /** Null: all of them. */
  readonly only: ReadonlySet<PropertyId> | null
  readonly seed: number
  readonly progress: (text: string) => void
}

/** Every property is in the report, in the order of the list. */
export async function runChecks(options: RunOptions): Promise<ConformanceReport> {
  const { checks, only } = options
  const seen = new Map<PropertyId, Seen>()
  const order = PROPERTIES.map(({ id }) => id)
  const chosen = checks
    .filter((check) => only === null || only.has(check.property))
    .sort((a, b) => order.indexOf(a.property) - order.indexOf(b.property))
  const sites = new Map<Check, CheckSite>()
  for (const check of chosen) {
    const applies = check.applicable(options)
    if (applies.kind === 'not_applicable') {
      const before = seen.get(check.property) ?? NOTHING_SEEN
      seen.set(check.property, withReason(before, applies.reason))
    } else sites.set(check, siteOf(options, check, seen))
  }
  const stop = new AbortController()
  const companions = [...sites].map(([check, site]) =>
    reported(check, site, async () => check.accompany?.(site, stop.signal)),
  )
  for (const [check, site] of sites) {
    options.progress(`${check.property} ${check.title}`)
    await reported(check, site, () => check.run(site))
  }
  stop.abort()
  await Promise.all(companions)
  return { properties: PROPERTIES.map((property) => concludeOne(property, seen, only)) }
}

function siteOf(options: RunOptions, check: Check, seen: Map<PropertyId, Seen>): CheckSite {
  const { target, provider, depth, fresh, now, pause, seed, progress } = options
  const { property } = check
  const report: CheckSite['report'] = (name, outcome) => {
    const after = withCase(seen.get(property) ?? NOTHING_SEEN, name, outcome)
    seen.set(property, after)
    if (outcome.kind === 'broken') progress(`${property} broken: ${name}: ${outcome.evidence}`)
    else if (after.cases % CASES_PER_LINE === 0) progress(`${property} ${after.cases} cases`)
  }
  const skip: CheckSite['skip'] = (reason) => {
    seen.set(property, withReason(seen.get(property) ?? NOTHING_SEEN, reason))
  }
  const random = seededRandom(seed, `${property} ${check.title}`)
  return { target, provider, depth, fresh, now, pause, random, report, skip }
}

/** A check that fails in a way that it does not expect has not shown that its property holds. */
async function reported(check: Check, site: CheckSite, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    const what = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
    site.report(`the check itself (${check.title})`, broken(`failed unexpectedly: ${what}`))
  }
}

function concludeOne(
  property: (typeof PROPERTIES)[number],
  seen: ReadonlyMap<PropertyId, Seen>,
  only: ReadonlySet<PropertyId> | null,
) {
  const found = seen.get(property.id)
  if (found !== undefined) return conclude(property, found)
  const left = only !== null && !only.has(property.id) ? 'left out by --only' : null
  return conclude(property, left === null ? NOTHING_SEEN : withReason(NOTHING_SEEN, left))
}

const CASES_PER_LINE = 500

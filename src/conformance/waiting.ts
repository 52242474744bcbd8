/** Waiting for what a gateway does in its own time. */
import type { CheckSite } from './check.ts'
import type { Books, Money } from './target.ts'

const STEP_MS = 20

/** The first value that is not null, or null when none came within `boundMs`. */
export async function within<T>(
  { now, pause }: Pick<CheckSite, 'now' | 'pause'>,
  boundMs: number,
  look: () => Promise<T | null>,
): Promise<T | null> {
  const deadline = now() + boundMs
  for (;;) {
    const found = await look()
    if (found !== null) return found
    if (now() >= deadline) return null
    await pause(STEP_MS)
  }
}

/** A crash apart, nothing may keep a hold open longer: recovery takes 15 s at most. */
export const HOLD_ENDS_MS = 20_000

/** The books as soon as no more than `held` is held; null where the hold does not end. */
export function quietBooks(
  site: Pick<CheckSite, 'now' | 'pause'>,
  money: Money,
  held: bigint,
): Promise<Books | null> {
  return within(site, HOLD_ENDS_MS, async () => {
    const books = await money.books()
    return books.held <= held ? books : null
  })
}

/** The promise's value, or null after `boundMs`. */
export async function inTime<T>(boundMs: number, promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), boundMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

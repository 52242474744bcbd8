/** How long to leave a failing node alone. */

const FIRST_MS = 250
const LONGEST_MS = 15_000
/** A node that asks for more is asked again anyway, so that credits never wait on a wrong header. */
const LONGEST_RETRY_AFTER_MS = 60_000

/**
 * Milliseconds until the next try after `failures` in a row (from 1): doubling from 250 ms to 15 s, and never less than
 * the node's own Retry-After, which counts up to a minute.
 */
export function backoffMs(failures: number, retryAfterMs: number | null): number {
  const doubled = Math.min(FIRST_MS * 2 ** Math.max(0, failures - 1), LONGEST_MS)
  return Math.max(doubled, Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS))
}

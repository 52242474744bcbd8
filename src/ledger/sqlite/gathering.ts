/** How long a write waits for company, so that calls in flight share the disk's sync. */

/** With few calls in flight, writes in a batch beyond which it waits no longer… */
const ENOUGH = 12
/** …and with many, as a share of them: each commit costs its sync and its pages, however many writes share them. */
const ENOUGH_SHARE = 3 / 8
/** A batch waits at most this long… */
const LONGEST_MS = 8
/** …and less the fewer calls could still join. */
const MS_PER_CALL = 0.25

/**
 * Milliseconds to wait before committing; 0: at the end of this turn of the event loop.
 * `queued` writes are waiting; `callsInFlight` counts calls between the request of their hold and their end, so each
 * that is not in the queue will write soon. A call alone never waits.
 */
export function gatheringMs(queued: number, callsInFlight: number): number {
  const enough = Math.max(ENOUGH, callsInFlight * ENOUGH_SHARE)
  if (queued >= Math.min(callsInFlight, enough)) return 0
  return Math.min(LONGEST_MS, Math.ceil(callsInFlight * MS_PER_CALL))
}

/** How long a write waits for company, so that calls in flight share the disk's sync. */

/** With few calls in flight, writes in a batch beyond which it waits no longer… */
const ENOUGH = 12
/** …and with many, as a share of them: each commit costs its sync and its pages, however many writes share them. */
const ENOUGH_SHARE = 3 / 8
/** A batch waits for as long as each of these milliseconds brings another write… */
export const STEP_MS = 1
/** …and for so many of them at most. */
const STEPS_MAX = 8

/**
 * Whether a batch is committed at the end of this turn of the event loop. `queued` writes are waiting; `callsInFlight`
 * counts calls between the request of their hold and their end: only they are expected to write soon. A call alone never waits.
 */
export function isEnough(queued: number, callsInFlight: number): boolean {
  return queued >= Math.min(callsInFlight, Math.max(ENOUGH, callsInFlight * ENOUGH_SHARE))
}

/**
 * Whether a batch that is not enough waits for another step, the `step`th, after one in which it grew by `came`. Calls in
 * flight may be streams that write in a minute: those that come show who still will.
 */
export function waitsLonger(came: number, step: number): boolean {
  return came > 0 && step <= STEPS_MAX
}

/** The edge where time comes from. Decisions take `now` as a value or a function. */

/** Unix milliseconds of the machine's clock. */
export function systemClock(): number {
  return Date.now()
}

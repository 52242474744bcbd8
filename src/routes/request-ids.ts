/**
 * The gateway's own names of requests: `req_`, twelve hex digits of the time and twelve of randomness. Names that begin
 * with the time stand together in an index, however many there are: a ledger of millions of calls writes fewer pages.
 */

const TIME_HEX_DIGITS = 12
const RANDOM_BYTES = 6
/** Randomness is drawn for so many at a time: drawing costs the same for one as for all of them. */
const IDS_DRAWN = 256

/** `random` gives so many random bytes; `now` is Unix milliseconds. */
export function createRequestIds(
  random: (bytes: number) => Uint8Array,
  now: () => number,
): () => string {
  let drawn = Buffer.alloc(0)
  let used = 0
  return () => {
    if (used === drawn.length) {
      drawn = Buffer.from(random(RANDOM_BYTES * IDS_DRAWN))
      used = 0
    }
    used += RANDOM_BYTES
    const time = now().toString(16).padStart(TIME_HEX_DIGITS, '0')
    return `req_${time}${drawn.toString('hex', used - RANDOM_BYTES, used)}`
  }
}

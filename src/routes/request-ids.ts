/** The gateway's own names of requests: `req_` and twelve random bytes in hex. */

const ID_BYTES = 12
/** Randomness is drawn for so many at a time: drawing costs the same for one as for all of them. */
const IDS_DRAWN = 256

/** `random` gives so many random bytes. */
export function createRequestIds(random: (bytes: number) => Uint8Array): () => string {
  let drawn = Buffer.alloc(0)
  let used = 0
  return () => {
    if (used === drawn.length) {
      drawn = Buffer.from(random(ID_BYTES * IDS_DRAWN))
      used = 0
    }
    used += ID_BYTES
    return `req_${drawn.toString('hex', used - ID_BYTES, used)}`
  }
}

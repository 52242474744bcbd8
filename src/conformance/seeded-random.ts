/** Randomness that a seed repeats. Pure. */

/** Floats in [0, 1) of a seed and a name: mulberry32 over their FNV-1a digest. */
export function seededRandom(seed: number, name: string): () => number {
  let state = 0x811c9dc5
  for (const byte of Buffer.from(`${seed}/${name}`)) {
    state = Math.imul(state ^ byte, 0x01000193)
  }
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

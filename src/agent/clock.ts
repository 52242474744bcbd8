/** Where the agent's side meets time and chance; everything else is handed them. */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../clock.ts'

/** What the agent's side needs of the machine. */
export interface Surroundings {
  /** Unix milliseconds. */
  readonly now: () => number
  /** A nonce that was never used: 16 to 64 of `[A-Za-z0-9]`. */
  readonly freshNonce: () => string
  readonly sleep: (ms: number) => Promise<void>
}

/** The machine's own clock, randomness and timers. */
export const MACHINE: Surroundings = {
  now: systemClock,
  freshNonce: () => randomBytes(16).toString('hex'),
  sleep: async (ms) => {
    await delay(ms)
  },
}

/** What a gateway does by itself, by the clock: renew leases, resolve the dead, sign what waits, forget, change prices. */
import type { Ledger } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'
import { type Leases, RENEWAL_MS, SWEEP_MS } from '../request/leases.ts'
import type { ReceiptDesk } from '../request/receipts.ts'
import type { PriceBook } from './price-book.ts'

const FORGET_MS = 60_000

export interface Housekeeping {
  /** Stops the clock and resolves when the round that may be running has ended. */
  stop(): Promise<void>
}

/** Sweeps once before it returns, so that what a crash left behind is resolved at boot as far as its lease allows. */
export async function startHousekeeping(
  parts: {
    readonly ledger: Ledger
    readonly leases: Leases
    readonly prices: PriceBook
    readonly receipts: ReceiptDesk
    readonly now: () => number
  },
  log: Log,
): Promise<Housekeeping> {
  const { ledger, leases, prices, receipts, now } = parts
  async function sweep(): Promise<void> {
    const resolved = await leases.sweep()
    if (resolved.length > 0) log.warn({ request_ids: resolved }, 'resolved holds of dead calls')
  }
  await sweep()
  const chores = [
    every(RENEWAL_MS, () => leases.renew(), log),
    every(SWEEP_MS, sweep, log),
    every(SWEEP_MS, () => prices.refresh(), log),
    every(SWEEP_MS, () => receipts.signWaiting(), log),
    every(FORGET_MS, () => ledger.forgetExpired(now()), log),
  ]
  return {
    async stop() {
      await Promise.all(chores.map((chore) => chore.stop()))
    },
  }
}

/** Runs a chore again and again, never twice at a time; a failure is logged and the next round tries again. */
function every(ms: number, chore: () => Promise<void>, log: Log): Housekeeping {
  let running: Promise<void> | null = null
  const timer = setInterval(() => {
    running ??= chore()
      .catch((error: unknown) => log.error({ error: String(error) }, 'a chore failed'))
      .finally(() => {
        running = null
      })
  }, ms)
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

/** What a gateway does by itself, by the clock: renew leases, resolve the dead, sign what waits, audit, forget, change prices. */
import type { Ledger } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'
import { type Leases, RENEWAL_MS, SWEEP_MS } from '../request/leases.ts'
import type { ReceiptDesk } from '../request/receipts.ts'
import type { Auditor } from './auditor.ts'
import type { PriceBook } from './price-book.ts'

const FORGET_MS = 60_000
const AUDIT_MS = 60_000

export interface Housekeeping {
  /** Stops the clock and resolves when the round that may be running has ended. */
  stop(): Promise<void>
}

/**
 * Sweeps once before it returns, so that what a crash left behind is resolved at boot as far as its lease allows, and
 * begins the first audit.
 */
export async function startHousekeeping(
  parts: {
    readonly ledger: Ledger
    readonly leases: Leases
    readonly prices: PriceBook
    readonly receipts: ReceiptDesk
    readonly auditor: Auditor
    readonly now: () => number
  },
  log: Log,
): Promise<Housekeeping> {
  const { ledger, leases, prices, receipts, auditor, now } = parts
  async function sweep(): Promise<void> {
    const resolved = await leases.sweep()
    if (resolved.length > 0) log.warn({ request_ids: resolved }, 'resolved holds of dead calls')
  }
  await sweep()
  const audits = every(AUDIT_MS, () => auditor.pass(), log)
  audits.round()
  const chores = [
    audits,
    every(RENEWAL_MS, () => leases.renew(), log),
    every(SWEEP_MS, sweep, log),
    every(SWEEP_MS, () => prices.refresh(), log),
    every(SWEEP_MS, () => receipts.signWaiting(), log),
    every(FORGET_MS, () => ledger.forgetExpired(now()), log),
  ]
  return {
    async stop() {
      auditor.stop()
      await Promise.all(chores.map((chore) => chore.stop()))
    },
  }
}

interface Chore extends Housekeeping {
  /** Does it now, where it is not being done. */
  round(): void
}

/** Runs a chore again and again, never twice at a time; a failure is logged and the next round tries again. */
function every(ms: number, chore: () => Promise<void>, log: Log): Chore {
  let running: Promise<void> | null = null
  function round(): void {
    running ??= chore()
      .catch((error: unknown) => log.error({ error: String(error) }, 'a chore failed'))
      .finally(() => {
        running = null
      })
  }
  const timer = setInterval(round, ms)
  return {
    round,
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

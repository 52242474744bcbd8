/**
 * Keeps the holds of live calls from being swept, and resolves those whose process is gone.
 * One renewal for all live calls; each notes what its call would be recovered at by then. Property L5.
 */
import type { Lease, RecoveryTerms, SpendLedger } from '../ledger/ledger.ts'

/** How long a hold is safe without a renewal. */
export const LEASE_MS = 10_000
/** How often live holds are renewed. */
export const RENEWAL_MS = 3_000
/** How often expired holds are looked for: a hold resolves at most LEASE_MS + SWEEP_MS after a crash. */
export const SWEEP_MS = 2_000

/** A live call's hold. */
export interface LiveHold {
  /** Says how to find what the call would be recovered at. */
  recoverAt(terms: () => RecoveryTerms): void
  /** The call has ended, or is given up to the sweeper. */
  drop(): void
}

export interface Leases {
  keep(requestId: string, terms: RecoveryTerms): LiveHold
  /** Renews all live holds in one write. */
  renew(): Promise<void>
  /** Settles holds whose lease has ended, of this process or any other; returns their request ids. */
  sweep(): Promise<string[]>
  /** How many calls are live. */
  readonly live: number
}

export function createLeases(
  ledger: Pick<SpendLedger, 'renew' | 'resolveExpired'>,
  now: () => number,
): Leases {
  const held = new Map<string, () => RecoveryTerms>()
  return {
    keep(requestId, terms) {
      held.set(requestId, () => terms)
      return {
        recoverAt: (current) => {
          if (held.has(requestId)) held.set(requestId, current)
        },
        drop: () => held.delete(requestId),
      }
    },
    async renew() {
      if (held.size === 0) return
      const leaseUntil = now() + LEASE_MS
      const leases = [...held].map(
        ([requestId, terms]): Lease => ({ requestId, leaseUntil, recovery: terms() }),
      )
      await ledger.renew(leases)
    },
    sweep: () => ledger.resolveExpired(now()),
    get live() {
      return held.size
    },
  }
}

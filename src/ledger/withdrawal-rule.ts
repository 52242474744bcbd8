/**
 * What is to be frozen for an open withdrawal, from what the chain says at two commitments. Values in, a decision out.
 * Source: chain contract, "The mirror"; property C8.
 */
import { type Units, ZERO } from '../money.ts'
import type { WithdrawalReading } from './chain-ledger.ts'

/** An open withdrawal as the books have it. */
export interface PendingWithdrawal {
  readonly pending: Units
  /** Unix seconds; 0 where nothing is pending. */
  readonly withdrawableAt: number
}

/**
 * The higher of the two amounts, at once. It falls only when both are known and lower and the reading is of the very
 * total of withdrawals that is on the books: one that is missing there may have paid out what a lower amount would thaw.
 * The finalized side of a reading from before the last booked withdrawal tells of what that one paid, and counts for nothing.
 */
export function pendingWithdrawal(
  books: PendingWithdrawal & { readonly withdrawn: Units },
  reading: WithdrawalReading,
): PendingWithdrawal {
  const isOld = reading.withdrawn < books.withdrawn
  const open = [
    { pending: isOld ? ZERO : reading.pending, withdrawableAt: reading.withdrawableAt },
    { pending: reading.confirmedPending ?? ZERO, withdrawableAt: reading.confirmedWithdrawableAt },
  ].filter(({ pending }) => pending > ZERO)
  const highest = greatest(open.map((side) => side.pending))
  const mayFall = reading.confirmedPending !== null && reading.withdrawn === books.withdrawn
  const pending = mayFall || highest > books.pending ? highest : books.pending
  if (pending === ZERO) return { pending, withdrawableAt: 0 }
  if (open.length === 0) return { pending, withdrawableAt: books.withdrawableAt }
  return { pending, withdrawableAt: Math.min(...open.map(({ withdrawableAt }) => withdrawableAt)) }
}

function greatest(amounts: readonly Units[]): Units {
  return amounts.reduce((most, amount) => (amount > most ? amount : most), ZERO)
}

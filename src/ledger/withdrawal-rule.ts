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
  /** The slot of the view that the amount comes of; 0 where nothing is pending. */
  readonly seenSlot: number
}

/**
 * The higher of the two amounts, at once. It falls only when both are known and lower and the reading is of the very
 * total of withdrawals that is on the books: one that is missing there may have paid out what a lower amount would thaw.
 * And its final side must not be from before the slot at which the amount was seen: a node that lags proves no cancel.
 * The finalized side of a reading from before the last booked withdrawal tells of what that one paid, and counts for nothing.
 */
export function pendingWithdrawal(
  books: PendingWithdrawal & { readonly withdrawn: Units },
  reading: WithdrawalReading,
): PendingWithdrawal {
  const isOld = reading.withdrawn < books.withdrawn
  const sides = [
    {
      pending: isOld ? ZERO : reading.pending,
      withdrawableAt: reading.withdrawableAt,
      seenSlot: reading.slot,
    },
    {
      pending: reading.confirmedPending ?? ZERO,
      withdrawableAt: reading.confirmedWithdrawableAt,
      seenSlot: reading.confirmedSlot,
    },
  ]
  const open = sides.filter(({ pending }) => pending > ZERO)
  const highest = greatest(open.map((side) => side.pending))
  const mayFall =
    reading.confirmedPending !== null &&
    reading.withdrawn === books.withdrawn &&
    reading.slot >= books.seenSlot
  const pending = mayFall || highest > books.pending ? highest : books.pending
  if (pending === ZERO) return { pending, withdrawableAt: 0, seenSlot: 0 }
  const believed = pending > highest ? [...open, books] : open
  const withdrawableAt = Math.min(...believed.map((side) => side.withdrawableAt))
  const source = pending === books.pending ? books : open.find((side) => side.pending === pending)
  return { pending, withdrawableAt, seenSlot: (source ?? books).seenSlot }
}

function greatest(amounts: readonly Units[]): Units {
  let most = ZERO
  for (const amount of amounts) if (amount > most) most = amount
  return most
}

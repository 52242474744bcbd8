/** What work on a vault tells while it runs, a line for each fact. */
import type { VaultProgress } from '../agent/index.ts'
import { formatUsdc } from '../money.ts'

export function describeProgress(progress: VaultProgress): string {
  switch (progress.stage) {
    case 'opened':
      return `opened the vault; booked ${usdc(progress.amount)} USDC (${progress.signature})`
    case 'synced':
      return `booked ${usdc(progress.amount)} USDC that came by plain transfer (${progress.signature})`
    case 'requested':
      return `requested ${usdc(progress.amount)} USDC, to be had at ${progress.withdrawable_at} (${progress.signature})`
    case 'waiting':
      return `waiting ${progress.seconds_left} s more for ${usdc(progress.amount)} USDC`
    case 'withdrawn':
      return `withdrew ${usdc(progress.amount)} USDC (${progress.signature})`
    case 'cancelled':
      return `cancelled the request of ${usdc(progress.amount)} USDC (${progress.signature})`
    case 'closed':
      return `closed the deposit address; ${progress.rent_lamports} lamports of rent came back (${progress.signature})`
  }
}

function usdc(units: string): string {
  return formatUsdc(BigInt(units))
}

/** What is told of work on a vault, one fact for each transaction that landed. Pure. */
import { surplusOf, type VaultSight } from './sight.ts'
import type { Action } from './step.ts'

/** Amounts are decimal strings of units, times RFC 3339 UTC. */
export type Progress =
  | { readonly stage: 'opened'; readonly signature: string; readonly amount: string }
  /** Plain transfers that were booked. */
  | { readonly stage: 'synced'; readonly signature: string; readonly amount: string }
  | {
      readonly stage: 'requested'
      readonly signature: string
      readonly amount: string
      readonly withdrawable_at: string
    }
  | {
      readonly stage: 'waiting'
      readonly amount: string
      readonly withdrawable_at: string
      readonly seconds_left: number
    }
  | { readonly stage: 'withdrawn'; readonly signature: string; readonly amount: string }
  | { readonly stage: 'cancelled'; readonly signature: string; readonly amount: string }
  /** The rent of the deposit address went back to the agent. */
  | { readonly stage: 'closed'; readonly signature: string; readonly rent_lamports: string }

/** What an action changed, by the readings around it. */
export function progressOf(
  action: Action,
  signature: string,
  before: VaultSight,
  after: VaultSight,
): Progress {
  const grown = (name: 'deposited' | 'withdrawn') =>
    ((after.vault?.[name] ?? 0n) - (before.vault?.[name] ?? 0n)).toString()
  switch (action.kind) {
    case 'open':
      return { stage: 'opened', signature, amount: surplusOf(before).toString() }
    case 'sync':
      return { stage: 'synced', signature, amount: grown('deposited') }
    case 'request': {
      const at = Number(after.vault?.withdrawableAtSeconds ?? 0n)
      const amount = (after.vault?.pendingWithdrawal ?? 0n).toString()
      const withdrawable_at = new Date(at * 1000).toISOString()
      return { stage: 'requested', signature, amount, withdrawable_at }
    }
    case 'cancel':
      return {
        stage: 'cancelled',
        signature,
        amount: (before.vault?.pendingWithdrawal ?? 0n).toString(),
      }
    case 'withdraw':
      return { stage: 'withdrawn', signature, amount: grown('withdrawn') }
    case 'close':
      return {
        stage: 'closed',
        signature,
        rent_lamports: (before.depositAddress?.lamports ?? 0n).toString(),
      }
  }
}

/** What a transaction offers for priority, in micro-lamports per compute unit. */
import type { Connection, PublicKey } from '@solana/web3.js'
import { RpcUnavailable } from './rpc.ts'

/** Where nobody paid anything, a second try begins here. */
const FIRST_RAISE = 1_000

/**
 * The offer of a transaction that is signed for the `attempt`th time (from 0): what three of four recent ones paid,
 * doubled with each attempt that expired, never above `most`.
 */
export function priorityFee(recent: readonly number[], attempt: number, most: number): number {
  const sorted = recent.toSorted((a, b) => a - b)
  const usual = sorted[Math.floor((sorted.length * 3) / 4)] ?? 0
  const raised = attempt === 0 ? usual : Math.max(usual, FIRST_RAISE) * 2 ** attempt
  return Math.min(raised, most)
}

/** What recent transactions that wrote these accounts paid. A node that does not tell is taken for silence. */
export async function recentPriorityFees(
  rpc: Connection,
  written: readonly PublicKey[],
): Promise<number[]> {
  try {
    const lockedWritableAccounts = [...written]
    const fees = await rpc.getRecentPrioritizationFees({ lockedWritableAccounts })
    return fees.map(({ prioritizationFee }) => prioritizationFee)
  } catch (error) {
    if (error instanceof RpcUnavailable) throw error
    return []
  }
}

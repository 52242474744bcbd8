/**
 * Stage 1, chain: which finalized transactions name the gateway. Signatures come newest first and in no order within a
 * slot; they are paged back to some slots before the cursor. Source: chain contract, "Watching".
 */
import type { Connection, PublicKey } from '@solana/web3.js'
import type { Cursor } from '../src/ledger/chain-ledger.ts'

/** Slots before the cursor that are read again: what a node listed late is still seen [C5]. */
export const OVERLAP_SLOTS = 64
/** The first page is small, since most sweeps find little; the rest are as long as nodes allow. */
const FIRST_PAGE = 100
const PAGE = 1000

export interface Listed {
  readonly signature: string
  readonly slot: number
  /** It failed: nothing in it happened. */
  readonly failed: boolean
}

export interface Window {
  /** Oldest slot first. */
  readonly transactions: readonly Listed[]
  /** Whether the list reaches back to the overlap, so that nothing between it and the cursor is missing. */
  readonly reachesCursor: boolean
}

/**
 * Lists the finalized transactions that name `address`, back to `fromSlot` or to the end of what the node has. Each row
 * must say itself that it is final: not every node minds the commitment that it is asked for [C2].
 * One answer comes of one node; a later page may come of a node that does not know the signature it continues from, and
 * is then empty. So a list that ends early proves nothing by itself.
 */
export async function listTransactions(
  rpc: Connection,
  address: PublicKey,
  fromSlot: number | null,
): Promise<{ transactions: Listed[]; reached: boolean; pages: number }> {
  const found = new Map<string, Listed>()
  let before: string | undefined
  for (let pages = 1; ; pages += 1) {
    const limit = pages === 1 ? FIRST_PAGE : PAGE
    const options = before === undefined ? { limit } : { limit, before }
    const page = await rpc.getSignaturesForAddress(address, options, 'finalized')
    for (const { signature, slot, err, confirmationStatus } of page) {
      if (confirmationStatus !== 'finalized') continue
      found.set(signature, { signature, slot, failed: err !== null })
    }
    const last = page.at(-1)
    const reached = fromSlot !== null && last !== undefined && last.slot < fromSlot
    if (reached || page.length < limit || last === undefined) {
      const transactions = [...found.values()].sort((a, b) => a.slot - b.slot)
      return { transactions, reached, pages }
    }
    before = last.signature
  }
}

/** Lists everything since the cursor, with the overlap; everything since the gateway's creation where there is none. */
export async function listWindow(
  rpc: Connection,
  gateway: PublicKey,
  cursor: Cursor | null,
): Promise<Window> {
  const fromSlot = cursor === null ? null : cursor.slot - OVERLAP_SLOTS
  const { transactions, reached, pages } = await listTransactions(rpc, gateway, fromSlot)
  if (reached || fromSlot === null || pages > 1) return { transactions, reachesCursor: reached }
  // The one answer is short: the gateway was quiet, or the node keeps too little history.
  const reachesCursor = (await rpc.getFirstAvailableBlock()) <= Math.max(0, fromSlot)
  return { transactions, reachesCursor }
}

/** Cuts a window into batches, oldest first. */
export function batches(transactions: readonly Listed[], size: number): Listed[][] {
  const cut: Listed[][] = []
  for (let start = 0; start < transactions.length; start += size) {
    cut.push(transactions.slice(start, start + size))
  }
  return cut
}

/** Lands a transaction whatever the node does meanwhile: lost answers, outages, nonsense. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Connection } from '@solana/web3.js'
import { broadcast, type SendOutcome, type SignedTransaction, standingOf } from './send.ts'

export type PatientOutcome =
  | SendOutcome
  /** Told to stop before the node said: it may have landed, or may yet. */
  | { readonly kind: 'unknown'; readonly signature: string }

const POLL_MS = 200
/** One that has no status is sent again after this many polls. */
const POLLS_PER_SEND = 10

/**
 * Sends it until it has reached `commitment`, failed or expired. An answer that does not come is asked for again, until
 * `signal`.
 */
export async function landThroughOutages(
  rpc: Connection,
  signed: SignedTransaction,
  signal: AbortSignal,
  commitment: 'confirmed' | 'finalized' = 'confirmed',
): Promise<PatientOutcome> {
  for (let polls = 0; !signal.aborted; polls += 1) {
    // Whether the node took it shows in its status; a refusal proves nothing.
    if (polls % POLLS_PER_SEND === 0) await broadcast(rpc, signed).catch(() => {})
    await pause(POLL_MS)
    const standing = await standingOf(rpc, signed, commitment).catch(() => null)
    if (standing === null || standing.kind === 'unseen' || standing.kind === 'under_way') continue
    return standing
  }
  return { kind: 'unknown', signature: signed.signature }
}

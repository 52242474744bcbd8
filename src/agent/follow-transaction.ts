/** Follows a signed transaction through lost answers and forgetful nodes until it is final, failed or can never land. */
import { type Connection, SendTransactionError, type TransactionError } from '@solana/web3.js'
import type { Surroundings } from './clock.ts'

export interface SignedTransaction {
  /** Base58. */
  readonly signature: string
  readonly bytes: Buffer
  /** The last block height at which it can land. */
  readonly lastValidBlockHeight: number
}

export type Broadcast =
  /** Or nobody knows: no answer proves nothing, since the node may have it. Following tells. */
  | { readonly kind: 'sent' }
  /** The node tried it and it would fail: it has gone nowhere. */
  | { readonly kind: 'refused'; readonly reason: string; readonly cause: Error }

export type Followed =
  | { readonly kind: 'landed'; readonly slot: number }
  /** It was executed and failed: its fee is gone and nothing else has changed. */
  | { readonly kind: 'failed'; readonly error: TransactionError }
  /** It can never land any more. */
  | { readonly kind: 'expired' }
  /** The deadline came first: it may land yet. */
  | { readonly kind: 'late' }

/** How far a transaction is followed. */
export interface Patience {
  readonly commitment: 'confirmed' | 'finalized'
  /** Unix milliseconds. */
  readonly deadline: number
  readonly onConfirmed?: (slot: number) => void
}

const POLL_MS = 200
/** Nodes drop transactions: one that is not seen, for whatever reason, is sent again after this many polls. */
const POLLS_PER_SEND = 10

/** Sends it; the node tries it first. */
export async function broadcast(rpc: Connection, { bytes }: SignedTransaction): Promise<Broadcast> {
  try {
    await rpc.sendRawTransaction(bytes, { preflightCommitment: 'confirmed' })
  } catch (cause) {
    if (cause instanceof SendTransactionError) {
      return { kind: 'refused', reason: cause.message, cause }
    }
  }
  return { kind: 'sent' }
}

/** Waits until it has reached the commitment, failed, expired, or the deadline has passed. */
export async function follow(
  rpc: Connection,
  signed: SignedTransaction,
  { now, sleep }: Pick<Surroundings, 'now' | 'sleep'>,
  { commitment, deadline, onConfirmed = () => {} }: Patience,
): Promise<Followed> {
  let isConfirmed = false
  for (let polls = 1; now() < deadline; polls += 1) {
    const sight = await look(rpc, signed).catch((): Sight => ({ kind: 'no_answer' }))
    if (sight.kind === 'expired') return sight
    if (sight.kind === 'landed') {
      const { slot, error, isFinal } = sight
      if (error !== null) return { kind: 'failed', error }
      if (!isConfirmed) onConfirmed(slot)
      isConfirmed = true
      if (isFinal || commitment === 'confirmed') return { kind: 'landed', slot }
    }
    if (sight.kind !== 'landed' && polls % POLLS_PER_SEND === 0) await broadcastAgain(rpc, signed)
    await sleep(POLL_MS)
  }
  return { kind: 'late' }
}

/** What one look at the chain shows. */
type Sight =
  | { readonly kind: 'no_answer' }
  | { readonly kind: 'unseen' }
  | { readonly kind: 'expired' }
  | {
      readonly kind: 'landed'
      readonly slot: number
      readonly error: TransactionError | null
      readonly isFinal: boolean
    }

async function look(rpc: Connection, signed: SignedTransaction): Promise<Sight> {
  const { value } = await rpc.getSignatureStatuses([signed.signature])
  const status = value[0]
  if (status == null) {
    const height = await rpc.getBlockHeight('finalized')
    return { kind: height > signed.lastValidBlockHeight ? 'expired' : 'unseen' }
  }
  const { slot, err: error, confirmationStatus } = status
  if (confirmationStatus !== 'confirmed' && confirmationStatus !== 'finalized') {
    return { kind: 'unseen' }
  }
  return { kind: 'landed', slot, error, isFinal: confirmationStatus === 'finalized' }
}

async function broadcastAgain(rpc: Connection, { bytes }: SignedTransaction): Promise<void> {
  // A node that has it already refuses it; the next look tells.
  await rpc.sendRawTransaction(bytes, { skipPreflight: true }).catch(() => {})
}

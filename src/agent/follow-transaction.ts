/** Follows a signed transaction through lost answers and forgetful nodes until it is final, failed or can never land. */
import { type Connection, SendTransactionError, type TransactionError } from '@solana/web3.js'
import type { Surroundings } from './clock.ts'
import { Level5Error } from './level5-error.ts'

export interface SignedTransaction {
  /** Base58. */
  readonly signature: string
  readonly bytes: Buffer
  /** The last block height at which it can land. */
  readonly lastValidBlockHeight: number
}

const POLL_MS = 200
/** Nodes drop transactions: one that is not seen is sent again after this many polls. */
const POLLS_PER_SEND = 10

/**
 * Sends it; the node tries it first. Throws `deposit_failed` when the node refuses it; no answer proves nothing, since
 * the node may have it: then following tells.
 */
export async function broadcast(rpc: Connection, { bytes }: SignedTransaction): Promise<void> {
  try {
    await rpc.sendRawTransaction(bytes, { preflightCommitment: 'confirmed' })
  } catch (cause) {
    if (cause instanceof SendTransactionError) throw depositFailed(cause.message, cause)
  }
}

/** Waits until it is final and returns its slot. Throws `deposit_failed`, or `timeout` at `deadline` (Unix ms). */
export async function follow(
  rpc: Connection,
  signed: SignedTransaction,
  { now, sleep }: Surroundings,
  deadline: number,
  onConfirmed: (slot: number) => void,
): Promise<number> {
  const { signature } = signed
  let isConfirmed = false
  for (let polls = 1; now() < deadline; polls += 1) {
    const sight = await look(rpc, signed).catch((): Sight => ({ kind: 'no_answer' }))
    if (sight.kind === 'expired') throw depositFailed(`${signature} can land no more`)
    if (sight.kind === 'landed') {
      const { slot, error, isFinal } = sight
      if (error !== null) throw depositFailed(`${signature}: ${JSON.stringify(error)}`)
      if (!isConfirmed) onConfirmed(slot)
      isConfirmed = true
      if (isFinal) return slot
    }
    if (sight.kind === 'unseen' && polls % POLLS_PER_SEND === 0) await broadcastAgain(rpc, signed)
    await sleep(POLL_MS)
  }
  throw new Level5Error('timeout', `deposit ${signature} was sent and is not final yet`)
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

/** Nothing was paid, and this is why. */
export function depositFailed(why: string, cause?: unknown): Level5Error {
  return new Level5Error('deposit_failed', `nothing was deposited: ${why}`, { cause })
}

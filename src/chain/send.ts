/** Sends a transaction and says what became of it, through lost answers and expired blockhashes. */
import { setTimeout as pause } from 'node:timers/promises'
import {
  type Connection,
  type Keypair,
  type SignatureStatus,
  Transaction,
  type TransactionError,
  type TransactionInstruction,
} from '@solana/web3.js'
import bs58 from 'bs58'

export type SendOutcome =
  | { readonly kind: 'landed'; readonly signature: string; readonly slot: number }
  /** It was executed and failed; its fee is gone and nothing else changed. */
  | { readonly kind: 'failed'; readonly signature: string; readonly error: TransactionError }
  /** Its blockhash ran out before any node executed it: it can never land any more. */
  | { readonly kind: 'expired'; readonly signature: string }

/** What an instruction list becomes once signed; the same list under one blockhash has one signature. */
export interface SignedTransaction {
  readonly signature: string
  readonly bytes: Buffer
  /** The last block height at which it can land. */
  readonly lastValidBlockHeight: number
}

const POLL_MS = 150
/** Nodes drop transactions: one that has no status is sent again after this many polls. */
const POLLS_PER_SEND = 10
/** A new blockhash for the same instructions comes with the next slot; nobody waits longer for one. */
const FRESH_TRIES = 100

/** Signs under the latest confirmed blockhash; the first signer pays the fee. */
export async function signTransaction(
  rpc: Connection,
  instructions: readonly TransactionInstruction[],
  signers: readonly [Keypair, ...Keypair[]],
): Promise<SignedTransaction> {
  const { blockhash, lastValidBlockHeight } = await rpc.getLatestBlockhash('confirmed')
  const transaction = new Transaction().add(...instructions)
  transaction.recentBlockhash = blockhash
  transaction.feePayer = signers[0].publicKey
  transaction.sign(...signers)
  if (transaction.signature === null) throw new Error('the transaction is not signed')
  return {
    signature: bs58.encode(transaction.signature),
    bytes: transaction.serialize(),
    lastValidBlockHeight,
  }
}

async function statusOf(rpc: Connection, signature: string): Promise<SignatureStatus | null> {
  const { value } = await rpc.getSignatureStatuses([signature])
  return value[0] ?? null
}

/** Signs so that the signature is new: the same instructions sent twice within one blockhash are one transaction. */
async function signAnew(
  rpc: Connection,
  instructions: readonly TransactionInstruction[],
  signers: readonly [Keypair, ...Keypair[]],
): Promise<SignedTransaction> {
  for (let tries = 0; tries < FRESH_TRIES; tries += 1) {
    const signed = await signTransaction(rpc, instructions, signers)
    if ((await statusOf(rpc, signed.signature)) === null) return signed
    await pause(POLL_MS)
  }
  throw new Error('the node hands out no new blockhash')
}

/** Sends a signed transaction, again where nodes drop it, until it has reached `commitment`, failed, or expired. */
export async function landTransaction(
  rpc: Connection,
  { signature, bytes, lastValidBlockHeight }: SignedTransaction,
  commitment: 'confirmed' | 'finalized',
): Promise<SendOutcome> {
  const broadcast = () => rpc.sendRawTransaction(bytes, { skipPreflight: true, maxRetries: 0 })
  await broadcast()
  for (let polls = 1; ; polls += 1) {
    const status = await statusOf(rpc, signature)
    if (status === null) {
      const height = await rpc.getBlockHeight('finalized')
      if (height > lastValidBlockHeight) return { kind: 'expired', signature }
      if (polls % POLLS_PER_SEND === 0) await broadcast()
    } else {
      const final = status.confirmationStatus === 'finalized'
      if (final || (commitment === 'confirmed' && status.confirmationStatus === 'confirmed')) {
        if (status.err !== null) return { kind: 'failed', signature, error: status.err }
        return { kind: 'landed', signature, slot: status.slot }
      }
    }
    await pause(POLL_MS)
  }
}

/**
 * Sends the instructions in one transaction and waits until it has reached `commitment`, failed, or expired.
 * The first signer pays. Throws what an unreachable node, or one that refuses the transaction, makes web3.js throw.
 */
export async function sendTransaction(
  rpc: Connection,
  instructions: readonly TransactionInstruction[],
  signers: readonly [Keypair, ...Keypair[]],
  commitment: 'confirmed' | 'finalized',
): Promise<SendOutcome> {
  return landTransaction(rpc, await signAnew(rpc, instructions, signers), commitment)
}

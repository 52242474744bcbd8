/** Sends a transaction and says what became of it, through lost answers and expired blockhashes. */
import { setTimeout as pause } from 'node:timers/promises'
import {
  type Connection,
  Keypair,
  PublicKey,
  type SignatureStatus,
  Transaction,
  type TransactionError,
  type TransactionInstruction,
} from '@solana/web3.js'
import bs58 from 'bs58'
import type { MessageSigner } from '../signers/message-signer.ts'

/** A key of this process, or whoever signs for one that lives elsewhere. */
export type TransactionSigner = Keypair | MessageSigner
export type TransactionSigners = readonly [TransactionSigner, ...TransactionSigner[]]

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

export function addressOf(signer: TransactionSigner): PublicKey {
  return signer instanceof Keypair ? signer.publicKey : new PublicKey(signer.publicKey)
}

/** Signs under the latest confirmed blockhash; the first signer pays the fee. */
export async function signTransaction(
  rpc: Connection,
  instructions: readonly TransactionInstruction[],
  signers: TransactionSigners,
): Promise<SignedTransaction> {
  const { blockhash, lastValidBlockHeight } = await rpc.getLatestBlockhash('confirmed')
  const transaction = new Transaction().add(...instructions)
  transaction.recentBlockhash = blockhash
  transaction.feePayer = addressOf(signers[0])
  const message = transaction.serializeMessage()
  for (const signer of signers) {
    if (signer instanceof Keypair) transaction.partialSign(signer)
    else transaction.addSignature(addressOf(signer), Buffer.from(await signer.sign(message)))
  }
  if (transaction.signature === null) throw new Error('the transaction is not signed')
  return {
    signature: bs58.encode(transaction.signature),
    bytes: transaction.serialize(),
    lastValidBlockHeight,
  }
}

async function statusOf(
  rpc: Connection,
  signature: string,
  searchTransactionHistory = false,
): Promise<SignatureStatus | null> {
  const options = { searchTransactionHistory }
  return (await rpc.getSignatureStatuses([signature], options)).value[0] ?? null
}

/** Signs so that the signature is new: the same instructions sent twice within one blockhash are one transaction. */
async function signAnew(
  rpc: Connection,
  instructions: readonly TransactionInstruction[],
  signers: TransactionSigners,
): Promise<SignedTransaction> {
  for (let tries = 0; tries < FRESH_TRIES; tries += 1) {
    const signed = await signTransaction(rpc, instructions, signers)
    if ((await statusOf(rpc, signed.signature)) === null) return signed
    await pause(POLL_MS)
  }
  throw new Error('the node hands out no new blockhash')
}

/** What a node knows of a transaction: nothing, that it is on its way, or what became of it. */
export type Standing = { readonly kind: 'unseen' } | { readonly kind: 'under_way' } | SendOutcome

/** Asks the node once how the transaction stands, as seen from `commitment`. */
export async function standingOf(
  rpc: Connection,
  { signature, lastValidBlockHeight }: SignedTransaction,
  commitment: 'confirmed' | 'finalized',
): Promise<Standing> {
  let status = await statusOf(rpc, signature)
  if (status === null) {
    const height = await rpc.getBlockHeight('finalized')
    if (height <= lastValidBlockHeight) return { kind: 'unseen' }
    // It may have landed since the node was asked: now nothing can change any more.
    status = await statusOf(rpc, signature, true)
    if (status === null) return { kind: 'expired', signature }
  }
  const { confirmationStatus, err, slot } = status
  const reached =
    confirmationStatus === 'finalized' ||
    (commitment === 'confirmed' && confirmationStatus === 'confirmed')
  if (!reached) return { kind: 'under_way' }
  return err === null
    ? { kind: 'landed', signature, slot }
    : { kind: 'failed', signature, error: err }
}

/** Hands a signed transaction to the node, which checks nothing first. */
export async function broadcast(rpc: Connection, { bytes }: SignedTransaction): Promise<void> {
  await rpc.sendRawTransaction(bytes, { skipPreflight: true, maxRetries: 0 })
}

/** Sends a signed transaction, again where nodes drop it, until it has reached `commitment`, failed, or expired. */
export async function landTransaction(
  rpc: Connection,
  signed: SignedTransaction,
  commitment: 'confirmed' | 'finalized',
): Promise<SendOutcome> {
  await broadcast(rpc, signed)
  for (let polls = 1; ; polls += 1) {
    const standing = await standingOf(rpc, signed, commitment)
    if (standing.kind !== 'unseen' && standing.kind !== 'under_way') return standing
    if (standing.kind === 'unseen' && polls % POLLS_PER_SEND === 0) await broadcast(rpc, signed)
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
  signers: TransactionSigners,
  commitment: 'confirmed' | 'finalized',
): Promise<SendOutcome> {
  return landTransaction(rpc, await signAnew(rpc, instructions, signers), commitment)
}

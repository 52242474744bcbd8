/** Transactions of the agent's own wallet: signed by its key, wherever that lives. */
import { createHash } from 'node:crypto'
import {
  ComputeBudgetProgram,
  type Connection,
  PublicKey,
  Transaction,
  type TransactionInstruction,
} from '@solana/web3.js'
import bs58 from 'bs58'
import type { SignedTransaction } from './follow-transaction.ts'
import type { Signer } from './key.ts'

/** What nodes answer within, in milliseconds. */
export const RPC_TIMEOUT_MS = 15_000

/** More than any of the agent's transactions needs; the network allows 1,400,000. */
const COMPUTE_UNITS_MIN = 400_000
const COMPUTE_UNITS_SPREAD = 1_000_000

/** Signs under the latest confirmed blockhash; the agent pays the fee. `nonce` makes the transaction one of its own. */
export async function signTransaction(
  rpc: Connection,
  instructions: readonly TransactionInstruction[],
  signer: Signer,
  nonce: string,
): Promise<SignedTransaction> {
  const feePayer = new PublicKey(signer.publicKey)
  const { blockhash, lastValidBlockHeight } = await rpc.getLatestBlockhash('confirmed')
  const transaction = new Transaction().add(uniqueLimit(nonce), ...instructions)
  transaction.feePayer = feePayer
  transaction.recentBlockhash = blockhash
  const signature = Buffer.from(await signer.sign(transaction.serializeMessage()))
  transaction.addSignature(feePayer, signature)
  return { signature: bs58.encode(signature), bytes: transaction.serialize(), lastValidBlockHeight }
}

/**
 * A compute limit of its own for each transaction. Two deposits of one amount under one blockhash would otherwise be one
 * transaction, paid once and believed to be two.
 */
function uniqueLimit(nonce: string): TransactionInstruction {
  const digest = createHash('sha256').update(nonce).digest()
  const units = COMPUTE_UNITS_MIN + (digest.readUInt32LE() % COMPUTE_UNITS_SPREAD)
  return ComputeBudgetProgram.setComputeUnitLimit({ units })
}

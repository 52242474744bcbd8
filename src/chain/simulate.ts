/** Asks the node what a transaction would do, without sending it. */
import {
  type Connection,
  type PublicKey,
  type TransactionError,
  type TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js'
import { vaultIdl } from './program-file.ts'

export type Simulation =
  | { readonly kind: 'passes'; readonly computeUnits: number }
  | { readonly kind: 'fails'; readonly error: TransactionError }

/** What a simulation puts in the place of a blockhash that it replaces. */
const NO_BLOCKHASH = '11111111111111111111111111111111'

/** Runs the instructions on the confirmed state, paid for by `payer`, whose signature is not needed. */
export async function simulate(
  rpc: Connection,
  payer: PublicKey,
  instructions: readonly TransactionInstruction[],
): Promise<Simulation> {
  const message = new TransactionMessage({
    payerKey: payer,
    recentBlockhash: NO_BLOCKHASH,
    instructions: [...instructions],
  }).compileToLegacyMessage()
  const { value } = await rpc.simulateTransaction(new VersionedTransaction(message), {
    sigVerify: false,
    replaceRecentBlockhash: true,
    commitment: 'confirmed',
  })
  if (value.err !== null) return { kind: 'fails', error: value.err }
  if (value.unitsConsumed === undefined) throw new Error('the simulation counts no compute units')
  return { kind: 'passes', computeUnits: value.unitsConsumed }
}

/** Whether one instruction failed, and not the transaction as a whole (its payer, its blockhash). */
export function isInstructionError(error: TransactionError): boolean {
  return instructionFailure(error) !== null
}

/** The number by which a program failed, or null. */
export function programError(error: TransactionError): number | null {
  const failure = instructionFailure(error)
  if (typeof failure !== 'object' || failure === null || !('Custom' in failure)) return null
  return typeof failure.Custom === 'number' ? failure.Custom : null
}

/** The error in words, where the vault program has some. */
export function describeError(error: TransactionError): string {
  const code = programError(error)
  const known = vaultIdl().errors.find((row) => row.code === code)
  return known === undefined ? JSON.stringify(error) : `${known.name}: ${known.msg}`
}

function instructionFailure(error: TransactionError): unknown {
  if (typeof error === 'string' || !('InstructionError' in error)) return null
  const failure = (error as { InstructionError: unknown }).InstructionError
  return Array.isArray(failure) ? failure[1] : null
}

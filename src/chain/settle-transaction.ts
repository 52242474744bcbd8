/**
 * Transactions that settle several vaults: for each the agent's voucher in an Ed25519 precompile instruction, and
 * `settle` just behind it. Source: chain contract, "Voucher"; sizes: the legacy wire format.
 */
import { ComputeBudgetProgram, type PublicKey, type TransactionInstruction } from '@solana/web3.js'
import type { Units } from '../money.ts'
import {
  ed25519Instruction,
  type SettlingParties,
  settle,
  type VaultParties,
} from './instructions.ts'
import { voucherBytes } from './voucher.ts'

/** One vault's settlement, up to `cumulative`. */
export interface SettleStep {
  readonly parties: VaultParties
  readonly vault: PublicKey
  readonly cumulative: Units
  /** One that never expires. `signature`: 64 bytes. */
  readonly voucher: { readonly cumulative: Units; readonly signature: Uint8Array }
}

/** The compute budget of one transaction. */
export interface Budget {
  readonly computeUnits: number
  /** Micro-lamports per unit. */
  readonly priorityFee: number
}

/** The network drops anything longer. */
const TRANSACTION_BYTES_MAX = 1_232
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const HEADER_BYTES = 3
const BLOCKHASH_BYTES = 32

/** Each vault's voucher and settlement. Deriving their addresses takes milliseconds: they are built once for a batch. */
export function settleInstructions(
  settling: SettlingParties,
  steps: readonly SettleStep[],
): TransactionInstruction[] {
  return steps.flatMap(({ parties, vault, cumulative, voucher }) => {
    const signed = voucherBytes(vault, voucher.cumulative)
    return [
      ed25519Instruction(parties.agent, signed, voucher.signature),
      settle(parties, settling, cumulative),
    ]
  })
}

/** The same behind a compute budget: what one transaction holds. */
export function withBudget(
  { computeUnits, priorityFee }: Budget,
  instructions: readonly TransactionInstruction[],
): TransactionInstruction[] {
  return [
    ComputeBudgetProgram.setComputeUnitLimit({ units: computeUnits }),
    ComputeBudgetProgram.setComputeUnitPrice({ microLamports: priorityFee }),
    ...instructions,
  ]
}

/** The accounts that instructions write, each once. */
export function writtenAccounts(instructions: readonly TransactionInstruction[]): PublicKey[] {
  const written = instructions.flatMap(({ keys }) => keys.filter(({ isWritable }) => isWritable))
  return [...new Map(written.map(({ pubkey }) => [pubkey.toBase58(), pubkey])).values()]
}

/**
 * Cuts the steps into transactions, in their order, each with as many as fit. All are of one gateway, so that each
 * after the first makes a transaction longer by the same number of bytes.
 */
export function cutIntoTransactions<Step extends SettleStep>(
  settling: SettlingParties,
  steps: readonly Step[],
): Step[][] {
  const [one, two] = [1, 2].map((count) => {
    const instructions = settleInstructions(settling, steps.slice(0, count))
    const budget = { computeUnits: 0, priorityFee: 0 }
    return transactionBytes(settling.authority, withBudget(budget, instructions))
  }) as [number, number]
  const size = two > one ? 1 + Math.floor((TRANSACTION_BYTES_MAX - one) / (two - one)) : 1
  const cut: Step[][] = []
  for (let at = 0; at < steps.length; at += size) cut.push(steps.slice(at, at + size))
  return cut
}

/** The length of a transaction that `payer` signs, as it travels. */
export function transactionBytes(
  payer: PublicKey,
  instructions: readonly TransactionInstruction[],
): number {
  const keys = new Set([payer.toBase58()])
  const signers = new Set(keys)
  let bytes = lengthBytes(instructions.length)
  for (const { programId, keys: accounts, data } of instructions) {
    keys.add(programId.toBase58())
    for (const { pubkey, isSigner } of accounts) {
      keys.add(pubkey.toBase58())
      if (isSigner) signers.add(pubkey.toBase58())
    }
    bytes += 1 + lengthBytes(accounts.length) + accounts.length
    bytes += lengthBytes(data.length) + data.length
  }
  const signed = lengthBytes(signers.size) + signers.size * SIGNATURE_BYTES
  const named = lengthBytes(keys.size) + keys.size * KEY_BYTES
  return signed + HEADER_BYTES + named + BLOCKHASH_BYTES + bytes
}

/** Lengths travel in seven bits a byte. */
function lengthBytes(length: number): number {
  return length < 0x80 ? 1 : 2
}

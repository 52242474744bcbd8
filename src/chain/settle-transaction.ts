/**
 * Transactions that settle several vaults: for each the agent's voucher in an Ed25519 precompile instruction, and
 * `settle` just behind it. Source: chain contract, "Voucher"; sizes: the legacy wire format.
 */
import { ComputeBudgetProgram, type PublicKey, type TransactionInstruction } from '@solana/web3.js'
import type { Units } from '../money.ts'
import { depositAddress, tokenAddress, vaultAddress } from './addresses.ts'
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

/** The instructions of one transaction, its budget first. */
export function settleInstructions(
  settling: SettlingParties,
  steps: readonly SettleStep[],
  { computeUnits, priorityFee }: Budget,
): TransactionInstruction[] {
  return [
    ComputeBudgetProgram.setComputeUnitLimit({ units: computeUnits }),
    ComputeBudgetProgram.setComputeUnitPrice({ microLamports: priorityFee }),
    ...steps.flatMap(({ parties, cumulative, voucher }) => {
      const vault = vaultAddress(parties.program, parties.gateway, parties.agent)
      const signed = voucherBytes(vault, voucher.cumulative)
      return [
        ed25519Instruction(parties.agent, signed, voucher.signature),
        settle(parties, settling, cumulative),
      ]
    }),
  ]
}

/** The accounts that the steps write, beside the fee payer's. */
export function writtenAccounts(
  { treasury }: SettlingParties,
  steps: readonly SettleStep[],
): PublicKey[] {
  const paid = steps.slice(0, 1).map(({ parties }) => tokenAddress(treasury, parties.mint))
  const own = steps.flatMap(({ parties: { program, gateway, mint, agent } }) => {
    const vault = vaultAddress(program, gateway, agent)
    return [vault, depositAddress(vault, mint)]
  })
  return [...paid, ...own]
}

/** Cuts the steps into transactions, in their order, each with as many as fit. */
export function cutIntoTransactions<Step extends SettleStep>(
  settling: SettlingParties,
  steps: readonly Step[],
): Step[][] {
  const budget = { computeUnits: 0, priorityFee: 0 }
  const fits = (some: readonly Step[]) =>
    transactionBytes(settling.authority, settleInstructions(settling, some, budget)) <=
    TRANSACTION_BYTES_MAX
  const cut: Step[][] = []
  for (const step of steps) {
    const last = cut.at(-1)
    if (last !== undefined && fits([...last, step])) last.push(step)
    else cut.push([step])
  }
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

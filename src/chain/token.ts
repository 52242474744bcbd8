/**
 * The few instructions of the classic Token and Associated Token programs that level5 sends, and its token accounts,
 * encoded by hand. Amounts are units of the mint.
 */
import { PublicKey, SystemProgram, TransactionInstruction } from '@solana/web3.js'
import { type Units, units } from '../money.ts'
import { ASSOCIATED_TOKEN_PROGRAM, TOKEN_PROGRAM, tokenAddress } from './addresses.ts'

/** Bytes of a mint account. */
export const MINT_SIZE = 82

const INITIALIZE_MINT_2 = 20
const MINT_TO_CHECKED = 14
const TRANSFER_CHECKED = 12
const CREATE_IDEMPOTENT = 1

/** Token account layout: mint 0, owner 32, amount 64, state 108 (0 uninitialized, 1 initialized, 2 frozen). */
const TOKEN_ACCOUNT_SIZE = 165
const AMOUNT_OFFSET = 64
const STATE_OFFSET = 108
const FROZEN = 2

const signer = (pubkey: PublicKey) => ({ pubkey, isSigner: true, isWritable: false })
const writable = (pubkey: PublicKey) => ({ pubkey, isSigner: false, isWritable: true })
const readonly = (pubkey: PublicKey) => ({ pubkey, isSigner: false, isWritable: false })

function amountAndDecimals(tag: number, amount: Units, decimals: number): Buffer {
  const data = Buffer.alloc(10)
  data.writeUInt8(tag, 0)
  data.writeBigUInt64LE(amount, 1)
  data.writeUInt8(decimals, 9)
  return data
}

/** Makes an allocated account of `MINT_SIZE` a mint; `authority` mints and freezes. */
export function initializeMint(
  mint: PublicKey,
  decimals: number,
  authority: PublicKey,
): TransactionInstruction {
  const key = authority.toBytes()
  return new TransactionInstruction({
    programId: TOKEN_PROGRAM,
    keys: [writable(mint)],
    data: Buffer.from([INITIALIZE_MINT_2, decimals, ...key, 1, ...key]),
  })
}

export function mintTo(
  mint: PublicKey,
  destination: PublicKey,
  authority: PublicKey,
  amount: Units,
  decimals: number,
): TransactionInstruction {
  return new TransactionInstruction({
    programId: TOKEN_PROGRAM,
    keys: [writable(mint), writable(destination), signer(authority)],
    data: amountAndDecimals(MINT_TO_CHECKED, amount, decimals),
  })
}

/** A plain transfer between token accounts, as any wallet or exchange makes it. */
export function transferChecked(
  transfer: {
    readonly source: PublicKey
    readonly mint: PublicKey
    readonly destination: PublicKey
    readonly owner: PublicKey
  },
  amount: Units,
  decimals: number,
): TransactionInstruction {
  const { source, mint, destination, owner } = transfer
  return new TransactionInstruction({
    programId: TOKEN_PROGRAM,
    keys: [writable(source), readonly(mint), writable(destination), signer(owner)],
    data: amountAndDecimals(TRANSFER_CHECKED, amount, decimals),
  })
}

/** Creates the owner's associated token account; changes nothing where it exists. */
export function createTokenAccount(
  payer: PublicKey,
  owner: PublicKey,
  mint: PublicKey,
): TransactionInstruction {
  return new TransactionInstruction({
    programId: ASSOCIATED_TOKEN_PROGRAM,
    keys: [
      { pubkey: payer, isSigner: true, isWritable: true },
      writable(tokenAddress(owner, mint)),
      readonly(owner),
      readonly(mint),
      readonly(SystemProgram.programId),
      readonly(TOKEN_PROGRAM),
    ],
    data: Buffer.from([CREATE_IDEMPOTENT]),
  })
}

export interface TokenAccount {
  readonly mint: PublicKey
  readonly owner: PublicKey
  readonly amount: Units
  /** Frozen by the mint's freeze authority: nothing moves in or out. */
  readonly frozen: boolean
}

/** Reads a token account's data, or null when it is none. */
export function readTokenAccount(data: Uint8Array): TokenAccount | null {
  if (data.length !== TOKEN_ACCOUNT_SIZE || data[STATE_OFFSET] === 0) return null
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return {
    mint: new PublicKey(bytes.subarray(0, 32)),
    owner: new PublicKey(bytes.subarray(32, 64)),
    amount: units(bytes.readBigUInt64LE(AMOUNT_OFFSET)),
    frozen: bytes[STATE_OFFSET] === FROZEN,
  }
}

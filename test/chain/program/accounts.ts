/** Accounts as bytes, for chains that start with them in place; also those that no transaction could bring about. */
import type { PublicKey } from '@solana/web3.js'
import { TOKEN_PROGRAM } from '../../../src/chain/addresses.ts'
import { MINT_SIZE } from '../../../src/chain/token.ts'
import type { GenesisAccount } from '../../../src/chain/validator/local-validator.ts'

/** Rent of anything here, with room to spare. */
const LAMPORTS = 1_000_000_000
const TOKEN_ACCOUNT_SIZE = 165
const INITIALIZED = 1
const FROZEN = 2

/** A mint with six decimals; `program` may be Token-2022, whose plain mints have the same bytes. */
export function mintAccount(address: PublicKey, authority: PublicKey, program: PublicKey) {
  const data = Buffer.alloc(MINT_SIZE)
  data.writeUInt32LE(1, 0)
  data.set(authority.toBytes(), 4)
  data.writeUInt8(6, 44)
  data.writeUInt8(INITIALIZED, 45)
  return account(address, program, data)
}

export interface TokenFields {
  readonly mint: PublicKey
  readonly owner: PublicKey
  readonly amount: bigint
  readonly delegate?: PublicKey
  readonly frozen?: boolean
}

/** A token account of the classic Token program, or of `program`. */
export function tokenAccount(
  address: PublicKey,
  fields: TokenFields,
  program = TOKEN_PROGRAM,
): GenesisAccount {
  const data = Buffer.alloc(TOKEN_ACCOUNT_SIZE)
  data.set(fields.mint.toBytes(), 0)
  data.set(fields.owner.toBytes(), 32)
  data.writeBigUInt64LE(fields.amount, 64)
  if (fields.delegate !== undefined) {
    data.writeUInt32LE(1, 72)
    data.set(fields.delegate.toBytes(), 76)
    data.writeBigUInt64LE(fields.amount, 121)
  }
  data.writeUInt8(fields.frozen === true ? FROZEN : INITIALIZED, 108)
  return account(address, program, data)
}

export function account(
  address: PublicKey,
  owner: PublicKey,
  data: Uint8Array = Buffer.alloc(0),
  lamports = LAMPORTS,
): GenesisAccount {
  return { address: address.toBase58(), owner: owner.toBase58(), lamports, data }
}

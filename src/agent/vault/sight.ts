/** One reading of everything that a withdrawal depends on, all of the same slot. Source: chain contract, "Accounts". */
import { type Connection, type PublicKey, SYSVAR_CLOCK_PUBKEY } from '@solana/web3.js'
import {
  bookedBalance,
  decodeGateway,
  decodeVault,
  type Gateway,
  type Vault,
} from '../../chain/accounts.ts'
import { depositAddress, tokenAddress, vaultAddress } from '../../chain/addresses.ts'
import type { VaultParties } from '../../chain/instructions.ts'
import { readTokenAccount } from '../../chain/token.ts'
import { type Units, units } from '../../money.ts'
import { Level5Error } from '../level5-error.ts'

export interface VaultSight {
  readonly slot: number
  /** Null: it was never opened. */
  readonly vault: Vault | null
  /** The vault's token account; null: it does not exist, or is closed. */
  readonly depositAddress: {
    readonly tokens: Units
    readonly lamports: bigint
    readonly frozen: boolean
  } | null
  /** The agent's own lamports. */
  readonly walletLamports: bigint
  readonly hasTokenAccount: boolean
  /** The chain's clock, Unix seconds: the one that the program asks. */
  readonly clockSeconds: bigint
}

/** `unix_timestamp` in the clock sysvar. */
const CLOCK_OFFSET = 32

/** Reads it all in one request. Throws what the node makes web3.js throw. */
export async function readSight(
  rpc: Connection,
  parties: VaultParties,
  commitment: 'confirmed' | 'finalized',
): Promise<VaultSight> {
  const { program, gateway, mint, agent } = parties
  const vaultKey = vaultAddress(program, gateway, agent)
  const keys = [
    vaultKey,
    depositAddress(vaultKey, mint),
    agent,
    tokenAddress(agent, mint),
    SYSVAR_CLOCK_PUBKEY,
  ]
  const { context, value } = await rpc.getMultipleAccountsInfoAndContext(keys, { commitment })
  const [vault, deposit, wallet, tokens, clock] = value
  if (clock == null || clock.data.length < CLOCK_OFFSET + 8)
    throw new Error('the node has no clock')
  const held = deposit == null ? null : readTokenAccount(deposit.data)
  // Whoever sends lamports to the address of a vault has not opened it.
  const isOpen = vault?.owner.equals(program) === true
  return {
    slot: context.slot,
    vault: isOpen && vault != null ? decodeVault(vault.data) : null,
    depositAddress:
      held === null
        ? null
        : { tokens: held.amount, lamports: lamportsOf(deposit), frozen: held.frozen },
    walletLamports: lamportsOf(wallet),
    hasTokenAccount: tokens != null && readTokenAccount(tokens.data) !== null,
    clockSeconds: clock.data.readBigInt64LE(CLOCK_OFFSET),
  }
}

function lamportsOf(account: { readonly lamports: number } | null | undefined): bigint {
  const lamports = account?.lamports ?? 0
  if (!Number.isInteger(lamports)) throw new Error(`the node states ${lamports} lamports`)
  return BigInt(lamports)
}

/** USDC that came by plain transfer and is not booked yet. */
export function surplusOf({ vault, depositAddress: address }: VaultSight): Units {
  const booked = vault === null ? units(0n) : bookedBalance(vault)
  const tokens = address?.tokens ?? 0n
  return units(tokens > booked ? tokens - booked : 0n)
}

/** Reads the Gateway account. Throws `untrusted_answer` where the program has no such gateway on this chain. */
export async function readGateway(
  rpc: Connection,
  program: PublicKey,
  gateway: PublicKey,
  commitment: 'confirmed' | 'finalized' = 'confirmed',
): Promise<Gateway> {
  const account = await rpc.getAccountInfo(gateway, commitment)
  const found = account?.owner.equals(program) === true ? gatewayIn(account.data) : null
  if (found !== null) return found
  const message = `${gateway} is not a gateway of the program ${program} on this chain`
  throw new Level5Error('untrusted_answer', message)
}

/** Null for any other account of the program. */
function gatewayIn(data: Buffer): Gateway | null {
  try {
    return decodeGateway(data)
  } catch {
    return null
  }
}

/** Arguments and accounts as Anchor's own coder writes them: what the program reads here is what any Anchor client sends. */
import anchor from '@coral-xyz/anchor'
import type { PublicKey } from '@solana/web3.js'
import idl from '../../../contracts/idl.json' with { type: 'json' }

/** What the program allocates for a gateway, whatever its endpoint. */
export const GATEWAY_SIZE = 285

type Argument = PublicKey | bigint | string
export type Arguments = Readonly<Record<string, Argument>>

export const coder = new anchor.BorshCoder(idl as anchor.Idl)
const bn = (value: bigint) => new anchor.BN(value.toString())

export interface GatewayFields {
  readonly authority: PublicKey
  readonly treasury: PublicKey
  readonly mint: PublicKey
  readonly withdrawalDelay: bigint
  readonly bump: number
}

/** A Gateway account as Anchor's coder writes it, padded to the size that the program allocates. */
export async function gatewayData(fields: GatewayFields): Promise<Uint8Array> {
  const encoded = await coder.accounts.encode('Gateway', {
    authority: fields.authority,
    treasury: fields.treasury,
    mint: fields.mint,
    withdrawal_delay: bn(fields.withdrawalDelay),
    receipt_key: fields.authority,
    endpoint: 'https://gw.example.com',
    opened_at: bn(1_795_262_400n),
    bump: fields.bump,
  })
  return Buffer.concat([encoded], GATEWAY_SIZE)
}

export interface VaultFields {
  readonly gateway: PublicKey
  readonly agent: PublicKey
  readonly deposited: bigint
  readonly settled: bigint
  readonly withdrawn: bigint
  readonly depositIndex: bigint
  readonly pendingWithdrawal?: bigint
  readonly withdrawableAt?: bigint
  readonly withdrawalDelay: bigint
  readonly bump: number
}

/** A Vault account as Anchor's coder writes it. */
export function vaultData(fields: VaultFields): Promise<Uint8Array> {
  return coder.accounts.encode('Vault', {
    gateway: fields.gateway,
    agent: fields.agent,
    deposited: bn(fields.deposited),
    settled: bn(fields.settled),
    withdrawn: bn(fields.withdrawn),
    deposit_index: bn(fields.depositIndex),
    pending_withdrawal: bn(fields.pendingWithdrawal ?? 0n),
    withdrawable_at: bn(fields.withdrawableAt ?? 0n),
    withdrawal_delay: bn(fields.withdrawalDelay),
    bump: fields.bump,
  })
}

/** An instruction's discriminator and arguments. */
export function instructionData(name: string, args: Arguments): Buffer {
  const values = Object.entries(args).map(([field, value]) => [
    field,
    typeof value === 'bigint' ? bn(value) : value,
  ])
  return coder.instruction.encode(name, Object.fromEntries(values))
}

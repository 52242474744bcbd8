/** The vault program's accounts. Source: chain contract, "Accounts". Times and delays are seconds. */
import { PublicKey } from '@solana/web3.js'
import { z } from 'zod'
import { type Units, units } from '../money.ts'
import { decodeAccountFields } from './vault-coder.ts'

export interface Gateway {
  readonly authority: PublicKey
  /** Owner of the token account that receives settlements. */
  readonly treasury: PublicKey
  readonly mint: PublicKey
  readonly withdrawalDelaySeconds: bigint
  readonly receiptKey: PublicKey
  readonly endpoint: string
  readonly openedAtSeconds: bigint
  readonly bump: number
}

/** Deposited, settled and withdrawn are totals and never decrease. */
export interface Vault {
  readonly gateway: PublicKey
  readonly agent: PublicKey
  readonly deposited: Units
  readonly settled: Units
  readonly withdrawn: Units
  /** How many deposits there were. */
  readonly depositIndex: bigint
  readonly pendingWithdrawal: Units
  readonly withdrawableAtSeconds: bigint
  readonly withdrawalDelaySeconds: bigint
  readonly bump: number
}

const key = z.instanceof(PublicKey)
const integer = z.bigint()
const amount = integer.transform(units)

const gatewayFields = z
  .object({
    authority: key,
    treasury: key,
    mint: key,
    withdrawal_delay: integer,
    receipt_key: key,
    endpoint: z.string(),
    opened_at: integer,
    bump: z.number(),
  })
  .transform(
    (fields): Gateway => ({
      authority: fields.authority,
      treasury: fields.treasury,
      mint: fields.mint,
      withdrawalDelaySeconds: fields.withdrawal_delay,
      receiptKey: fields.receipt_key,
      endpoint: fields.endpoint,
      openedAtSeconds: fields.opened_at,
      bump: fields.bump,
    }),
  )

const vaultFields = z
  .object({
    gateway: key,
    agent: key,
    deposited: amount,
    settled: amount,
    withdrawn: amount,
    deposit_index: integer,
    pending_withdrawal: amount,
    withdrawable_at: integer,
    withdrawal_delay: integer,
    bump: z.number(),
  })
  .transform(
    (fields): Vault => ({
      gateway: fields.gateway,
      agent: fields.agent,
      deposited: fields.deposited,
      settled: fields.settled,
      withdrawn: fields.withdrawn,
      depositIndex: fields.deposit_index,
      pendingWithdrawal: fields.pending_withdrawal,
      withdrawableAtSeconds: fields.withdrawable_at,
      withdrawalDelaySeconds: fields.withdrawal_delay,
      bump: fields.bump,
    }),
  )

/** Reads a Gateway account's data. Throws NotReadable when it is anything else. */
export function decodeGateway(data: Uint8Array): Gateway {
  return gatewayFields.parse(decodeAccountFields('Gateway', data))
}

/** Reads a Vault account's data. Throws NotReadable when it is anything else. */
export function decodeVault(data: Uint8Array): Vault {
  return vaultFields.parse(decodeAccountFields('Vault', data))
}

/** What the vault's token account must hold at least; whatever is more came by plain transfer. */
export function bookedBalance(vault: Vault): Units {
  return units(vault.deposited - vault.settled - vault.withdrawn)
}

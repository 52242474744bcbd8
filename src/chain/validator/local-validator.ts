/** What every local validator is to those who use one. Source: chain contract, "Local validators". */
import type { Keypair } from '@solana/web3.js'

export const VALIDATOR_KINDS = ['embedded', 'solana-test-validator'] as const
export type ValidatorKind = (typeof VALIDATOR_KINDS)[number]

/** A program that stands on the chain from its first slot. */
export interface GenesisProgram {
  /** Base58. */
  readonly address: string
  /** Path of the SBPF `.so`. */
  readonly file: string
}

/** An account that stands on the chain from its first slot, whatever it holds. */
export interface GenesisAccount {
  /** Base58. */
  readonly address: string
  /** Base58. */
  readonly owner: string
  readonly lamports: number
  readonly data: Uint8Array
}

export interface ValidatorOptions {
  /** Deployed before the first transaction can arrive, without an upgrade authority. */
  readonly programs: readonly GenesisProgram[]
  readonly accounts?: readonly GenesisAccount[]
  /** Embedded only: milliseconds per slot; a transaction is final 31 slots later. */
  readonly slotTimeMs?: number
}

/** A running chain of its own: own ports, own state, nothing left after `stop`. */
export interface LocalValidator {
  readonly kind: ValidatorKind
  readonly rpcUrl: string
  readonly wsUrl: string
  /** Holds SOL enough for everything local. */
  readonly payer: Keypair
  stop(): Promise<void>
}

/** SOL of the payer at the start, in lamports. */
export const PAYER_LAMPORTS = 100_000_000_000_000

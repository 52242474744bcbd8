/** What the chain says of an agent's vault, whoever runs the gateway. Source: chain contract, "Accounts". */
import type { Connection } from '@solana/web3.js'
import { bookedBalance } from '../../chain/accounts.ts'
import { depositAddress, vaultAddress } from '../../chain/addresses.ts'
import type { VaultParties } from '../../chain/instructions.ts'
import { upgradeAuthority } from '../../chain/upgrade-authority.ts'
import { Level5Error } from '../level5-error.ts'
import { readGateway, readSight, surplusOf } from './sight.ts'

/** Read at `finalized`. Amounts are decimal strings of units, addresses base58, times RFC 3339 UTC. */
export interface VaultStatus {
  readonly program: string
  /** Who may replace the program; null: nobody can. */
  readonly upgrade_authority: string | null
  readonly gateway: string
  /** The gateway's receipt key and delay for new vaults. */
  readonly receipt_key: string
  readonly vault: string
  readonly deposit_address: string
  readonly mint: string
  /** Whether the vault was opened; without one every total is 0. */
  readonly is_open: boolean
  readonly deposited: string
  readonly settled: string
  readonly withdrawn: string
  /** deposited − settled − withdrawn. */
  readonly booked: string
  /** What lies at the deposit address: never less than booked. */
  readonly tokens: string
  /** Came by plain transfer and is not booked yet. */
  readonly surplus: string
  /** Whether the issuer of USDC has frozen the deposit address. */
  readonly frozen: boolean
  readonly pending_withdrawal: string
  readonly withdrawable_at: string | null
  /** The vault's own, fixed when it was opened; the gateway's where there is no vault. */
  readonly withdrawal_delay_seconds: number
  readonly slot: number
}

/** Reads it. Throws `untrusted_answer` where the program has no such gateway on this chain. */
export async function readVaultStatus(
  rpc: Connection,
  parties: VaultParties,
): Promise<VaultStatus> {
  const { program, gateway: gatewayKey, mint, agent } = parties
  const gateway = await readGateway(rpc, program, gatewayKey)
  if (!gateway.mint.equals(mint)) {
    throw new Level5Error('untrusted_answer', `the gateway takes ${gateway.mint}, not ${mint}`)
  }
  const [sight, authority] = await Promise.all([
    readSight(rpc, parties, 'finalized'),
    upgradeAuthority(rpc, program),
  ])
  const { vault, depositAddress: address } = sight
  const vaultKey = vaultAddress(program, gatewayKey, agent)
  const pending = vault?.pendingWithdrawal ?? 0n
  return {
    program: program.toBase58(),
    upgrade_authority: authority.kind === 'held' ? authority.authority.toBase58() : null,
    gateway: gatewayKey.toBase58(),
    receipt_key: gateway.receiptKey.toBase58(),
    vault: vaultKey.toBase58(),
    deposit_address: depositAddress(vaultKey, mint).toBase58(),
    mint: mint.toBase58(),
    is_open: vault !== null,
    deposited: (vault?.deposited ?? 0n).toString(),
    settled: (vault?.settled ?? 0n).toString(),
    withdrawn: (vault?.withdrawn ?? 0n).toString(),
    booked: (vault === null ? 0n : bookedBalance(vault)).toString(),
    tokens: (address?.tokens ?? 0n).toString(),
    surplus: surplusOf(sight).toString(),
    frozen: address?.frozen ?? false,
    pending_withdrawal: pending.toString(),
    withdrawable_at:
      vault === null || pending === 0n
        ? null
        : new Date(Number(vault.withdrawableAtSeconds) * 1000).toISOString(),
    withdrawal_delay_seconds: Number(
      vault?.withdrawalDelaySeconds ?? gateway.withdrawalDelaySeconds,
    ),
    slot: sight.slot,
  }
}

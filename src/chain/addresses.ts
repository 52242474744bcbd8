/**
 * The addresses that everybody derives for itself: gateway, vault, deposit address, event authority.
 * Source: chain contract, "Accounts".
 */
import { PublicKey } from '@solana/web3.js'

/** The classic Token program; the only one that the vault program accepts. */
export const TOKEN_PROGRAM = new PublicKey('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA')
export const ASSOCIATED_TOKEN_PROGRAM = new PublicKey(
  'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL',
)

function derive(seeds: readonly (Buffer | Uint8Array)[], program: PublicKey): PublicKey {
  return PublicKey.findProgramAddressSync([...seeds], program)[0]
}

/** The gateway of an operator for one mint: PDA `["gateway", authority, mint]`. */
export function gatewayAddress(
  program: PublicKey,
  authority: PublicKey,
  mint: PublicKey,
): PublicKey {
  return derive([Buffer.from('gateway'), authority.toBytes(), mint.toBytes()], program)
}

/** The treasury of one agent with one gateway: PDA `["vault", gateway, agent]`. */
export function vaultAddress(program: PublicKey, gateway: PublicKey, agent: PublicKey): PublicKey {
  return derive([Buffer.from('vault'), gateway.toBytes(), agent.toBytes()], program)
}

/** The associated token account of an owner, for the classic Token program. */
export function tokenAddress(owner: PublicKey, mint: PublicKey): PublicKey {
  return derive(
    [owner.toBytes(), TOKEN_PROGRAM.toBytes(), mint.toBytes()],
    ASSOCIATED_TOKEN_PROGRAM,
  )
}

/** Where a vault's USDC lies, and where a plain transfer may go: the vault's associated token account. */
export function depositAddress(vault: PublicKey, mint: PublicKey): PublicKey {
  return tokenAddress(vault, mint)
}

/** Signs the program's self-CPI events: PDA `["__event_authority"]`. */
export function eventAuthority(program: PublicKey): PublicKey {
  return derive([Buffer.from('__event_authority')], program)
}

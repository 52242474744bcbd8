/** The accounts of the scenario's first slot, byte by byte. */
import { SystemProgram } from '@solana/web3.js'
import { TOKEN_PROGRAM } from '../../../src/chain/addresses.ts'
import type { GenesisAccount } from '../../../src/chain/validator/local-validator.ts'
import { account, mintAccount, type TokenFields, tokenAccount } from './accounts.ts'
import { gatewayData, type VaultFields, vaultData } from './anchor-coder.ts'
import {
  BOOKED_UNITS,
  CLOSED_VAULT_DELAY_SECONDS,
  DELAY_SECONDS,
  DELEGATE,
  DEPOSITOR,
  FAR_AHEAD_SECONDS,
  GATEWAY,
  type GatewayParts,
  LONG_AGO_SECONDS,
  MINT,
  ODD,
  OTHER_MINT,
  PENDING_UNITS,
  PROGRAM,
  SURPLUS_UNITS,
  TOKEN_2022_MINT,
  TOKEN_2022_PROGRAM,
  TREASURY,
  U64_MAX,
  VAULT,
  type VaultParts,
  WALLET,
  WALLET_UNITS,
} from './scenario.ts'

function vaultBytes(parts: VaultParts, fields: Partial<VaultFields> = {}): Promise<Uint8Array> {
  const { gateway, agent, bump } = parts
  const totals = { deposited: BOOKED_UNITS, settled: 0n, withdrawn: 0n, depositIndex: 2n }
  return vaultData({ gateway, agent, bump, withdrawalDelay: DELAY_SECONDS, ...totals, ...fields })
}

function gatewayBytes({ operator, mint, bump }: GatewayParts): Promise<Uint8Array> {
  return gatewayData({
    authority: operator,
    treasury: TREASURY,
    mint,
    bump,
    withdrawalDelay: DELAY_SECONDS,
  })
}

/** The bytes without their discriminator. */
function unmark(data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.alloc(8), data.subarray(8)])
}

/** An open vault with these fields and this balance. */
async function openVault(
  parts: VaultParts,
  fields: Partial<VaultFields>,
  amount: bigint,
): Promise<GenesisAccount[]> {
  return [
    account(parts.address, PROGRAM, await vaultBytes(parts, fields)),
    tokenAccount(parts.deposits, { mint: MINT, owner: parts.address, amount }),
  ]
}

/** Vaults on their way out. */
function withdrawing(): Promise<GenesisAccount[]>[] {
  const pending = { pendingWithdrawal: PENDING_UNITS }
  const due = { ...pending, withdrawableAt: LONG_AGO_SECONDS }
  const waiting = { ...pending, withdrawableAt: FAR_AHEAD_SECONDS }
  const spent = { settled: BOOKED_UNITS - 2n, withdrawn: 2n }
  const overasked = { ...due, settled: BOOKED_UNITS - PENDING_UNITS + 1n }
  return [
    openVault(VAULT.due, due, BOOKED_UNITS),
    openVault(VAULT.waiting, waiting, BOOKED_UNITS),
    openVault(VAULT.overasked, overasked, BOOKED_UNITS),
    openVault(VAULT.empty, spent, 0n),
    openVault(VAULT.dusty, spent, 1n),
    openVault(VAULT.emptyAsked, { ...due, ...spent }, 0n),
  ]
}

async function vaults(): Promise<GenesisAccount[]> {
  const { open, foreign, token2022, closedDeposits } = VAULT
  const full = { deposited: U64_MAX, settled: U64_MAX }
  // The sum of both wraps to zero.
  const over = { settled: U64_MAX, withdrawn: 1n }
  const opened = await Promise.all([
    openVault(open, {}, BOOKED_UNITS + SURPLUS_UNITS),
    openVault(foreign, {}, BOOKED_UNITS + SURPLUS_UNITS),
    openVault(VAULT.synced, {}, BOOKED_UNITS),
    openVault(VAULT.fullTotal, full, SURPLUS_UNITS),
    openVault(VAULT.fullIndex, { depositIndex: U64_MAX }, BOOKED_UNITS + SURPLUS_UNITS),
    openVault(VAULT.overdrawn, { settled: BOOKED_UNITS, withdrawn: 1n }, BOOKED_UNITS),
    openVault(VAULT.overflown, over, BOOKED_UNITS + SURPLUS_UNITS),
    openVault(VAULT.short, {}, BOOKED_UNITS - 1n),
    ...withdrawing(),
  ])
  const { address, deposits } = VAULT.frozen
  const frozen = { mint: MINT, owner: address, amount: BOOKED_UNITS + SURPLUS_UNITS, frozen: true }
  const closed = { withdrawalDelay: CLOSED_VAULT_DELAY_SECONDS }
  return [
    ...opened.flat(),
    account(VAULT.unmarked.address, PROGRAM, unmark(await vaultBytes(VAULT.unmarked))),
    account(address, PROGRAM, await vaultBytes(VAULT.frozen)),
    tokenAccount(deposits, frozen),
    account(closedDeposits.address, PROGRAM, await vaultBytes(closedDeposits, closed)),
    account(token2022.address, PROGRAM, await vaultBytes(token2022)),
    account(ODD.vaultElsewhere, PROGRAM, await vaultBytes(open)),
    account(ODD.vaultOfSystem, SystemProgram.programId, await vaultBytes(open)),
    account(VAULT.squatted.address, TOKEN_PROGRAM),
    account(VAULT.squattedDeposits.deposits, PROGRAM),
  ]
}

async function gateways(): Promise<GenesisAccount[]> {
  const { open, other, token2022, unmarked, squatted } = GATEWAY
  const bytes = await gatewayBytes(open)
  return [
    account(open.address, PROGRAM, bytes),
    account(other.address, PROGRAM, await gatewayBytes(other)),
    account(token2022.address, PROGRAM, await gatewayBytes(token2022)),
    account(unmarked.address, PROGRAM, unmark(await gatewayBytes(unmarked))),
    account(squatted.address, TOKEN_PROGRAM),
    account(ODD.gatewayElsewhere, PROGRAM, bytes),
    account(ODD.gatewayOfSystem, SystemProgram.programId, bytes),
  ]
}

function tokens(): GenesisAccount[] {
  const wallet: TokenFields = { mint: MINT, owner: DEPOSITOR, amount: WALLET_UNITS }
  const deposits: TokenFields = { mint: MINT, owner: VAULT.open.address, amount: BOOKED_UNITS }
  const strange = { ...wallet, owner: ODD.stranger }
  const { otherMintDeposits, otherOwnerDeposits } = VAULT
  const ofOtherMint = { ...deposits, owner: otherMintDeposits.address, mint: OTHER_MINT }
  return [
    mintAccount(MINT, GATEWAY.open.operator, TOKEN_PROGRAM),
    mintAccount(OTHER_MINT, GATEWAY.open.operator, TOKEN_PROGRAM),
    mintAccount(TOKEN_2022_MINT, GATEWAY.open.operator, TOKEN_2022_PROGRAM),
    tokenAccount(ODD.tokenAccountAsMint, wallet),
    tokenAccount(ODD.depositsElsewhere, deposits),
    tokenAccount(ODD.depositsOfOtherMint, { ...deposits, mint: OTHER_MINT }),
    tokenAccount(ODD.depositsOfToken2022, deposits, TOKEN_2022_PROGRAM),
    tokenAccount(otherMintDeposits.deposits, ofOtherMint),
    tokenAccount(otherOwnerDeposits.deposits, strange),
    tokenAccount(WALLET.own, wallet),
    tokenAccount(WALLET.approved, { ...strange, delegate: DELEGATE }),
    tokenAccount(WALLET.foreign, strange),
    tokenAccount(WALLET.otherMint, { ...wallet, mint: OTHER_MINT }),
    tokenAccount(WALLET.token2022, wallet, TOKEN_2022_PROGRAM),
    tokenAccount(WALLET.treasury, { ...wallet, owner: TREASURY }),
    tokenAccount(WALLET.due, { ...wallet, owner: VAULT.due.agent }),
    tokenAccount(WALLET.agent, { ...wallet, owner: VAULT.open.agent }),
  ]
}

/** The accounts of the scenario's first slot. */
export async function scenario(): Promise<GenesisAccount[]> {
  const operators = Object.values(GATEWAY).map(({ operator }) => operator)
  const agents = [VAULT.open, VAULT.due, VAULT.waiting, VAULT.empty].map(({ agent }) => agent)
  const wallets = [...operators, ...agents, DEPOSITOR, DELEGATE]
  const funded = wallets.map((wallet) => account(wallet, SystemProgram.programId))
  return [...funded, ...(await gateways()), ...(await vaults()), ...tokens()]
}

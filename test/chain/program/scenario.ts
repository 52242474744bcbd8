/**
 * The chain on which the program's checks are tried: everything that the instructions need, and beside each thing one
 * that is wrong in exactly one way. Keys come from names, so every run has the same addresses.
 */
import { createHash } from 'node:crypto'
import { Keypair, PublicKey, SystemProgram } from '@solana/web3.js'
import { depositAddress, TOKEN_PROGRAM } from '../../../src/chain/addresses.ts'
import { vaultIdl } from '../../../src/chain/program-file.ts'
import type { GenesisAccount } from '../../../src/chain/validator/local-validator.ts'
import { account, mintAccount, type TokenFields, tokenAccount } from './accounts.ts'
import { gatewayData, type VaultFields, vaultData } from './anchor-coder.ts'

export const PROGRAM = new PublicKey(vaultIdl().address)
const TOKEN_2022_PROGRAM = new PublicKey('TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb')
export const DELAY_SECONDS = 900n
export const WALLET_UNITS = 1_000_000_000n
/** What an open vault has booked, and what lies on its deposit address beyond that. */
export const BOOKED_UNITS = 5_000_000n
export const SURPLUS_UNITS = 250_000n
const U64_MAX = 2n ** 64n - 1n

export function keypair(name: string): Keypair {
  return Keypair.fromSeed(createHash('sha256').update(name).digest())
}

export const key = (name: string): PublicKey => keypair(name).publicKey

function derive(...seeds: readonly (string | PublicKey)[]): [PublicKey, number] {
  const bytes = seeds.map((seed) => (typeof seed === 'string' ? Buffer.from(seed) : seed.toBytes()))
  return PublicKey.findProgramAddressSync(bytes, PROGRAM)
}

/** A gateway of the named operator, whether it exists or not. */
function gatewayOf(operatorName: string, mint: PublicKey) {
  const operator = key(operatorName)
  const [address, bump] = derive('gateway', operator, mint)
  return { operator, mint, address, bump }
}

/** The named agent's vault with a gateway, whether it exists or not. */
export function vaultOf(agentName: string, gateway: { address: PublicKey; mint: PublicKey }) {
  const agent = key(agentName)
  const [address, bump] = derive('vault', gateway.address, agent)
  const deposits = depositAddress(address, gateway.mint)
  return { gateway: gateway.address, agent, address, bump, deposits }
}

export type VaultParts = ReturnType<typeof vaultOf>

export const MINT = key('mint')
export const OTHER_MINT = key('other mint')
export const TOKEN_2022_MINT = key('token-2022 mint')

export const GATEWAY = {
  open: gatewayOf('operator', MINT),
  other: gatewayOf('other operator', MINT),
  /** Its mint is of Token-2022, which the program never let happen. */
  token2022: gatewayOf('token-2022 operator', TOKEN_2022_MINT),
  absent: gatewayOf('new operator', MINT),
  /** Every byte is right but those that say what it is. */
  unmarked: gatewayOf('unmarked operator', MINT),
  /** Another program's account stands at its address. */
  squatted: gatewayOf('squatted operator', MINT),
}

export const VAULT = {
  open: vaultOf('agent', GATEWAY.open),
  foreign: vaultOf('agent', GATEWAY.other),
  token2022: vaultOf('agent', GATEWAY.token2022),
  absent: vaultOf('new agent', GATEWAY.open),
  unmarked: vaultOf('unmarked agent', GATEWAY.open),
  /** Another program's account stands at its address, or at that of its tokens. */
  squatted: vaultOf('squatted agent', GATEWAY.open),
  squattedDeposits: vaultOf('agent of squatted tokens', GATEWAY.open),
  /** At its deposit address stands a token account of another mint, or of another owner. */
  otherMintDeposits: vaultOf('agent of other tokens', GATEWAY.open),
  otherOwnerDeposits: vaultOf("agent of others' tokens", GATEWAY.open),
  /** It has lost its deposit address, and its gateway has another delay by now. */
  closedDeposits: vaultOf('agent without tokens', GATEWAY.open),
  synced: vaultOf('synced agent', GATEWAY.open),
  fullTotal: vaultOf('agent at the largest total', GATEWAY.open),
  fullIndex: vaultOf('agent at the last index', GATEWAY.open),
  /** More went out than came in, by one total or by the sum of both. */
  overdrawn: vaultOf('overdrawn agent', GATEWAY.open),
  overflown: vaultOf('overflown agent', GATEWAY.open),
  short: vaultOf('agent short of tokens', GATEWAY.open),
  /** Its token account was frozen by the mint's freeze authority. */
  frozen: vaultOf('frozen agent', GATEWAY.open),
}

/** Accounts that are right but for one thing, and wallets. */
export const ODD = {
  tokenAccountAsMint: key('a token account as mint'),
  gatewayElsewhere: key('a gateway elsewhere'),
  gatewayOfSystem: key("a gateway's bytes, not the program's"),
  vaultElsewhere: key('a vault elsewhere'),
  vaultOfSystem: key("a vault's bytes, not the program's"),
  depositsElsewhere: key("the vault's token account, not the associated one"),
  depositsOfOtherMint: depositAddress(VAULT.open.address, OTHER_MINT),
  depositsOfToken2022: key("the vault's token account under Token-2022"),
  stranger: key('stranger'),
}

export const DEPOSITOR = key('depositor')
export const DELEGATE = key('delegate')
export const CLOSED_VAULT_DELAY_SECONDS = 60n

export const WALLET = {
  own: key('wallet'),
  approved: key('wallet with a delegate'),
  foreign: key('wallet of a stranger'),
  otherMint: key('wallet of another mint'),
  token2022: key('wallet under Token-2022'),
}

function vaultBytes(parts: VaultParts, fields: Partial<VaultFields> = {}): Promise<Uint8Array> {
  const { gateway, agent, bump } = parts
  const totals = { deposited: BOOKED_UNITS, settled: 0n, withdrawn: 0n, depositIndex: 2n }
  return vaultData({ gateway, agent, bump, withdrawalDelay: DELAY_SECONDS, ...totals, ...fields })
}

function gatewayBytes({ operator, mint, bump }: ReturnType<typeof gatewayOf>): Promise<Uint8Array> {
  return gatewayData({ authority: operator, mint, bump, withdrawalDelay: DELAY_SECONDS })
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
  ]
}

/** The accounts of the scenario's first slot. */
export async function scenario(): Promise<GenesisAccount[]> {
  const wallets = [...Object.values(GATEWAY).map(({ operator }) => operator), DEPOSITOR, DELEGATE]
  const funded = wallets.map((wallet) => account(wallet, SystemProgram.programId))
  return [...funded, ...(await gateways()), ...(await vaults()), ...tokens()]
}

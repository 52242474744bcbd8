/** What fills the table of refusals: its cells, and the rows that several instructions share. */
import type { PublicKey } from '@solana/web3.js'
import { type Accounts, inVault } from './call.ts'
import { GATEWAY, ODD, VAULT, WALLET } from './scenario.ts'

export const FLAWS = ['owner', 'mint', 'address', 'signer', 'writable', 'duplicate'] as const
export type Flaw = (typeof FLAWS)[number]

export type Cell =
  | { readonly kind: 'refused'; readonly error: string; readonly accounts: Accounts }
  | { readonly kind: 'free'; readonly why: string }

export type Row = Readonly<Record<Flaw, Cell>>

export const free = (why: string): Cell => ({ kind: 'free', why })
export const refused = (error: string, accounts: Accounts = {}): Cell => ({
  kind: 'refused',
  error,
  accounts,
})

/** One other account in the place of the right one. */
export const swap = (name: string, address: PublicKey, error: string) =>
  refused(error, { [name]: address })

export const NOT_SIGNED = free('signs nothing')
export const NOT_WRITTEN = free('is not written')
export const UNSIGNED = refused('MissingSignature')
export const READ_ONLY = refused('NotWritable')
export const TWICE = refused('DuplicateAccount')
export const ANY_WALLET = { owner: free('any wallet'), mint: free('a wallet has no mint') }

/** An account whose only right value is one program or one derived address. */
function pinned(name: string, error: string): Row {
  return {
    owner: free('its address is pinned'),
    mint: free('its address is pinned'),
    address: refused(error, { [name]: ODD.stranger }),
    signer: NOT_SIGNED,
    writable: NOT_WRITTEN,
    duplicate: TWICE,
  }
}

export const PROGRAM_ROW = pinned('program', 'WrongProgram')
export const SYSTEM_ROW = pinned('system_program', 'WrongProgram')
export const TOKEN_ROW = pinned('token_program', 'WrongProgram')
export const ASSOCIATED_ROW = pinned('associated_token_program', 'WrongProgram')
export const EVENT_AUTHORITY_ROW = pinned('event_authority', 'WrongAddress')
export const INSTRUCTIONS_ROW = pinned('instructions_sysvar', 'WrongSysvar')

/** A gateway that the program wrote before. */
export function existingGateway(mint: Cell): Row {
  return {
    owner: refused('WrongAccountOwner', { gateway: ODD.gatewayOfSystem }),
    mint,
    address: refused('WrongAddress', { gateway: ODD.gatewayElsewhere }),
    signer: NOT_SIGNED,
    writable: NOT_WRITTEN,
    duplicate: TWICE,
  }
}

/** A gateway that is only named, and must be the one that the vault names. */
export const NAMED_GATEWAY: Row = {
  owner: swap('gateway', ODD.gatewayOfSystem, 'ForeignVault'),
  mint: swap('gateway', GATEWAY.token2022.address, 'ForeignVault'),
  address: swap('gateway', ODD.gatewayElsewhere, 'ForeignVault'),
  signer: NOT_SIGNED,
  writable: NOT_WRITTEN,
  duplicate: TWICE,
}

/** A vault that the program wrote before, to be changed. */
export const CHANGED_VAULT: Row = {
  owner: refused('WrongAccountOwner', { vault: ODD.vaultOfSystem }),
  mint: free("the mint is its gateway's"),
  address: refused('WrongAddress', { vault: ODD.vaultElsewhere }),
  signer: NOT_SIGNED,
  writable: READ_ONLY,
  duplicate: TWICE,
}

/** The token account of the open vault. */
export function deposits(writable: Cell): Row {
  const open = inVault(VAULT.open)
  return {
    owner: refused('WrongAccountOwner', { ...open, deposit_address: ODD.depositsOfToken2022 }),
    mint: refused('WrongMint', { ...open, deposit_address: ODD.depositsOfOtherMint }),
    address: refused('WrongAddress', { ...open, deposit_address: ODD.depositsElsewhere }),
    signer: NOT_SIGNED,
    writable,
    duplicate: TWICE,
  }
}

/** A token account that is paid: of the gateway's mint, and of the one owner who may be paid. */
export const PAID: Row = {
  owner: swap('destination', WALLET.token2022, 'WrongAccountOwner'),
  mint: swap('destination', WALLET.otherMint, 'WrongMint'),
  address: swap('destination', WALLET.foreign, 'WrongTokenOwner'),
  signer: NOT_SIGNED,
  writable: READ_ONLY,
  duplicate: TWICE,
}

/** The vault's agent, who signs. */
export function agent(writable: Cell): Row {
  return {
    ...ANY_WALLET,
    address: swap('agent', ODD.stranger, 'WrongAgent'),
    signer: UNSIGNED,
    writable,
    duplicate: TWICE,
  }
}

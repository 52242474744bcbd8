/**
 * What the program says to each account of each instruction that is wrong in each way: the closed list of its checks.
 *
 * A cell is an error's name, with the accounts that bring it about where a flag alone does not, or why nothing can be
 * wrong there. Where the IDL asks for no signature or no write, the flag has no cell to fail: `free` says so.
 */
import type { PublicKey } from '@solana/web3.js'
import type { Accounts, InstructionName } from './call.ts'
import {
  GATEWAY,
  ODD,
  OTHER_MINT,
  TOKEN_2022_MINT,
  VAULT,
  type VaultParts,
  WALLET,
} from './scenario.ts'

export const FLAWS = ['owner', 'mint', 'address', 'signer', 'writable', 'duplicate'] as const
export type Flaw = (typeof FLAWS)[number]

export type Cell =
  | { readonly kind: 'refused'; readonly error: string; readonly accounts: Accounts }
  | { readonly kind: 'free'; readonly why: string }

export type Row = Readonly<Record<Flaw, Cell>>

const free = (why: string): Cell => ({ kind: 'free', why })
const refused = (error: string, accounts: Accounts = {}): Cell => ({
  kind: 'refused',
  error,
  accounts,
})

const NOT_SIGNED = free('signs nothing')
const NOT_WRITTEN = free('is not written')
const UNSIGNED = refused('MissingSignature')
const READ_ONLY = refused('NotWritable')
const TWICE = refused('DuplicateAccount')
const ANY_WALLET = { owner: free('any wallet'), mint: free('a wallet has no mint') }

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

const PROGRAM_ROW = pinned('program', 'WrongProgram')
const SYSTEM_ROW = pinned('system_program', 'WrongProgram')
const TOKEN_ROW = pinned('token_program', 'WrongProgram')
const ASSOCIATED_ROW = pinned('associated_token_program', 'WrongProgram')
const EVENT_AUTHORITY_ROW = pinned('event_authority', 'WrongAddress')

/** A gateway that the program wrote before. */
function existingGateway(mint: Cell): Row {
  return {
    owner: refused('WrongAccountOwner', { gateway: ODD.gatewayOfSystem }),
    mint,
    address: refused('WrongAddress', { gateway: ODD.gatewayElsewhere }),
    signer: NOT_SIGNED,
    writable: NOT_WRITTEN,
    duplicate: TWICE,
  }
}

/** A vault that the program wrote before, to be credited. */
const CREDITED_VAULT: Row = {
  owner: refused('WrongAccountOwner', { vault: ODD.vaultOfSystem }),
  mint: free("the mint is its gateway's"),
  address: refused('WrongAddress', { vault: ODD.vaultElsewhere }),
  signer: NOT_SIGNED,
  writable: READ_ONLY,
  duplicate: TWICE,
}

/** The token account of the open vault. */
function deposits(writable: Cell): Row {
  return {
    owner: refused('WrongAccountOwner', { deposit_address: ODD.depositsOfToken2022 }),
    mint: refused('WrongMint', { deposit_address: ODD.depositsOfOtherMint }),
    address: refused('WrongAddress', { deposit_address: ODD.depositsElsewhere }),
    signer: NOT_SIGNED,
    writable,
    duplicate: TWICE,
  }
}

/** The accounts of `open_vault` that follow from whose vault it is. */
function opening({ agent, address, deposits: tokens }: VaultParts): Accounts {
  return { agent, vault: address, deposit_address: tokens }
}

const TOKEN_2022: Accounts = { gateway: GATEWAY.token2022.address, mint: TOKEN_2022_MINT }
const FOREIGN_BY_MINT = refused('ForeignVault', { gateway: GATEWAY.token2022.address })
const swap = (name: string, address: PublicKey, error: string) =>
  refused(error, { [name]: address })

export const TABLE: Readonly<Record<InstructionName, Readonly<Record<string, Row>>>> = {
  initialize_gateway: {
    authority: {
      ...ANY_WALLET,
      address: swap('authority', GATEWAY.other.operator, 'WrongAddress'),
      signer: UNSIGNED,
      writable: READ_ONLY,
      duplicate: TWICE,
    },
    gateway: {
      owner: refused('WrongAccountOwner', {
        authority: GATEWAY.squatted.operator,
        gateway: GATEWAY.squatted.address,
      }),
      mint: swap('gateway', GATEWAY.token2022.address, 'WrongAddress'),
      address: swap('gateway', GATEWAY.other.address, 'WrongAddress'),
      signer: NOT_SIGNED,
      writable: READ_ONLY,
      duplicate: TWICE,
    },
    mint: {
      owner: swap('mint', TOKEN_2022_MINT, 'UnsupportedMint'),
      mint: swap('mint', ODD.tokenAccountAsMint, 'WrongAccountKind'),
      address: swap('mint', OTHER_MINT, 'WrongAddress'),
      signer: NOT_SIGNED,
      writable: NOT_WRITTEN,
      duplicate: TWICE,
    },
    system_program: SYSTEM_ROW,
    event_authority: EVENT_AUTHORITY_ROW,
    program: PROGRAM_ROW,
  },
  update_gateway: {
    authority: {
      ...ANY_WALLET,
      address: swap('authority', GATEWAY.other.operator, 'WrongAuthority'),
      signer: UNSIGNED,
      writable: NOT_WRITTEN,
      duplicate: TWICE,
    },
    gateway: { ...existingGateway(free('keeps its mint')), writable: READ_ONLY },
    event_authority: EVENT_AUTHORITY_ROW,
    program: PROGRAM_ROW,
  },
  open_vault: {
    payer: {
      ...ANY_WALLET,
      address: free('anyone pays'),
      signer: UNSIGNED,
      writable: READ_ONLY,
      duplicate: TWICE,
    },
    agent: {
      ...ANY_WALLET,
      address: swap('agent', ODD.stranger, 'WrongAddress'),
      signer: NOT_SIGNED,
      writable: NOT_WRITTEN,
      duplicate: TWICE,
    },
    gateway: existingGateway(swap('gateway', GATEWAY.token2022.address, 'WrongMint')),
    vault: {
      ...CREDITED_VAULT,
      owner: refused('WrongAccountOwner', opening(VAULT.squatted)),
      address: swap('vault', VAULT.open.address, 'WrongAddress'),
    },
    mint: {
      owner: refused('UnsupportedMint', TOKEN_2022),
      mint: swap('mint', OTHER_MINT, 'WrongMint'),
      address: swap('mint', ODD.tokenAccountAsMint, 'WrongMint'),
      signer: NOT_SIGNED,
      writable: NOT_WRITTEN,
      duplicate: TWICE,
    },
    deposit_address: {
      ...deposits(READ_ONLY),
      owner: refused('WrongAccountOwner', opening(VAULT.squattedDeposits)),
      mint: refused('WrongMint', opening(VAULT.otherMintDeposits)),
      address: swap('deposit_address', VAULT.open.deposits, 'WrongAddress'),
    },
    token_program: TOKEN_ROW,
    associated_token_program: ASSOCIATED_ROW,
    system_program: SYSTEM_ROW,
    event_authority: EVENT_AUTHORITY_ROW,
    program: PROGRAM_ROW,
  },
  deposit: {
    depositor: {
      ...ANY_WALLET,
      address: swap('depositor', ODD.stranger, 'WrongTokenOwner'),
      signer: UNSIGNED,
      writable: NOT_WRITTEN,
      duplicate: TWICE,
    },
    gateway: existingGateway(FOREIGN_BY_MINT),
    vault: CREDITED_VAULT,
    mint: {
      owner: refused('UnsupportedMint', { ...TOKEN_2022, vault: VAULT.token2022.address }),
      mint: swap('mint', OTHER_MINT, 'WrongMint'),
      address: swap('mint', ODD.stranger, 'WrongMint'),
      signer: NOT_SIGNED,
      writable: NOT_WRITTEN,
      duplicate: TWICE,
    },
    source: {
      owner: swap('source', WALLET.token2022, 'WrongAccountOwner'),
      mint: swap('source', WALLET.otherMint, 'WrongMint'),
      address: swap('source', WALLET.foreign, 'WrongTokenOwner'),
      signer: NOT_SIGNED,
      writable: READ_ONLY,
      duplicate: TWICE,
    },
    deposit_address: deposits(READ_ONLY),
    token_program: TOKEN_ROW,
    event_authority: EVENT_AUTHORITY_ROW,
    program: PROGRAM_ROW,
  },
  sync_vault: {
    gateway: existingGateway(FOREIGN_BY_MINT),
    vault: CREDITED_VAULT,
    deposit_address: deposits(NOT_WRITTEN),
    event_authority: EVENT_AUTHORITY_ROW,
    program: PROGRAM_ROW,
  },
}

/** The only two places that may hold one account: an agent that pays for its own vault. */
export const MAY_COINCIDE: readonly string[] = ['open_vault payer agent', 'open_vault agent payer']

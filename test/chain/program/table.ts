/**
 * What the program says to each account of each instruction that is wrong in each way: the closed list of its checks.
 *
 * A cell is an error's name, with the accounts that bring it about where a flag alone does not, or why nothing can be
 * wrong there. Where the IDL asks for no signature or no write, the flag has no cell to fail: `free` says so.
 */
import { type Accounts, type InstructionName, inVault } from './call.ts'
import {
  ANY_WALLET,
  ASSOCIATED_ROW,
  agent,
  CHANGED_VAULT,
  deposits,
  EVENT_AUTHORITY_ROW,
  existingGateway,
  free,
  INSTRUCTIONS_ROW,
  NAMED_GATEWAY,
  NOT_SIGNED,
  NOT_WRITTEN,
  PAID,
  PROGRAM_ROW,
  READ_ONLY,
  type Row,
  refused,
  SYSTEM_ROW,
  swap,
  TOKEN_ROW,
  TWICE,
  UNSIGNED,
} from './cells.ts'
import { GATEWAY, ODD, OTHER_MINT, TOKEN_2022_MINT, VAULT, WALLET } from './scenario.ts'

const TOKEN_2022: Accounts = { gateway: GATEWAY.token2022.address, mint: TOKEN_2022_MINT }
const FOREIGN_BY_MINT = refused('ForeignVault', { gateway: GATEWAY.token2022.address })

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
      ...CHANGED_VAULT,
      owner: refused('WrongAccountOwner', inVault(VAULT.squatted)),
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
      owner: refused('WrongAccountOwner', inVault(VAULT.squattedDeposits)),
      mint: refused('WrongMint', inVault(VAULT.otherMintDeposits)),
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
    vault: CHANGED_VAULT,
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
    vault: CHANGED_VAULT,
    deposit_address: deposits(NOT_WRITTEN),
    event_authority: EVENT_AUTHORITY_ROW,
    program: PROGRAM_ROW,
  },
  settle: {
    authority: {
      ...ANY_WALLET,
      address: swap('authority', GATEWAY.other.operator, 'WrongAuthority'),
      signer: UNSIGNED,
      writable: NOT_WRITTEN,
      duplicate: TWICE,
    },
    gateway: existingGateway(
      refused('ForeignVault', {
        authority: GATEWAY.token2022.operator,
        gateway: GATEWAY.token2022.address,
      }),
    ),
    vault: CHANGED_VAULT,
    deposit_address: deposits(READ_ONLY),
    destination: PAID,
    instructions_sysvar: INSTRUCTIONS_ROW,
    token_program: TOKEN_ROW,
    event_authority: EVENT_AUTHORITY_ROW,
    program: PROGRAM_ROW,
  },
  request_withdrawal: {
    agent: agent(NOT_WRITTEN),
    gateway: NAMED_GATEWAY,
    vault: CHANGED_VAULT,
    event_authority: EVENT_AUTHORITY_ROW,
    program: PROGRAM_ROW,
  },
  cancel_withdrawal: {
    agent: agent(NOT_WRITTEN),
    gateway: NAMED_GATEWAY,
    vault: CHANGED_VAULT,
    event_authority: EVENT_AUTHORITY_ROW,
    program: PROGRAM_ROW,
  },
  withdraw: {
    agent: agent(NOT_WRITTEN),
    gateway: existingGateway(FOREIGN_BY_MINT),
    vault: CHANGED_VAULT,
    deposit_address: deposits(READ_ONLY),
    destination: PAID,
    token_program: TOKEN_ROW,
    event_authority: EVENT_AUTHORITY_ROW,
    program: PROGRAM_ROW,
  },
  close_deposit_address: {
    agent: agent(READ_ONLY),
    gateway: existingGateway(FOREIGN_BY_MINT),
    vault: { ...CHANGED_VAULT, writable: NOT_WRITTEN },
    deposit_address: deposits(READ_ONLY),
    token_program: TOKEN_ROW,
  },
}

/** The only two places that may hold one account: an agent that pays for its own vault. */
export const MAY_COINCIDE: readonly string[] = ['open_vault payer agent', 'open_vault agent payer']

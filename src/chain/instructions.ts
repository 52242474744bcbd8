/**
 * Instructions of the vault program. Accounts and their order come from the IDL; whoever calls gives the parties, and
 * every derived address is derived here. Source: chain contract, "Instructions".
 */
import { type PublicKey, SystemProgram, TransactionInstruction } from '@solana/web3.js'
import type { Units } from '../money.ts'
import {
  ASSOCIATED_TOKEN_PROGRAM,
  depositAddress,
  eventAuthority,
  gatewayAddress,
  TOKEN_PROGRAM,
  tokenAddress,
  vaultAddress,
} from './addresses.ts'
import { vaultIdl } from './program-file.ts'
import { encodeInstruction, type Fields } from './vault-coder.ts'

/** What the authority says about its gateway; the endpoint is at most 128 bytes. */
export interface GatewayTerms {
  readonly treasury: PublicKey
  /** 0 to 2,592,000. */
  readonly withdrawalDelaySeconds: bigint
  readonly receiptKey: PublicKey
  readonly endpoint: string
}

/** One gateway and one agent of it. */
export interface VaultParties {
  readonly program: PublicKey
  readonly gateway: PublicKey
  readonly mint: PublicKey
  readonly agent: PublicKey
}

type Accounts = Readonly<Record<string, PublicKey>>

function build(
  program: PublicKey,
  name: string,
  args: Fields,
  accounts: Accounts,
): TransactionInstruction {
  const layout = vaultIdl().instructions.find((instruction) => instruction.name === name)
  if (layout === undefined) throw new Error(`the IDL has no instruction ${name}`)
  const known: Accounts = {
    system_program: SystemProgram.programId,
    token_program: TOKEN_PROGRAM,
    associated_token_program: ASSOCIATED_TOKEN_PROGRAM,
    event_authority: eventAuthority(program),
    program,
    ...accounts,
  }
  const keys = layout.accounts.map((account) => {
    const pubkey = known[account.name]
    if (pubkey === undefined) throw new Error(`${name} needs the account ${account.name}`)
    return { pubkey, isSigner: account.signer ?? false, isWritable: account.writable ?? false }
  })
  return new TransactionInstruction({
    programId: program,
    keys,
    data: encodeInstruction(layout, args),
  })
}

function termsArguments(terms: GatewayTerms): Fields {
  return {
    treasury: terms.treasury,
    withdrawal_delay: terms.withdrawalDelaySeconds,
    receipt_key: terms.receiptKey,
    endpoint: terms.endpoint,
  }
}

function vaultAccounts({ program, gateway, mint, agent }: VaultParties): Accounts {
  const vault = vaultAddress(program, gateway, agent)
  return { gateway, mint, agent, vault, deposit_address: depositAddress(vault, mint) }
}

/** Creates the gateway of `authority` for `mint`; signed by `authority`, which pays the rent. */
export function initializeGateway(
  program: PublicKey,
  authority: PublicKey,
  mint: PublicKey,
  terms: GatewayTerms,
): TransactionInstruction {
  const gateway = gatewayAddress(program, authority, mint)
  return build(program, 'initialize_gateway', termsArguments(terms), { authority, gateway, mint })
}

/** Changes the gateway's terms, for vaults opened from then on; signed by `authority`. */
export function updateGateway(
  program: PublicKey,
  authority: PublicKey,
  mint: PublicKey,
  terms: GatewayTerms,
): TransactionInstruction {
  const gateway = gatewayAddress(program, authority, mint)
  return build(program, 'update_gateway', termsArguments(terms), { authority, gateway, mint })
}

/** Opens the agent's vault and its deposit address, under the delay that the payer saw; signed by `payer`. */
export function openVault(
  parties: VaultParties,
  payer: PublicKey,
  withdrawalDelaySeconds: bigint,
): TransactionInstruction {
  const args = { withdrawal_delay: withdrawalDelaySeconds }
  const accounts = { ...vaultAccounts(parties), payer }
  return build(parties.program, 'open_vault', args, accounts)
}

/** Pays `amount` from the depositor's associated token account into the agent's vault; signed by `depositor`. */
export function deposit(
  parties: VaultParties,
  depositor: PublicKey,
  amount: Units,
): TransactionInstruction {
  const source = tokenAddress(depositor, parties.mint)
  const accounts = { ...vaultAccounts(parties), depositor, source }
  return build(parties.program, 'deposit', { amount }, accounts)
}

/** Recognises USDC that was sent straight to the deposit address; needs no signature but the fee payer's. */
export function syncVault(parties: VaultParties): TransactionInstruction {
  return build(parties.program, 'sync_vault', {}, vaultAccounts(parties))
}

/**
 * Instructions of the vault program. Accounts and their order come from the IDL; whoever calls gives the parties, and
 * every derived address is derived here. Source: chain contract, "Instructions".
 */
import {
  Ed25519Program,
  type PublicKey,
  SYSVAR_INSTRUCTIONS_PUBKEY,
  SystemProgram,
  TransactionInstruction,
} from '@solana/web3.js'
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
    instructions_sysvar: SYSVAR_INSTRUCTIONS_PUBKEY,
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

/**
 * Opens the agent's vault and its deposit address, under the delay that the payer saw; signed by `payer`. For a vault
 * whose deposit address was closed it brings that back, and the delay is the vault's own.
 */
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

/** Who settles, and who is paid: the gateway's authority, and the treasury that the gateway names. */
export interface SettlingParties {
  readonly authority: PublicKey
  /** The owner of the token account, not the account. */
  readonly treasury: PublicKey
}

/**
 * Pays the treasury's associated token account `cumulative` less what was settled before; signed by `authority`. The
 * instruction just before it in the transaction must be `ed25519Instruction` with the agent's voucher; a transaction
 * may hold several such pairs.
 */
export function settle(
  parties: VaultParties,
  { authority, treasury }: SettlingParties,
  cumulative: Units,
): TransactionInstruction {
  const destination = tokenAddress(treasury, parties.mint)
  const accounts = { ...vaultAccounts(parties), authority, destination }
  return build(parties.program, 'settle', { cumulative }, accounts)
}

/**
 * The Ed25519 precompile instruction, laid out as `settle` pins it: one signature, all of it in this instruction; key,
 * signature and message at 16, 48 and 112. Fails on chain where the signature is not strictly valid. Throws when the key
 * is not 32 bytes or the signature not 64.
 */
export function ed25519Instruction(
  publicKey: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): TransactionInstruction {
  return Ed25519Program.createInstructionWithPublicKey({
    publicKey: publicKey.toBytes(),
    message,
    signature,
  })
}

/** Starts the delay for `amount`, at most what the vault has booked; signed by the agent. One request at a time. */
export function requestWithdrawal(parties: VaultParties, amount: Units): TransactionInstruction {
  return build(parties.program, 'request_withdrawal', { amount }, vaultAccounts(parties))
}

/** Takes the pending request back; signed by the agent. */
export function cancelWithdrawal(parties: VaultParties): TransactionInstruction {
  return build(parties.program, 'cancel_withdrawal', {}, vaultAccounts(parties))
}

/**
 * Pays the pending amount to the agent's associated token account, which must exist (`createTokenAccount`); signed by
 * the agent. Fails before the delay is over.
 */
export function withdraw(parties: VaultParties): TransactionInstruction {
  const destination = tokenAddress(parties.agent, parties.mint)
  return build(parties.program, 'withdraw', {}, { ...vaultAccounts(parties), destination })
}

/** Closes the deposit address of an empty vault, its rent to the agent, who signs. The vault itself stays. */
export function closeDepositAddress(parties: VaultParties): TransactionInstruction {
  return build(parties.program, 'close_deposit_address', {}, vaultAccounts(parties))
}

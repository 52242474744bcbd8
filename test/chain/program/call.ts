/** Calls of the program account by account, so that a test can bend any of them, and what the program says to them. */
import {
  type AccountMeta,
  type Connection,
  type PublicKey,
  SYSVAR_INSTRUCTIONS_PUBKEY,
  SystemProgram,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js'
import idl from '../../../contracts/idl.json' with { type: 'json' }
import {
  ASSOCIATED_TOKEN_PROGRAM,
  eventAuthority,
  TOKEN_PROGRAM,
} from '../../../src/chain/addresses.ts'
import type { VaultParties } from '../../../src/chain/instructions.ts'
import { vaultIdl } from '../../../src/chain/program-file.ts'
import { type Arguments, instructionData } from './anchor-coder.ts'
import {
  DELAY_SECONDS,
  DEPOSITOR,
  GATEWAY,
  MINT,
  PENDING_UNITS,
  PROGRAM,
  TREASURY,
  VAULT,
  type VaultParts,
  WALLET,
} from './scenario.ts'
import { signedVoucher } from './vouchers.ts'

export type InstructionName =
  | 'initialize_gateway'
  | 'update_gateway'
  | 'open_vault'
  | 'deposit'
  | 'sync_vault'
  | 'settle'
  | 'request_withdrawal'
  | 'cancel_withdrawal'
  | 'withdraw'
  | 'close_deposit_address'

export type Accounts = Readonly<Record<string, PublicKey>>

export interface Call {
  readonly name: InstructionName
  readonly accounts: Accounts
  readonly arguments: Arguments
  /** What stands before it in its transaction. */
  readonly before: readonly TransactionInstruction[]
}

export const TERMS: Arguments = {
  treasury: TREASURY,
  withdrawal_delay: DELAY_SECONDS,
  receipt_key: GATEWAY.open.operator,
  endpoint: 'https://gw.example.com',
}

const FIXED: Accounts = {
  system_program: SystemProgram.programId,
  token_program: TOKEN_PROGRAM,
  associated_token_program: ASSOCIATED_TOKEN_PROGRAM,
  instructions_sysvar: SYSVAR_INSTRUCTIONS_PUBKEY,
  event_authority: eventAuthority(PROGRAM),
  program: PROGRAM,
}

/** The accounts that follow from whose vault it is. */
export function inVault({ agent, address, deposits }: VaultParts): Accounts {
  return { agent, vault: address, deposit_address: deposits }
}

/** The parties as the client's builders take them. */
export function partiesOf({ gateway, agent }: VaultParts): VaultParties {
  return { program: PROGRAM, gateway, mint: MINT, agent }
}

const OPEN = { gateway: GATEWAY.open.address, ...inVault(VAULT.open) }

/** What is settled by the right call, and what its voucher allows. */
const SETTLED_UNITS = 1_500_000n
export const SIGNED_UNITS = 2_000_000n

/** One call of each instruction that the scenario lets succeed. */
export const RIGHT: Readonly<Record<InstructionName, Call>> = {
  initialize_gateway: right('initialize_gateway', TERMS, {
    authority: GATEWAY.absent.operator,
    gateway: GATEWAY.absent.address,
    mint: MINT,
  }),
  update_gateway: right('update_gateway', TERMS, {
    authority: GATEWAY.open.operator,
    gateway: GATEWAY.open.address,
  }),
  open_vault: right(
    'open_vault',
    { withdrawal_delay: DELAY_SECONDS },
    {
      ...inVault(VAULT.absent),
      payer: DEPOSITOR,
      gateway: VAULT.absent.gateway,
      mint: MINT,
    },
  ),
  deposit: right(
    'deposit',
    { amount: 1_000_000n },
    { ...OPEN, depositor: DEPOSITOR, mint: MINT, source: WALLET.own },
  ),
  sync_vault: right('sync_vault', {}, OPEN),
  settle: {
    ...right(
      'settle',
      { cumulative: SETTLED_UNITS },
      { ...OPEN, authority: GATEWAY.open.operator, destination: WALLET.treasury },
    ),
    before: [signedVoucher(VAULT.open, SIGNED_UNITS)],
  },
  request_withdrawal: right('request_withdrawal', { amount: PENDING_UNITS }, OPEN),
  cancel_withdrawal: right('cancel_withdrawal', {}, { ...OPEN, ...inVault(VAULT.waiting) }),
  withdraw: right('withdraw', {}, { ...OPEN, ...inVault(VAULT.due), destination: WALLET.due }),
  close_deposit_address: right('close_deposit_address', {}, { ...OPEN, ...inVault(VAULT.empty) }),
}

function right(name: InstructionName, args: Arguments, accounts: Accounts): Call {
  return { name, arguments: args, accounts: { ...FIXED, ...accounts }, before: [] }
}

/** The instruction's accounts as the IDL lists them. */
export function layoutOf(name: InstructionName) {
  const found = vaultIdl().instructions.find((instruction) => instruction.name === name)
  if (found === undefined) throw new Error(`the IDL has no instruction ${name}`)
  return found.accounts
}

export type Flags = Partial<Pick<AccountMeta, 'isSigner' | 'isWritable'>>

/** The instruction of a call, with flags other than the IDL's where given by account name. */
export function instructionOf(
  call: Call,
  flags: Readonly<Record<string, Flags>> = {},
): TransactionInstruction {
  const keys = layoutOf(call.name).map(({ name, signer = false, writable = false }) => {
    const pubkey = call.accounts[name]
    if (pubkey === undefined) throw new Error(`${call.name} lacks ${name}`)
    return { pubkey, isSigner: signer, isWritable: writable, ...flags[name] }
  })
  return new TransactionInstruction({
    programId: PROGRAM,
    keys,
    data: instructionData(call.name, call.arguments),
  })
}

/** The instructions of a call: what stands before it, and its own. */
export function instructionsOf(
  call: Call,
  flags: Readonly<Record<string, Flags>> = {},
): TransactionInstruction[] {
  return [...call.before, instructionOf(call, flags)]
}

/** The call of the scenario with other accounts or arguments. */
export function callWith(
  name: InstructionName,
  accounts: Accounts,
  args: Arguments = RIGHT[name].arguments,
): Call {
  return { ...RIGHT[name], accounts: { ...RIGHT[name].accounts, ...accounts }, arguments: args }
}

export interface Verdict {
  /** `ok`, a name from the IDL's errors, `token:<number>` for an error of a called program, or the raw error. */
  readonly said: string
  readonly computeUnits: number
}

/**
 * Runs a transaction of these instructions on the chain as it is and keeps nothing. Signatures are taken for granted, so that any account
 * may be marked as signer; `feePayer` is none of the instruction's accounts, or its flags would be theirs.
 */
export async function attempt(
  rpc: Connection,
  feePayer: PublicKey,
  ...instructions: readonly TransactionInstruction[]
): Promise<Verdict> {
  const message = new TransactionMessage({
    payerKey: feePayer,
    recentBlockhash: ANY_BLOCKHASH,
    instructions: [...instructions],
  }).compileToV0Message()
  const { value } = await rpc.simulateTransaction(new VersionedTransaction(message), {
    sigVerify: false,
    replaceRecentBlockhash: true,
    commitment: 'confirmed',
  })
  const logs = value.logs ?? []
  return { said: saidBy(value.err, logs), computeUnits: value.unitsConsumed ?? 0 }
}

/** A blockhash that the node replaces. */
const ANY_BLOCKHASH = SystemProgram.programId.toBase58()
const ERRORS = new Map(idl.errors.map(({ code, name }) => [code, name]))

function saidBy(error: unknown, logs: readonly string[]): string {
  if (error === null) return 'ok'
  const custom = /"Custom":(\d+)/.exec(JSON.stringify(error))?.[1]
  if (custom === undefined) return JSON.stringify(error)
  const failed = logs.find((line) => line.includes(' failed: custom program error'))
  if (failed?.includes(TOKEN_PROGRAM.toBase58())) return `token:${custom}`
  return ERRORS.get(Number(custom)) ?? custom
}

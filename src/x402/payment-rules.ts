/**
 * Whether the gateway's operator may put its signature, and its fee, under a client's transaction. Pure: everything is
 * decided from the bytes. Stricter than the scheme: version 0 only, two signatures, lower caps.
 * Source: x402, scheme `exact` on Solana, "Facilitator Verification Rules"; property C4.
 */
import { ComputeBudgetProgram, PublicKey, VersionedTransaction } from '@solana/web3.js'
import { TOKEN_PROGRAM } from '../chain/addresses.ts'
import { verifyStrict } from '../identity/ed25519.ts'
import { type Units, units } from '../money.ts'
import { TRANSACTION_BYTES_MAX } from './wire.ts'

/** What a payment must be. Addresses are base58. */
export interface PaymentTerms {
  /** Of the operator; pays the network's fee and nothing else. */
  readonly feePayer: string
  readonly mint: string
  readonly decimals: number
  readonly depositAddress: string
  /** What the client agreed to pay. */
  readonly amount: Units
}

export interface CheckedPayment {
  /** What the operator signs. */
  readonly message: Uint8Array
  /** Who pays, in base58. */
  readonly payer: string
  readonly amount: Units
  /** The transaction with the operator's 64-byte signature in its place. */
  withSignature(signature: Uint8Array): Uint8Array
}

export type PaymentCheck =
  | { readonly kind: 'acceptable'; readonly payment: CheckedPayment }
  /** `reason` is x402's word, `message` says it to people. */
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string }

export const MEMO_PROGRAM = 'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr'
/** Wallets guard their users' transactions with its assertions. */
export const LIGHTHOUSE_PROGRAM = 'L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95'
/** A transfer, a memo and two assertions stay far below. */
export const COMPUTE_UNITS_MAX = 200_000
/** Micro-lamports per compute unit: with the units above, at most 20,000 lamports of priority fee. */
export const COMPUTE_UNIT_PRICE_MAX = 100_000n

const SIGNATURE_BYTES = 64
/** The operator's, then the payer's. */
const SIGNATURES = 2
const SET_LIMIT = 2
const SET_PRICE = 3
const TRANSFER_CHECKED = 12
/** Limit, price, transfer. */
const NEEDED = 3
const INSTRUCTIONS_MAX = 6

/** Every rule in order; the first that is broken is the answer. Never throws. */
export function checkPayment(bytes: Uint8Array, terms: PaymentTerms): PaymentCheck {
  const transaction = decode(bytes)
  if (transaction === null) return refused('transaction_could_not_be_decoded', 'Not a transaction.')
  if (transaction.message.addressTableLookups.length > 0) {
    return refused('address_lookup_tables', 'A payment names its accounts itself.')
  }
  const opened = readInstructions(transaction)
  if (typeof opened === 'string') return refused('transaction_instructions', opened)
  const { keys, instructions } = opened

  if (keys[0] !== terms.feePayer) {
    return refused('fee_payer_mismatch', `The fee payer is not ${terms.feePayer}.`)
  }
  if (instructions.some((item) => item.accounts.includes(terms.feePayer))) {
    return refused('transaction_fee_payer_included_in_instruction_accounts', 'The fee payer pays.')
  }
  const broken = brokenLayout(instructions)
  if (broken !== null) return refused(broken.reason, broken.message)
  const [, , transfer] = instructions
  const moved = transfer === undefined ? null : readTransfer(transfer)
  if (moved === null) return refused('no_transfer_instruction', 'No TransferChecked comes third.')
  const wrong = brokenTransfer(moved, terms)
  if (wrong !== null) return refused(wrong.reason, wrong.message)
  return checkSignatures(bytes, transaction, keys, moved)
}

interface Instruction {
  readonly program: string
  readonly accounts: readonly string[]
  readonly data: Uint8Array
}

interface Transfer {
  readonly source: string
  readonly mint: string
  readonly destination: string
  readonly authority: string
  readonly amount: bigint
  readonly decimals: number
}

interface Broken {
  readonly reason: string
  readonly message: string
}

/** Null unless the bytes are the one encoding of a transaction that a node takes. */
function decode(bytes: Uint8Array): VersionedTransaction | null {
  if (bytes.length > TRANSACTION_BYTES_MAX) return null
  try {
    const transaction = VersionedTransaction.deserialize(bytes)
    return Buffer.from(transaction.serialize()).equals(bytes) ? transaction : null
  } catch {
    return null
  }
}

/** The account keys and the instructions in their terms, or what is wrong with them. */
function readInstructions({
  message,
}: VersionedTransaction): { keys: string[]; instructions: Instruction[] } | string {
  if (message.version !== 0) return 'The transaction is not of version 0.'
  const keys = message.staticAccountKeys.map((key) => key.toBase58())
  if (new Set(keys).size !== keys.length) return 'An account is named twice.'
  const instructions: Instruction[] = []
  for (const { programIdIndex, accountKeyIndexes, data } of message.compiledInstructions) {
    const program = keys[programIdIndex]
    const accounts = accountKeyIndexes.flatMap((index) => keys[index] ?? [])
    if (program === undefined || accounts.length !== accountKeyIndexes.length) {
      return 'An instruction names an account that is not there.'
    }
    instructions.push({ program, accounts: [program, ...accounts], data })
  }
  return { keys, instructions }
}

function brokenLayout(instructions: readonly Instruction[]): Broken | null {
  const [limit, price] = instructions
  if (instructions.length < NEEDED || instructions.length > INSTRUCTIONS_MAX) {
    const message = `A payment has ${NEEDED} to ${INSTRUCTIONS_MAX} instructions.`
    return { reason: 'transaction_instructions_length', message }
  }
  const units = limit && computeBudget(limit, SET_LIMIT, 4)
  if (units == null || units > BigInt(COMPUTE_UNITS_MAX)) {
    const message = `First comes a compute unit limit of at most ${COMPUTE_UNITS_MAX}.`
    return { reason: 'transaction_instructions_compute_limit_instruction', message }
  }
  const microLamports = price && computeBudget(price, SET_PRICE, 8)
  if (microLamports == null) {
    const reason = 'transaction_instructions_compute_price_instruction'
    return { reason, message: 'Second comes a compute unit price.' }
  }
  if (microLamports > COMPUTE_UNIT_PRICE_MAX) {
    const reason = 'transaction_instructions_compute_price_instruction_too_high'
    return { reason, message: `A compute unit costs at most ${COMPUTE_UNIT_PRICE_MAX}.` }
  }
  const extras = instructions.slice(NEEDED)
  const stranger = extras.find(({ program }, index) =>
    index < INSTRUCTIONS_MAX - NEEDED - 1
      ? program !== MEMO_PROGRAM && program !== LIGHTHOUSE_PROGRAM
      : program !== MEMO_PROGRAM,
  )
  if (stranger === undefined) return null
  const message = `After the transfer come at most two of Lighthouse or Memo and a Memo, not ${stranger.program}.`
  return { reason: 'unknown_optional_instruction', message }
}

/** The number that an instruction of the compute budget sets, or null. */
function computeBudget({ program, accounts, data }: Instruction, tag: number, width: 4 | 8) {
  const ours = program === ComputeBudgetProgram.programId.toBase58() && accounts.length === 1
  if (!ours || data.length !== 1 + width || data[0] !== tag) return null
  const bytes = Buffer.from(data)
  return width === 4 ? BigInt(bytes.readUInt32LE(1)) : bytes.readBigUInt64LE(1)
}

function readTransfer({ program, accounts, data }: Instruction): Transfer | null {
  const [, source, mint, destination, authority, more] = accounts
  if (program !== TOKEN_PROGRAM.toBase58() || more !== undefined) return null
  if (!source || !mint || !destination || !authority) return null
  if (data.length !== 10 || data[0] !== TRANSFER_CHECKED) return null
  const bytes = Buffer.from(data)
  const amount = bytes.readBigUInt64LE(1)
  return { source, mint, destination, authority, amount, decimals: bytes.readUInt8(9) }
}

function brokenTransfer(transfer: Transfer, terms: PaymentTerms): Broken | null {
  if (transfer.mint !== terms.mint || transfer.decimals !== terms.decimals) {
    return { reason: 'mint_mismatch', message: `The transfer is not of ${terms.mint}.` }
  }
  if (transfer.destination !== terms.depositAddress) {
    const message = `The transfer does not go to ${terms.depositAddress}.`
    return { reason: 'recipient_mismatch', message }
  }
  if (transfer.source === terms.depositAddress) {
    const message = 'The transfer comes from where it goes to.'
    return { reason: 'recipient_mismatch', message }
  }
  if (transfer.amount !== terms.amount) {
    const message = `The transfer moves ${transfer.amount} units, not the ${terms.amount} agreed to.`
    return { reason: 'amount_mismatch', message }
  }
  return null
}

function checkSignatures(
  bytes: Uint8Array,
  { signatures }: VersionedTransaction,
  keys: readonly string[],
  { authority, amount }: Transfer,
): PaymentCheck {
  const [operators, payers] = signatures
  if (signatures.length !== SIGNATURES || keys[1] !== authority) {
    const reason = 'excessive_signers'
    return refused(reason, 'The transaction is to be signed by its fee payer and the payer alone.')
  }
  if (operators?.some((byte) => byte !== 0) !== false) {
    return refused('excessive_signers', 'The place of the fee payer’s signature is not empty.')
  }
  const signed = bytes.slice(1 + SIGNATURES * SIGNATURE_BYTES)
  if (!verifyStrict(new PublicKey(authority).toBytes(), signed, payers ?? new Uint8Array())) {
    return refused('signature_invalid', `The signature of ${authority} does not verify.`)
  }
  const payment: CheckedPayment = {
    message: signed,
    payer: authority,
    amount: units(amount),
    withSignature(signature) {
      const complete = Uint8Array.from(bytes)
      complete.set(signature, 1)
      return complete
    },
  }
  return { kind: 'acceptable', payment }
}

function refused(reason: string, message: string): PaymentCheck {
  return { kind: 'refused', reason: `invalid_exact_svm_payload_${reason}`, message }
}

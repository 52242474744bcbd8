/**
 * Events of the vault program, read from a transaction's inner instructions: self-CPIs that carry the event tag and
 * name the event authority, at any depth. Logs are never read: anyone can write them and nodes truncate them [C3].
 * Source: chain contract, "Instructions" (events) and "Watching".
 */
import { PublicKey, type VersionedTransactionResponse } from '@solana/web3.js'
import bs58 from 'bs58'
import { z } from 'zod'
import { type Units, units } from '../money.ts'
import { eventAuthority } from './addresses.ts'
import { vaultIdl } from './program-file.ts'
import { decodeEventFields, type Fields } from './vault-coder.ts'

/** First eight bytes of every event instruction: `sha256("anchor:event")[..8]`, little-endian. */
const EVENT_TAG = Buffer.from('e445a52e51cb9a1d', 'hex')

/** Keys are base58; `path` is `outer.inner`, both from 0. */
export type ChainEvent =
  | {
      readonly kind: 'deposit'
      readonly path: string
      readonly vault: string
      readonly gateway: string
      readonly agent: string
      readonly amount: Units
      readonly cumulative: Units
      readonly depositIndex: bigint
      readonly depositor: string
    }
  | {
      readonly kind: 'vault_opened'
      readonly path: string
      readonly vault: string
      readonly gateway: string
      readonly agent: string
      readonly withdrawalDelaySeconds: bigint
    }
  | {
      /**
       * Money that leaves a vault, or is asked to. `cumulative` is the total of its kind after it: settled for a
       * settlement, withdrawn for the other three.
       */
      readonly kind: PayoutKind
      readonly path: string
      readonly vault: string
      readonly gateway: string
      readonly agent: string
      readonly amount: Units
      readonly cumulative: Units
    }
  | {
      /** Created or changed: the account's fields as they stand from then on. */
      readonly kind: 'gateway_changed'
      readonly path: string
      readonly gateway: string
      readonly authority: string
      readonly treasury: string
      readonly mint: string
      readonly withdrawalDelaySeconds: bigint
      readonly receiptKey: string
      readonly endpoint: string
      readonly openedAtSeconds: bigint
    }

type PayoutKind = 'settlement' | 'withdrawal_requested' | 'withdrawal_cancelled' | 'withdrawal'

export type DecodedTransaction =
  /** It failed: nothing in it happened. */
  | { readonly kind: 'failed' }
  /** `unreadable`: why events of ours in it could not be read; the others stand. */
  | {
      readonly kind: 'decoded'
      readonly events: readonly ChainEvent[]
      readonly unreadable: readonly string[]
    }

const key = z.instanceof(PublicKey).transform((value) => value.toBase58())
const integer = z.bigint()
const amount = integer.transform(units)

const depositFields = z.object({
  vault: key,
  gateway: key,
  agent: key,
  amount,
  cumulative: amount,
  deposit_index: integer,
  depositor: key,
})
const vaultOpenedFields = z.object({
  vault: key,
  gateway: key,
  agent: key,
  withdrawal_delay: integer,
})
const payoutFields = z.object({ vault: key, gateway: key, agent: key, amount, cumulative: amount })
const gatewayChangedFields = z.object({
  gateway: key,
  authority: key,
  treasury: key,
  mint: key,
  withdrawal_delay: integer,
  receipt_key: key,
  endpoint: z.string(),
  opened_at: integer,
})

const PAYOUTS: Readonly<Record<string, PayoutKind>> = {
  SettlementEvent: 'settlement',
  WithdrawalRequestedEvent: 'withdrawal_requested',
  WithdrawalCancelledEvent: 'withdrawal_cancelled',
  WithdrawalEvent: 'withdrawal',
}

function readEvent(bytes: Uint8Array, path: string): ChainEvent {
  const event = decodeEventFields(bytes)
  switch (event.name) {
    case 'DepositEvent': {
      const { deposit_index: depositIndex, ...fields } = depositFields.parse(event.fields)
      return { kind: 'deposit', path, ...fields, depositIndex }
    }
    case 'VaultOpenedEvent': {
      const { withdrawal_delay, ...fields } = vaultOpenedFields.parse(event.fields)
      return { kind: 'vault_opened', path, ...fields, withdrawalDelaySeconds: withdrawal_delay }
    }
    case 'GatewayChangedEvent':
      return { kind: 'gateway_changed', path, ...gatewayChanged(event.fields) }
    default: {
      const kind = PAYOUTS[event.name]
      if (kind === undefined) throw new Error(`the IDL has the event ${event.name}, unread here`)
      return { kind, path, ...payoutFields.parse(event.fields) }
    }
  }
}

function gatewayChanged(fields: Fields) {
  const { withdrawal_delay, receipt_key, opened_at, ...same } = gatewayChangedFields.parse(fields)
  return {
    ...same,
    withdrawalDelaySeconds: withdrawal_delay,
    receiptKey: receipt_key,
    openedAtSeconds: opened_at,
  }
}

function accountKeys(transaction: VersionedTransactionResponse): (index: number) => PublicKey {
  const { message } = transaction.transaction
  const lookups = transaction.meta?.loadedAddresses
  const keys =
    message.version === 0 && lookups !== undefined
      ? message.getAccountKeys({ accountKeysFromLookups: lookups })
      : message.getAccountKeys()
  return (index) => {
    const found = keys.get(index)
    if (found === undefined) throw new Error(`the transaction has no account ${index}`)
    return found
  }
}

/**
 * The vault program's events in a transaction, in order. Throws when the node's answer leaves out what is needed to
 * know (its metadata, inner instructions or looked-up addresses): then nothing can be said about it.
 */
export function decodeTransaction(
  transaction: VersionedTransactionResponse,
  program: PublicKey,
): DecodedTransaction {
  const { meta } = transaction
  if (meta === null) throw new Error('the answer has no metadata')
  if (meta.err !== null) return { kind: 'failed' }
  if (meta.innerInstructions == null) throw new Error('the answer has no inner instructions')
  const keyAt = accountKeys(transaction)
  const authority = eventAuthority(program)
  const events: ChainEvent[] = []
  const unreadable: string[] = []
  for (const { index: outer, instructions } of meta.innerInstructions) {
    for (const [inner, instruction] of instructions.entries()) {
      if (!keyAt(instruction.programIdIndex).equals(program)) continue
      const data = bs58.decode(instruction.data)
      if (!EVENT_TAG.equals(data.subarray(0, EVENT_TAG.length))) continue
      const [account] = instruction.accounts
      if (account === undefined || !keyAt(account).equals(authority)) continue
      const path = `${outer}.${inner}`
      try {
        events.push(readEvent(data.subarray(EVENT_TAG.length), path))
      } catch (error) {
        unreadable.push(`${path}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  return { kind: 'decoded', events, unreadable }
}

/** Whether an instruction of the transaction, at any depth, creates this gateway: its history begins here. */
export function initializesGateway(
  transaction: VersionedTransactionResponse,
  program: PublicKey,
  gateway: PublicKey,
): boolean {
  const layout = vaultIdl().instructions.find(({ name }) => name === 'initialize_gateway')
  const place = layout?.accounts.findIndex(({ name }) => name === 'gateway') ?? -1
  if (layout === undefined || place < 0) throw new Error('the IDL has no initialize_gateway')
  const tag = Buffer.from(layout.discriminator)
  const keyAt = accountKeys(transaction)
  const outer = transaction.transaction.message.compiledInstructions.map((instruction) => ({
    programIdIndex: instruction.programIdIndex,
    accounts: instruction.accountKeyIndexes,
    data: instruction.data,
  }))
  const inner = (transaction.meta?.innerInstructions ?? []).flatMap(({ instructions }) =>
    instructions.map(({ data, ...rest }) => ({ ...rest, data: bs58.decode(data) })),
  )
  return [...outer, ...inner].some(({ programIdIndex, accounts, data }) => {
    const created = accounts[place]
    return (
      created !== undefined &&
      tag.equals(data.subarray(0, tag.length)) &&
      keyAt(programIdIndex).equals(program) &&
      keyAt(created).equals(gateway)
    )
  })
}

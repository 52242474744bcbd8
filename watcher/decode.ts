/** Stage 2, decode: what the listed transactions say. One that cannot be read stops nothing [C5]. */
import type { Connection, PublicKey } from '@solana/web3.js'
import {
  type ChainEvent,
  type DecodedTransaction,
  decodeTransaction,
  initializesGateway,
} from '../src/chain/events.ts'
import { RpcUnavailable } from '../src/chain/rpc.ts'
import type { DepositFact, PayoutFact, Quarantined } from '../src/ledger/chain-ledger.ts'
import type { Listed } from './chain.ts'
import type { Movements } from './reconcile.ts'
import { type AccountAt, openedAccount } from './withdrawal-readings.ts'

/** A transaction that no answer makes readable is set aside after this many tries. */
const TRIES = 5
/** Transactions asked for at once. */
const PARALLEL = 4

/** The answer about one transaction is missing or makes no sense; a later one may. */
class TransactionUnreadable extends Error {
  override readonly name = 'TransactionUnreadable'
}

export type Reading =
  | {
      readonly kind: 'read'
      readonly listed: Listed
      readonly decoded: DecodedTransaction
      /** Whether the gateway was created in it. */
      readonly origin: boolean
    }
  | { readonly kind: 'unreadable'; readonly listed: Listed; readonly reason: string }

/** A vault that events name. */
export interface NamedVault {
  readonly vault: string
  readonly agent: string
}

export interface Decoded extends Movements {
  readonly named: readonly NamedVault[]
  /** New vaults, as they stood when they were opened. */
  readonly opened: readonly AccountAt[]
  /** Vaults whose withdrawals were asked for, called off or paid out. */
  readonly leaving: readonly NamedVault[]
  /** The last slot at which the gateway's terms were set or changed, or null. */
  readonly termsChangedAt: number | null
  readonly aside: readonly Omit<Quarantined, 'at'>[]
  /** Signature of the gateway's creation, where it is among them. */
  readonly origin: string | null
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Where transactions are read from, and whose events count. */
export interface Source {
  readonly rpc: Connection
  readonly program: PublicKey
  readonly gateway: PublicKey
}

/** Reads one transaction. Throws RpcUnavailable only: the node could not be asked. */
export async function readTransaction(
  { rpc, program, gateway }: Source,
  listed: Listed,
  commitment: 'confirmed' | 'finalized',
): Promise<Reading> {
  if (listed.failed) return { kind: 'read', listed, decoded: { kind: 'failed' }, origin: false }
  try {
    const transaction = await rpc.getTransaction(listed.signature, {
      commitment,
      maxSupportedTransactionVersion: 1,
    })
    if (transaction === null) {
      return { kind: 'unreadable', listed, reason: 'the node lists it and does not have it' }
    }
    const decoded = decodeTransaction(transaction, program)
    const origin = decoded.kind === 'decoded' && initializesGateway(transaction, program, gateway)
    return { kind: 'read', listed, decoded, origin }
  } catch (error) {
    if (error instanceof RpcUnavailable) throw error
    return { kind: 'unreadable', listed, reason: message(error) }
  }
}

type DepositEvent = Extract<ChainEvent, { kind: 'deposit' }>
type PayoutEvent = Exclude<ChainEvent, { kind: 'deposit' | 'vault_opened' | 'gateway_changed' }>

function depositFact(event: DepositEvent, { signature, slot }: Listed): DepositFact {
  const { kind: _, gateway: __, path: instructionPath, ...fact } = event
  return { ...fact, signature, instructionPath, slot }
}

function payoutFact(event: PayoutEvent, { signature, slot }: Listed): PayoutFact {
  const { kind: _, gateway: __, path: instructionPath, ...fact } = event
  return { ...fact, signature, instructionPath, slot }
}

/** Sorts readings into what happened to vaults of our gateway, and what is set aside. Events of other gateways are theirs. */
export function sortReadings(readings: readonly Reading[], gateway: string): Decoded {
  const named: NamedVault[] = []
  const opened: AccountAt[] = []
  const deposits: DepositFact[] = []
  const settlements: PayoutFact[] = []
  const withdrawals: PayoutFact[] = []
  const leaving: NamedVault[] = []
  const aside: Omit<Quarantined, 'at'>[] = []
  let origin: string | null = null
  let termsChangedAt: number | null = null
  for (const reading of readings) {
    const { signature, slot } = reading.listed
    if (reading.kind === 'unreadable') {
      aside.push({ signature, slot, reason: reading.reason })
      continue
    }
    if (reading.origin) origin = signature
    if (reading.decoded.kind === 'failed') continue
    const { events, unreadable } = reading.decoded
    if (unreadable.length > 0) aside.push({ signature, slot, reason: unreadable.join('; ') })
    for (const event of events) {
      if (event.gateway !== gateway) continue
      if (event.kind === 'gateway_changed') {
        termsChangedAt = Math.max(slot, termsChangedAt ?? 0)
        continue
      }
      const { vault, agent } = event
      named.push({ vault, agent })
      if (event.kind === 'vault_opened') {
        opened.push({ vault, slot, account: openedAccount(event.withdrawalDelaySeconds) })
      }
      if (event.kind === 'deposit') deposits.push(depositFact(event, reading.listed))
      if (event.kind === 'settlement') settlements.push(payoutFact(event, reading.listed))
      if (event.kind === 'withdrawal') withdrawals.push(payoutFact(event, reading.listed))
      if (event.kind.startsWith('withdrawal')) leaving.push({ vault, agent })
    }
  }
  return {
    named,
    opened,
    deposits,
    settlements,
    withdrawals,
    leaving,
    aside,
    origin,
    termsChangedAt,
  }
}

/** Reads transactions, with patience for those that cannot be read at first. */
export class TransactionReader {
  readonly #source: Source
  readonly #tries = new Map<string, number>()
  readonly #readings = new Map<string, Reading>()

  constructor(source: Source) {
    this.#source = source
  }

  /**
   * Reads all of `listed`. Throws RpcUnavailable, and TransactionUnreadable while one may yet become readable; after
   * some tries such a one is set aside and the rest goes on. What was read before it threw is not asked for again.
   */
  async read(listed: readonly Listed[]): Promise<Decoded> {
    for (let start = 0; start < listed.length; start += PARALLEL) {
      const group = listed.slice(start, start + PARALLEL)
      const missing = group.filter(({ signature }) => !this.#readings.has(signature))
      const settled = await Promise.allSettled(missing.map((one) => this.#ask(one)))
      for (const result of settled) if (result.status === 'rejected') throw result.reason
    }
    const readings = listed.flatMap(({ signature }) => this.#readings.get(signature) ?? [])
    for (const { signature } of listed) this.#readings.delete(signature)
    return sortReadings(readings, this.#source.gateway.toBase58())
  }

  async #ask(listed: Listed): Promise<void> {
    const { signature } = listed
    const reading = await readTransaction(this.#source, listed, 'finalized')
    if (reading.kind === 'unreadable') {
      const tries = (this.#tries.get(signature) ?? 0) + 1
      this.#tries.set(signature, tries)
      if (tries < TRIES) throw new TransactionUnreadable(`${signature}: ${reading.reason}`)
    } else {
      this.#tries.delete(signature)
    }
    this.#readings.set(signature, reading)
  }
}

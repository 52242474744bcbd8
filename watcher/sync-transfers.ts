/**
 * Plain transfers: USDC sent straight to a deposit address names no account of the program. The watcher sees the
 * surplus and has the program recognise it with `sync_vault`, which makes it a deposit like any other.
 */
import { type Connection, PublicKey } from '@solana/web3.js'
import { bookedBalance } from '../src/chain/accounts.ts'
import { syncVault } from '../src/chain/instructions.ts'
import { RpcUnavailable } from '../src/chain/rpc.ts'
import {
  type SignedTransaction,
  signTransaction,
  type TransactionSigner,
} from '../src/chain/send.ts'
import type { Units } from '../src/money.ts'
import type { WatcherLog } from './log.ts'
import type { VaultReading } from './vault-accounts.ts'

export interface SyncOptions {
  readonly rpc: Connection
  readonly program: PublicKey
  readonly gateway: PublicKey
  readonly mint: PublicKey
  /** Pays the fees; without one nothing is synced. */
  readonly operator: TransactionSigner | null
  /** Smaller surpluses wait. */
  readonly minSyncUnits: Units
  readonly log: WatcherLog
}

/** `getSignatureStatuses` takes 256 signatures. */
const STATUSES_PER_CALL = 256

/** What the token account holds beyond the vault's own count, in units; 0 where there is no account. */
function surplusOf({ account, tokens }: Pick<VaultReading, 'account' | 'tokens'>): bigint {
  return tokens === null ? 0n : tokens.amount - bookedBalance(account)
}

export class TransferSync {
  readonly #options: SyncOptions
  /** By vault: one synchronisation at a time. */
  readonly #inFlight = new Map<string, SignedTransaction>()

  constructor(options: SyncOptions) {
    this.#options = options
  }

  /** Sends `sync_vault` for every surplus worth it that none is in flight for. */
  async run(readings: readonly VaultReading[]): Promise<void> {
    const { operator, minSyncUnits, log } = this.#options
    if (operator === null) return
    for (const reading of readings) {
      const surplus = surplusOf(reading)
      if (surplus < minSyncUnits || reading.tokens?.frozen === true) continue
      const { vault } = reading
      if (this.#inFlight.has(vault)) continue
      const signed = await this.#send(reading, operator)
      log.info({ vault, surplus: `${surplus}`, signature: signed.signature }, 'sync_vault sent')
    }
  }

  /**
   * Forgets what is final or can no longer land, and sends the rest again. Must run before the accounts are read, so
   * that a surplus is never seen after its own synchronisation was forgotten.
   */
  async settleInFlight(): Promise<void> {
    const inFlight = [...this.#inFlight]
    for (let start = 0; start < inFlight.length; start += STATUSES_PER_CALL) {
      await this.#settleSome(inFlight.slice(start, start + STATUSES_PER_CALL))
    }
  }

  async #settleSome(vaults: readonly (readonly [string, SignedTransaction])[]): Promise<void> {
    const { rpc, log } = this.#options
    const signatures = vaults.map(([, { signature }]) => signature)
    const { value } = await rpc.getSignatureStatuses(signatures)
    const height = await rpc.getBlockHeight('finalized')
    for (const [index, [vault, signed]] of vaults.entries()) {
      const status = value[index] ?? null
      if (status === null && height <= signed.lastValidBlockHeight) await this.#broadcast(signed)
      else if (status === null || status.confirmationStatus === 'finalized') {
        this.#inFlight.delete(vault)
        if (status?.err != null) log.warn({ vault, error: status.err }, 'sync_vault failed')
      }
    }
  }

  async #send(reading: VaultReading, operator: TransactionSigner): Promise<SignedTransaction> {
    const { rpc, program, gateway, mint } = this.#options
    const agent = new PublicKey(reading.agent)
    const instruction = syncVault({ program, gateway, mint, agent })
    const signed = await signTransaction(rpc, [instruction], [operator])
    this.#inFlight.set(reading.vault, signed)
    await this.#broadcast(signed)
    return signed
  }

  /** A node that refuses the transaction is reported; an unreachable one throws. */
  async #broadcast({ bytes, signature }: SignedTransaction): Promise<void> {
    const { rpc, log } = this.#options
    try {
      await rpc.sendRawTransaction(bytes, { skipPreflight: true, maxRetries: 0 })
    } catch (error) {
      if (error instanceof RpcUnavailable) throw error
      log.warn({ signature, error: String(error) }, 'sync_vault was refused')
    }
  }
}

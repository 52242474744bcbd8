/**
 * THE OTHER PATH: from the chain to the books, in five stages. A sweep may end anywhere and be repeated from the start:
 * every write is idempotent, and the cursor moves only over what is booked.
 */
import type { Connection } from '@solana/web3.js'
import type { Cursor, KnownVault, PayoutFact } from '../src/ledger/chain-ledger.ts'
import type { Units } from '../src/money.ts'
import type { Watched } from './binding.ts'
import { batches, type Listed, listWindow, OVERLAP_SLOTS, type Window } from './chain.ts'
import { type Crediting, credit } from './credit.ts'
import { type Decoded, type NamedVault, TransactionReader } from './decode.ts'
import { noteFrozen } from './frozen-addresses.ts'
import { ReceiptKeyWatch, type SigningKeys } from './gateway-keys.ts'
import { Pending } from './pending.ts'
import { QuarantineRetry } from './quarantine-retry.ts'
import { type Books, planVaults } from './reconcile.ts'
import { TransferSync } from './sync-transfers.ts'
import { VaultAccounts } from './vault-accounts.ts'
import { booksByVault, VaultBooks } from './vault-books.ts'
import { Withdrawals } from './withdrawals.ts'

export interface WatchOptions extends Crediting, Watched, SigningKeys {
  readonly rpc: Connection
  readonly minSyncUnits: Units
}

export interface Sweep {
  /** Whether everything that the node calls final is on the books. */
  readonly complete: boolean
  /** Whether deposits or withdrawals are confirmed that are not final yet. */
  readonly pending: boolean
  /** Why receipts that are signed now do not verify, or null. */
  readonly receiptKeyProblem: string | null
}

/** Transactions between two moves of the cursor. */
const BATCH = 64
/**
 * Batches that one sweep reads: anyone may name the gateway in any number of transactions, and what is leaving is looked
 * for at the beginning of each sweep [C8].
 */
const BATCHES_PER_SWEEP = 8

export class Watch {
  readonly #options: WatchOptions
  readonly #reader: TransactionReader
  readonly #accounts: VaultAccounts
  readonly #books: VaultBooks
  readonly #pending: Pending
  readonly #withdrawals: Withdrawals
  readonly #receiptKey: ReceiptKeyWatch
  readonly #sync: TransferSync
  readonly #quarantine: QuarantineRetry
  /** Slots of the transactions that were read, as far as the overlap shows them again. */
  readonly #read = new Map<string, number>()
  /** Withdrawals that no account has proven yet. */
  #waiting: readonly PayoutFact[] = []
  /** The transaction that created the gateway: nothing of it is older. */
  #origin: string | null = null

  constructor(options: WatchOptions) {
    const { rpc, program, mint, ledger } = options
    this.#options = options
    this.#reader = new TransactionReader(options)
    this.#accounts = new VaultAccounts(rpc, program, mint)
    this.#books = new VaultBooks(options, rpc, this.#reader)
    this.#pending = new Pending(ledger, options)
    this.#withdrawals = new Withdrawals(options)
    this.#receiptKey = new ReceiptKeyWatch(options, options)
    this.#sync = new TransferSync(options)
    this.#quarantine = new QuarantineRetry(options, options)
  }

  /** Brings the books up to the chain once. Throws where the node or the ledger does not answer. */
  async sweep(): Promise<Sweep> {
    const { rpc, gateway, ledger, log } = this.#options
    const round = this.#accounts.round(await ledger.vaults())
    await this.#freeze(round)
    await this.#sync.settleInFlight()
    const accounts = await this.#accounts.read(round, 'finalized')
    const before = await this.#vaults()
    const cursor = await ledger.cursor()
    await this.#withdrawals.freeze(accounts, before)
    await noteFrozen(this.#options, accounts, before)
    this.#books.note(accounts, before, cursor)
    await this.#quarantine.run()
    const finalSlot = await rpc.getSlot('finalized')

    const window = await listWindow(rpc, gateway, cursor) // 1. chain
    const unread = window.transactions.filter(({ signature }) => !this.#read.has(signature))
    const cut = batches(unread, BATCH)
    for (const [index, batch] of cut.slice(0, BATCHES_PER_SWEEP).entries()) {
      const decoded = await this.#reader.read(batch) // 2. decode
      const moved = { ...decoded, withdrawals: [...this.#waiting, ...decoded.withdrawals] }
      const proofs = await this.#learn(moved)
      const plans = planVaults(await this.#vaults(), moved, proofs) // 3. reconcile
      await credit(this.#options, moved, plans) // 4. credit
      this.#waiting = plans.flatMap(({ waiting }) => waiting)
      this.#origin ??= decoded.origin
      if (decoded.termsChangedAt !== null) this.#receiptKey.changed(decoded.termsChangedAt)
      for (const { signature, slot } of batch) this.#read.set(signature, slot)
      if (this.#isComplete(window)) await this.#advance(batch, cursor) // 5. advance
      const done = index * BATCH + batch.length
      if (unread.length > BATCH) log.info({ done, total: unread.length }, 'reading the history')
    }
    if (cut.length > BATCHES_PER_SWEEP) return this.#interrupted()
    const complete = this.#isComplete(window)
    if (complete) await this.#advance(window.transactions, cursor)
    else if (cursor === null && window.transactions.length === 0) {
      log.info({}, 'nothing of this gateway is final yet')
    } else log.error({ cursor }, 'the node lists too little history: the cursor stays')

    const judged = await this.#books.judge(finalSlot)
    await this.#withdrawals.thaw(judged, await this.#vaults())
    await this.#receiptKey.check()
    const pending = await this.#pending.show((signature) => this.#read.has(signature))
    await this.#sync.run(accounts)
    return { complete, pending, receiptKeyProblem: this.#receiptKey.problem }
  }

  /** Books that are known to lack something are compared with nothing: the next sweep goes on at once. */
  #interrupted(): Sweep {
    return { complete: false, pending: true, receiptKeyProblem: this.#receiptKey.problem }
  }

  async #vaults(): Promise<Map<string, KnownVault>> {
    return booksByVault(await this.#options.ledger.vaults())
  }

  /** Freezes what confirmed transactions take away, before anything else: of the vaults whose turn it is, and of those that the newest ones name. */
  async #freeze(round: readonly KnownVault[]): Promise<void> {
    await this.#see(round)
    const seen = new Set(round.map(({ vault }) => vault))
    const named = await this.#pending.look()
    await this.#see(named.filter(({ vault }) => !seen.has(vault)))
  }

  async #see(vaults: readonly NamedVault[]): Promise<void> {
    const known = await this.#vaults()
    const readings = await this.#accounts.read(
      vaults.filter(({ vault }) => known.has(vault)),
      'confirmed',
    )
    await this.#withdrawals.see(readings, known)
  }

  /** Makes new vaults known, with what is leaving them, before they are credited; reads the accounts that withdrawals are proven by. */
  async #learn({ named, opened, withdrawals }: Decoded): Promise<Map<string, Books>> {
    const { ledger } = this.#options
    const old = await this.#vaults()
    const isNew = ({ vault }: { readonly vault: string }): boolean => !old.has(vault)
    const fresh = distinct(named).filter(isNew)
    for (const { vault, agent } of fresh) await ledger.knowVault(vault, agent)
    await this.#withdrawals.see(opened.filter(isNew), await this.#vaults())
    await this.#see(fresh)
    const accounts = await this.#accounts.read(distinct(withdrawals), 'finalized')
    return new Map(accounts.map(({ vault, account }) => [vault, account]))
  }

  #isComplete({ reachesCursor, transactions }: Window): boolean {
    return reachesCursor || transactions.some(({ signature }) => signature === this.#origin)
  }

  /** Moves the cursor to the last of these, and forgets what no later sweep lists again. */
  async #advance(booked: readonly Listed[], from: Cursor | null): Promise<void> {
    const last = booked.at(-1)
    if (last === undefined || (from !== null && last.slot <= from.slot)) return
    await this.#options.ledger.advance({ slot: last.slot, signature: last.signature })
    for (const [signature, slot] of this.#read) {
      if (slot < last.slot - 2 * OVERLAP_SLOTS && signature !== this.#origin) {
        this.#read.delete(signature)
      }
    }
  }
}

/** One of each vault. */
function distinct<Named extends NamedVault>(named: readonly Named[]): Named[] {
  return [...new Map(named.map((one) => [one.vault, one])).values()]
}

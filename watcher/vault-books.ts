/**
 * Books against vaults [C6]. Totals that were final before a sweep must be on the books after it. Where they are
 * not, the vault's own history is read from its beginning; where that does not help for several sweeps, crediting stops.
 */
import { type Connection, PublicKey } from '@solana/web3.js'
import type { Cursor, KnownVault } from '../src/ledger/chain-ledger.ts'
import { listTransactions } from './chain.ts'
import { bookPayouts, type Crediting, credit, stopVault } from './credit.ts'
import type { Decoded, TransactionReader } from './decode.ts'
import { type Books, compareBooks, isSound, planVault } from './reconcile.ts'
import type { VaultReading } from './vault-accounts.ts'

/** Nodes lag behind each other: only what stays wrong for this many sweeps in a row is drift. */
const SWEEPS_TO_DRIFT = 3
/** How often a stopped vault's history is read to see whether it has become sound. */
const RECHECK_MS = 60_000

export function booksByVault(known: readonly KnownVault[]): Map<string, KnownVault> {
  return new Map(known.map((vault) => [vault.vault, vault]))
}

export class VaultBooks {
  readonly #crediting: Crediting
  readonly #rpc: Connection
  readonly #reader: TransactionReader
  readonly #noted = new Map<string, { reading: VaultReading; stood: Books }>()
  readonly #sweepsWrong = new Map<string, number>()
  readonly #recheckedAt = new Map<string, number>()

  constructor(crediting: Crediting, rpc: Connection, reader: TransactionReader) {
    this.#crediting = crediting
    this.#rpc = rpc
    this.#reader = reader
  }

  /**
   * Keeps readings, with the books as they stood before them, until they can be judged. One from before the cursor
   * knows less than the books may and says nothing.
   */
  note(
    readings: readonly VaultReading[],
    before: ReadonlyMap<string, Books>,
    cursor: Cursor | null,
  ): void {
    for (const reading of readings) {
      const stood = before.get(reading.vault)
      if (stood === undefined || this.#noted.has(reading.vault)) continue
      if (reading.slot < (cursor?.slot ?? 0)) continue
      this.#noted.set(reading.vault, { reading, stood })
    }
  }

  /**
   * Compares the readings that are final with the books, after a sweep that began at `finalSlot` or later, and returns
   * them. The books may be ahead of a reading through later credits, never through those that stood before it.
   */
  async judge(finalSlot: number): Promise<VaultReading[]> {
    const after = booksByVault(await this.#crediting.ledger.vaults())
    const judged: VaultReading[] = []
    for (const [vault, { reading, stood }] of this.#noted) {
      const stands = after.get(vault)
      if (reading.slot > finalSlot || stands === undefined) continue
      const { account } = reading
      const now = compareBooks(stands, account)
      if (stands.stopped !== null) {
        await this.#recheck(stands, account)
      } else if (now.behind) {
        await this.#catchUp(stands, account)
        await this.#judgeAnew(vault, account)
      } else if (compareBooks(stood, account).ahead || now.differ) {
        await this.#strike(vault, stood, account)
      } else {
        this.#sweepsWrong.delete(vault)
      }
      this.#noted.delete(vault)
      judged.push(reading)
    }
    return judged
  }

  /** Reads everything that names the vault itself, however old, and books what is missing. */
  async #catchUp(books: KnownVault, account: Books): Promise<void> {
    const history = await this.#history(books.vault)
    await this.#book(books, history, account)
  }

  async #book(books: KnownVault, history: Decoded, account: Books): Promise<void> {
    await credit(this.#crediting, history, [planVault(books.vault, books, history, account)])
  }

  async #history(vault: string): Promise<Decoded> {
    const { transactions } = await listTransactions(this.#rpc, new PublicKey(vault), null)
    const read = await this.#reader.read(transactions)
    const isOwn = (fact: { readonly vault: string }): boolean => fact.vault === vault
    return {
      ...read,
      deposits: read.deposits.filter(isOwn),
      settlements: read.settlements.filter(isOwn),
      withdrawals: read.withdrawals.filter(isOwn),
    }
  }

  async #judgeAnew(vault: string, account: Books): Promise<void> {
    const books = booksByVault(await this.#crediting.ledger.vaults()).get(vault)
    if (books === undefined) return
    if (compareBooks(books, account).behind) await this.#strike(vault, books, account)
    else this.#sweepsWrong.delete(vault)
  }

  async #strike(vault: string, books: Books, account: Books): Promise<void> {
    const sweeps = (this.#sweepsWrong.get(vault) ?? 0) + 1
    this.#sweepsWrong.set(vault, sweeps)
    const figures = `books ${inWords(books)}; vault ${inWords(account)}`
    this.#crediting.log.warn({ vault, sweeps }, figures)
    if (sweeps < SWEEPS_TO_DRIFT) return
    this.#sweepsWrong.delete(vault)
    await stopVault(this.#crediting, vault, figures)
  }

  /** Resumes a stopped vault once its whole history proves the books right. */
  async #recheck(books: KnownVault, account: Books): Promise<void> {
    const { ledger, log, now } = this.#crediting
    const { vault } = books
    const last = this.#recheckedAt.get(vault)
    if (last !== undefined && now() - last < RECHECK_MS) return
    this.#recheckedAt.set(vault, now())
    const history = await this.#history(vault)
    if (!isSound(books, account, history)) return
    const { settlements } = planVault(vault, books, history, account)
    if ((await bookPayouts(this.#crediting, 'settlement', settlements)) !== null) return
    await ledger.stopVault(vault, null)
    log.warn({ vault, reason: books.stopped }, 'the books proved right: crediting resumes')
    await this.#book(books, history, account)
  }
}

function inWords({ deposited, depositIndex, settled, withdrawn }: Books): string {
  return `${deposited} in ${depositIndex} deposits, settled ${settled}, withdrawn ${withdrawn}`
}

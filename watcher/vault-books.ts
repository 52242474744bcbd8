/**
 * Books against vaults [C6]. Totals that were final before a sweep must be on the books after it. Where they are
 * not, the vault's own history is read from its beginning; where that does not help for several sweeps, crediting stops.
 */
import { type Connection, PublicKey } from '@solana/web3.js'
import type { KnownVault } from '../src/ledger/chain-ledger.ts'
import { listTransactions } from './chain.ts'
import { type Crediting, credit, stopVault } from './credit.ts'
import type { Decoded, TransactionReader } from './decode.ts'
import { type Books, compareBooks, isSound, planCredits } from './reconcile.ts'
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

  /** Keeps readings, with the books as they stood before them, until they can be judged. */
  note(readings: readonly VaultReading[], before: ReadonlyMap<string, Books>): void {
    for (const reading of readings) {
      const stood = before.get(reading.vault)
      if (stood === undefined || this.#noted.has(reading.vault)) continue
      this.#noted.set(reading.vault, { reading, stood })
    }
  }

  /**
   * Compares the readings that are final with the books, after a sweep that began at `finalSlot` or later. The books
   * may be ahead of a reading through later credits, never through those that stood before it.
   */
  async judge(finalSlot: number): Promise<void> {
    const after = booksByVault(await this.#crediting.ledger.vaults())
    for (const [vault, { reading, stood }] of this.#noted) {
      const stands = after.get(vault)
      if (reading.slot > finalSlot || stands === undefined) continue
      const { account } = reading
      if (stands.stopped !== null) {
        await this.#recheck(stands, account)
      } else if (compareBooks(stands, account) === 'books_behind') {
        await this.#catchUp(stands)
        await this.#judgeAnew(vault, account)
      } else if (compareBooks(stood, account) === 'books_ahead' || differs(stands, account)) {
        await this.#strike(vault, stood, account)
      } else {
        this.#sweepsWrong.delete(vault)
      }
      this.#noted.delete(vault)
    }
  }

  /** Reads everything that names the vault itself, however old, and credits what is missing. */
  async #catchUp({ vault, deposited, depositIndex }: KnownVault): Promise<void> {
    const history = await this.#history(vault)
    const books = new Map([[vault, { deposited, depositIndex }]])
    await credit(this.#crediting, history, planCredits(books, history.deposits))
  }

  async #history(vault: string): Promise<Decoded> {
    const { transactions } = await listTransactions(this.#rpc, new PublicKey(vault), null)
    const read = await this.#reader.read(transactions)
    return { ...read, deposits: read.deposits.filter((deposit) => deposit.vault === vault) }
  }

  async #judgeAnew(vault: string, account: Books): Promise<void> {
    const books = booksByVault(await this.#crediting.ledger.vaults()).get(vault)
    if (books === undefined) return
    if (compareBooks(books, account) === 'books_behind') await this.#strike(vault, books, account)
    else this.#sweepsWrong.delete(vault)
  }

  async #strike(vault: string, books: Books, account: Books): Promise<void> {
    const sweeps = (this.#sweepsWrong.get(vault) ?? 0) + 1
    this.#sweepsWrong.set(vault, sweeps)
    const figures = `books ${books.deposited} in ${books.depositIndex} deposits, vault ${account.deposited} in ${account.depositIndex}`
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
    if (!isSound(books, account, history.deposits)) return
    await ledger.stopVault(vault, null)
    log.warn({ vault, reason: books.stopped }, 'the books proved right: crediting resumes')
    await this.#catchUp(books)
  }
}

function differs(books: Books, account: Books): boolean {
  return compareBooks(books, account) === 'books_differ'
}

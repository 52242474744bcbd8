/**
 * Withdrawals: whatever an account says is leaving is frozen at once, and thaws only when it is final that it stays and
 * nothing newer says otherwise [C8].
 */
import type { ChainLedger, KnownVault } from '../src/ledger/chain-ledger.ts'
import type { WatcherLog } from './log.ts'
import { type AccountAt, finalReading, freezingReading, leaving } from './withdrawal-readings.ts'

interface Noting {
  readonly ledger: Pick<ChainLedger, 'noteWithdrawal'>
  readonly log: WatcherLog
  readonly now: () => number
}

type Known = ReadonlyMap<string, KnownVault>

export class Withdrawals {
  readonly #noting: Noting
  /** The newest sight of each vault at `confirmed`: a node that lags behind takes nothing back. */
  readonly #newest = new Map<string, AccountAt>()
  /** The last slot at which `confirmed` showed as leaving all that is frozen for it. */
  readonly #shownAt = new Map<string, number>()

  constructor(noting: Noting) {
    this.#noting = noting
  }

  /** Takes in accounts as they are at `confirmed`; freezes what is leaving, and tells the ledger of each vault's delay once. */
  async see(readings: readonly AccountAt[], known: Known): Promise<void> {
    await Promise.all(readings.map((reading) => this.#seeOne(reading, known)))
  }

  async #seeOne(reading: AccountAt, known: Known): Promise<void> {
    const { vault, slot, account } = reading
    const books = known.get(vault)
    const newest = this.#newest.get(vault)
    if (books === undefined || (newest !== undefined && newest.slot > slot)) return
    if (newest === undefined) await this.#note(reading, books)
    else await this.#freezeOne(reading, books)
    this.#newest.set(vault, reading)
    const amount = leaving(account, books)
    if (amount > 0n && amount >= books.pendingWithdrawal) this.#shownAt.set(vault, slot)
  }

  /** Freezes what is leaving by these accounts, however old they are. */
  async freeze(readings: readonly AccountAt[], known: Known): Promise<void> {
    await Promise.all(
      readings.map(async (reading) => {
        const books = known.get(reading.vault)
        if (books !== undefined) await this.#freezeOne(reading, books)
      }),
    )
  }

  async #freezeOne(reading: AccountAt, books: KnownVault): Promise<void> {
    if (leaving(reading.account, books) > books.pendingWithdrawal) await this.#note(reading, books)
  }

  async #note(reading: AccountAt, books: KnownVault): Promise<void> {
    const { ledger, log, now } = this.#noting
    await ledger.noteWithdrawal(freezingReading(reading, books), now())
    const amount = leaving(reading.account, books)
    if (amount <= books.pendingWithdrawal) return
    const { vault, agent } = books
    log.warn({ vault, agent, amount: `${amount}`, slot: reading.slot }, 'a withdrawal freezes')
  }

  /** Brings what is frozen in line with accounts that are final and whose movements are on the books. */
  async thaw(readings: readonly AccountAt[], known: Known): Promise<void> {
    await Promise.all(readings.map((reading) => this.#thawOne(reading, known)))
  }

  async #thawOne(reading: AccountAt, known: Known): Promise<void> {
    const books = known.get(reading.vault)
    const newest = this.#newest.get(reading.vault)
    if (books === undefined || newest === undefined) return
    const shownAt = this.#shownAt.get(reading.vault) ?? 0
    if (books.pendingWithdrawal === 0n || reading.slot < shownAt) return
    const { ledger, log, now } = this.#noting
    const noted = finalReading(reading, newest, books)
    const highest = [noted.pending, noted.confirmedPending ?? 0n].reduce((a, b) => (a > b ? a : b))
    if (highest >= books.pendingWithdrawal) return
    const pending = await ledger.noteWithdrawal(noted, now())
    const { vault, agent, pendingWithdrawal } = books
    if (pending >= pendingWithdrawal) return
    const [from, to] = [`${pendingWithdrawal}`, `${pending}`]
    log.info({ vault, agent, from, to, slot: reading.slot }, 'less is leaving')
  }
}

/** Which agents have a vault, as the ledger knows it. Vaults are never closed, so that what is known stays true. */
import type { KnownVault } from '../ledger/chain-ledger.ts'
import { type Units, ZERO } from '../money.ts'

export interface VaultBooks {
  balance(agent: string): Promise<{ readonly deposited: Units }>
  vaults(): Promise<readonly KnownVault[]>
}

/** The ledger lists all vaults at once: agents that have deposited nothing make it do so no oftener. */
const REFRESH_MS = 1_000

export class OpenVaults {
  readonly #books: VaultBooks
  readonly #now: () => number
  readonly #agents = new Set<string>()
  #readAt = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | null = null

  constructor(books: VaultBooks, now: () => number) {
    this.#books = books
    this.#now = now
  }

  async has(agent: string): Promise<boolean> {
    if (this.#agents.has(agent)) return true
    if ((await this.#books.balance(agent)).deposited > ZERO) return true
    if (this.#reading === null && this.#now() - this.#readAt >= REFRESH_MS) {
      this.#readAt = this.#now()
      this.#reading = this.#read().finally(() => {
        this.#reading = null
      })
    }
    await this.#reading
    return this.#agents.has(agent)
  }

  async #read(): Promise<void> {
    for (const vault of await this.#books.vaults()) this.#agents.add(vault.agent)
  }
}

/** Which agents have a vault, as the ledger knows it. Vaults are never closed, so that what is known stays true. */
import type { KnownVault } from '../ledger/chain-ledger.ts'

/** The ledger lists all vaults at once: agents without one make it do so no oftener. */
const REFRESH_MS = 1_000

export class OpenVaults {
  readonly #list: () => Promise<readonly KnownVault[]>
  readonly #now: () => number
  readonly #agents = new Set<string>()
  #readAt = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | null = null

  constructor(list: () => Promise<readonly KnownVault[]>, now: () => number) {
    this.#list = list
    this.#now = now
  }

  async has(agent: string): Promise<boolean> {
    if (this.#agents.has(agent)) return true
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
    for (const vault of await this.#list()) this.#agents.add(vault.agent)
  }
}

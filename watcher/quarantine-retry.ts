/** Asks again, now and then, for transactions that were set aside: a better answer books what they hold [C5]. */
import { type Crediting, credit } from './credit.ts'
import { readTransaction, type Source, sortReadings } from './decode.ts'
import { planVaults } from './reconcile.ts'
import { booksByVault } from './vault-books.ts'

const RETRY_MS = 60_000
const PER_RETRY = 20

export class QuarantineRetry {
  readonly #crediting: Crediting
  readonly #source: Source
  #triedAt = Number.NEGATIVE_INFINITY
  #turn = 0

  constructor(crediting: Crediting, source: Source) {
    this.#crediting = crediting
    this.#source = source
  }

  /** Reads the next few of what is set aside, at most once a minute. Throws RpcUnavailable. */
  async run(): Promise<void> {
    const { ledger, log, now } = this.#crediting
    if (now() - this.#triedAt < RETRY_MS) return
    this.#triedAt = now()
    const all = await ledger.quarantined()
    const turns = Math.max(1, Math.ceil(all.length / PER_RETRY))
    const start = (this.#turn++ % turns) * PER_RETRY
    for (const { signature, slot } of all.slice(start, start + PER_RETRY)) {
      const listed = { signature, slot, failed: false }
      const reading = await readTransaction(this.#source, listed, 'finalized')
      const decoded = sortReadings([reading], this.#source.gateway.toBase58())
      if (decoded.aside.length > 0) continue
      const books = booksByVault(await ledger.vaults())
      // Withdrawals wait for an account that proves them; the comparison of the books with it finds them missing.
      await credit(this.#crediting, decoded, planVaults(books, decoded, new Map()))
      await ledger.unquarantine(signature)
      log.info({ signature, slot }, 'a transaction that was set aside could be read')
    }
  }
}

/** Deposits seen at `confirmed`: shown as pending, never spendable [C2]. */
import type { ChainLedger, PendingDeposit } from '../src/ledger/chain-ledger.ts'
import { readTransaction, type Source, sortReadings } from './decode.ts'

/** The newest that are looked at; what does not fit shows when it is final. */
const NEWEST = 50

export class Pending {
  readonly #ledger: ChainLedger
  readonly #source: Source
  #seen = new Map<string, readonly PendingDeposit[]>()

  constructor(ledger: ChainLedger, source: Source) {
    this.#ledger = ledger
    this.#source = source
  }

  /** Replaces what is shown by the confirmed deposits that are not final yet; `isFinal` tells those that are. True when some are left. */
  async refresh(isFinal: (signature: string) => boolean): Promise<boolean> {
    const { rpc, gateway } = this.#source
    const newest = { limit: NEWEST }
    const listed = await rpc.getSignaturesForAddress(gateway, newest, 'confirmed')
    const seen = new Map<string, readonly PendingDeposit[]>()
    for (const { signature, err, confirmationStatus } of listed) {
      if (err !== null || confirmationStatus === 'finalized' || isFinal(signature)) continue
      const deposits = this.#seen.get(signature) ?? (await this.#deposits(signature))
      if (deposits !== null) seen.set(signature, deposits)
    }
    this.#seen = seen
    const pending = [...seen.values()].flat()
    await this.#ledger.replacePending(pending)
    return pending.length > 0
  }

  /** What a confirmed transaction deposits, or null when it cannot be told yet. */
  async #deposits(signature: string): Promise<PendingDeposit[] | null> {
    const listed = { signature, slot: 0, failed: false }
    const reading = await readTransaction(this.#source, listed, 'confirmed')
    if (reading.kind === 'unreadable') return null
    const { deposits } = sortReadings([reading], this.#source.gateway.toBase58())
    return deposits.map(({ agent, amount }) => ({ agent, signature, amount }))
  }
}

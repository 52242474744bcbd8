/**
 * What is confirmed and not final yet: its deposits are shown and never spendable [C2], and the vaults that money is
 * leaving are named, so that they are read before others [C8].
 */
import type { ConfirmedSignatureInfo } from '@solana/web3.js'
import { RpcUnavailable } from '../src/chain/rpc.ts'
import type { ChainLedger, PendingDeposit } from '../src/ledger/chain-ledger.ts'
import { type NamedVault, readTransaction, type Source, sortReadings } from './decode.ts'

/** The newest that are looked at; what does not fit shows when it is final. */
const NEWEST = 100
/** Transactions asked for at once. */
const PARALLEL = 4

/** What one transaction says. */
interface Sight {
  readonly deposits: readonly PendingDeposit[]
  readonly leaving: readonly NamedVault[]
}

export class Pending {
  readonly #ledger: ChainLedger
  readonly #source: Source
  #seen: ReadonlyMap<string, Sight> = new Map()
  /** Why the last look saw nothing, or null when it did. */
  #failure: { readonly error: unknown } | null = null

  constructor(ledger: ChainLedger, source: Source) {
    this.#ledger = ledger
    this.#source = source
  }

  /**
   * Looks at what is confirmed, and names the vaults that money is leaving. A node that does not answer names none, and
   * `show` tells of it; one that asks to be left alone is (throws RpcUnavailable).
   */
  async look(): Promise<NamedVault[]> {
    this.#failure = null
    try {
      this.#seen = await this.#look()
    } catch (error) {
      if (error instanceof RpcUnavailable && error.retryAfterMs !== null) throw error
      this.#failure = { error }
      return []
    }
    return [...this.#seen.values()].flatMap(({ leaving }) => leaving)
  }

  /**
   * Replaces the deposits that are shown by those of the last look that are not final; `isFinal` tells those that are.
   * True while anything of the look is not. Throws what the look failed with.
   */
  async show(isFinal: (signature: string) => boolean): Promise<boolean> {
    if (this.#failure !== null) throw this.#failure.error
    const sights = [...this.#seen].filter(([signature]) => !isFinal(signature))
    await this.#ledger.replacePending(sights.flatMap(([, { deposits }]) => deposits))
    return sights.some(([, { deposits, leaving }]) => deposits.length + leaving.length > 0)
  }

  async #look(): Promise<Map<string, Sight>> {
    const { rpc, gateway } = this.#source
    const listed = await rpc.getSignaturesForAddress(gateway, { limit: NEWEST }, 'confirmed')
    const open = listed.filter(
      ({ err, confirmationStatus }) => err === null && confirmationStatus !== 'finalized',
    )
    const seen = new Map<string, Sight>()
    for (let start = 0; start < open.length; start += PARALLEL) {
      const group = open.slice(start, start + PARALLEL)
      const sights = await Promise.all(group.map((one) => this.#sight(one)))
      for (const [index, { signature }] of group.entries()) {
        const sight = sights[index]
        if (sight != null) seen.set(signature, sight)
      }
    }
    return seen
  }

  /** What a confirmed transaction says, or null when it cannot be told yet. */
  async #sight({ signature, slot }: ConfirmedSignatureInfo): Promise<Sight | null> {
    const known = this.#seen.get(signature)
    if (known !== undefined) return known
    const listed = { signature, slot, failed: false }
    const reading = await readTransaction(this.#source, listed, 'confirmed')
    if (reading.kind === 'unreadable') return null
    const { deposits, leaving } = sortReadings([reading], this.#source.gateway.toBase58())
    const shown = deposits.map(({ agent, amount }) => ({ agent, signature, amount }))
    return { deposits: shown, leaving }
  }
}

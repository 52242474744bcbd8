/** Runs the crank beside the watcher: a look at the ledger after each sweep, and settling that no sweep waits for. */
import type { Connection } from '@solana/web3.js'
import { connectRpc } from '../src/chain/rpc.ts'
import { type Units, units, ZERO } from '../src/money.ts'
import { Crank, type CrankOptions, type CrankReport } from './crank.ts'
import { totalOf } from './settle-plan.ts'

/** When the operator settles, and what that may cost. */
export type SettlingTerms = Pick<CrankOptions, 'thresholdUnits' | 'priorityFeeMax' | 'spread'>

export interface CrankLoopOptions extends Omit<CrankOptions, 'rpc' | 'signal'> {
  readonly rpcUrl: string
  readonly rpcTimeoutMs: number
}

/** Amounts are decimal strings of units. */
export interface CrankStatus {
  /** Settled by this process since it started, and the fees of that. */
  readonly settled: string
  readonly feeLamports: number
  /** Of all agents: unsettled charges that vouchers cover, that agents owe, that nothing signed pays for. */
  readonly covered: string
  readonly owed: string
  readonly atRisk: string
  /** Vaults that could not be settled when last tried. */
  readonly failing: readonly { readonly vault: string; readonly reason: string }[]
  /** When what is unsettled was last looked at, in Unix milliseconds, or null. */
  readonly lookedAt: number | null
}

export class CrankLoop {
  readonly #options: CrankLoopOptions
  readonly #stopping = new AbortController()
  readonly #crank: Crank
  readonly #runs = new Set<Promise<void>>()
  readonly #failing = new Map<string, string>()
  #settled: Units = ZERO
  #feeLamports = 0
  #totals: ReturnType<typeof totalOf> = { covered: ZERO, owed: ZERO, atRisk: ZERO }
  #lookedAt: number | null = null

  constructor(options: CrankLoopOptions) {
    const { signal } = this.#stopping
    const rpc: Connection = connectRpc({
      url: options.rpcUrl,
      timeoutMs: options.rpcTimeoutMs,
      signal,
    })
    this.#options = options
    this.#crank = new Crank({ ...options, rpc, signal })
  }

  /** Settles what is due, in the background. */
  wake(): void {
    if (this.#stopping.signal.aborted) return
    const run = this.#run().finally(() => this.#runs.delete(run))
    this.#runs.add(run)
  }

  status(): CrankStatus {
    const { covered, owed, atRisk } = this.#totals
    return {
      settled: `${this.#settled}`,
      feeLamports: this.#feeLamports,
      covered: `${covered}`,
      owed: `${owed}`,
      atRisk: `${atRisk}`,
      failing: [...this.#failing].map(([vault, reason]) => ({ vault, reason })),
      lookedAt: this.#lookedAt,
    }
  }

  /** Ends what is under way, and resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#runs)
  }

  async #run(): Promise<void> {
    try {
      this.#note(await this.#crank.run({ byHand: false }))
    } catch (error) {
      this.#options.log.warn({ error: String(error) }, 'the crank could not look at the ledger')
    }
  }

  #note({ steps, transactions, standings }: CrankReport): void {
    this.#totals = totalOf(standings)
    this.#lookedAt = this.#options.now()
    for (const { feeLamports } of transactions) this.#feeLamports += feeLamports ?? 0
    for (const step of steps) {
      if (step.kind === 'failed') this.#failing.set(step.vault, step.reason)
      else this.#failing.delete(step.vault)
      if (step.kind === 'settled') this.#settled = units(this.#settled + step.amount)
    }
    const unsettled = new Set(standings.map(({ vault }) => vault))
    for (const vault of this.#failing.keys()) {
      if (!unsettled.has(vault)) this.#failing.delete(vault)
    }
  }
}

/**
 * The settle crank: collects for the operator what agents spent and signed for. It remembers nothing that matters: what
 * is due follows from the ledger, and what was paid from the vaults as they are read before each transaction. So a
 * restart, a second crank or an answer that was lost settles nothing twice.
 * Source: chain contract, "The mirror".
 */
import { type Connection, PublicKey } from '@solana/web3.js'
import type { TransactionSigner } from '../src/chain/send.ts'
import { cutIntoTransactions } from '../src/chain/settle-transaction.ts'
import type { Settleable, VoucherLedger } from '../src/ledger/voucher-ledger.ts'
import { type Units, units } from '../src/money.ts'
import { backoffMs } from './backoff.ts'
import type { Watched } from './binding.ts'
import type { WatcherLog } from './log.ts'
import { openTreasury, readSettlingParties, readVaults } from './settle-accounts.ts'
import {
  type BatchReport,
  type PlannedStep,
  type StepOutcome,
  settleBatch,
} from './settle-batch.ts'
import {
  byUrgency,
  cumulativeToSettle,
  reasonToSettle,
  type Standing,
  standingOf,
  withVault,
} from './settle-plan.ts'
import type { SentTransaction } from './settle-sent.ts'

export interface CrankOptions extends Watched {
  readonly rpc: Connection
  readonly ledger: Pick<VoucherLedger, 'unsettled'>
  /** The gateway's authority: signs, and pays the fees. */
  readonly operator: TransactionSigner
  /** Unsettled charges of an agent at which they are settled. */
  readonly thresholdUnits: Units
  /** Micro-lamports per compute unit. */
  readonly priorityFeeMax: number
  /** 0 to 999 at random. */
  readonly spread: () => number
  readonly now: () => number
  readonly log: WatcherLog
  /** Ends what is under way; it may still land. */
  readonly signal: AbortSignal
}

export interface CrankOrder {
  /** Settles whatever can be, waiting for no threshold and no retry. */
  readonly byHand: boolean
  /** Only this agent. */
  readonly agent?: string
}

export interface CrankReport {
  readonly steps: readonly StepOutcome[]
  readonly transactions: readonly SentTransaction[]
  /** Every agent with unsettled charges before the run, as it stands after it. */
  readonly standings: readonly Standing[]
}

/** Vaults that one run settles: those that become urgent meanwhile are the next one's. */
const VAULTS_PER_RUN = 90
/** Transactions under way at once. */
const PARALLEL = 4

export class Crank {
  readonly #options: CrankOptions
  /** Vaults that a run has in hand: no other run takes them. */
  readonly #busy = new Set<string>()
  readonly #failures = new Map<string, { readonly count: number; readonly retryAt: number }>()
  /** By vault: the withdrawal that was met with a settlement. */
  readonly #met = new Map<string, number>()

  constructor(options: CrankOptions) {
    this.#options = options
  }

  /**
   * Settles what is due. Without an order by hand only the most urgent of it; runs may overlap.
   * Throws only where the ledger does not answer: whatever else fails is in the report, by vault.
   */
  async run(order: CrankOrder): Promise<CrankReport> {
    const open = await this.#options.ledger.unsettled(order.agent)
    this.#forget(order, open)
    const due = open.filter((own) => this.#isDue(own, order))
    const inHand = new Set(due.map(({ vault }) => vault))
    for (const vault of inHand) this.#busy.add(vault)
    const seen = new Map(open.map((own) => [own.vault, own]))
    const letGo = (vault: string) => {
      if (inHand.delete(vault)) this.#busy.delete(vault)
    }
    try {
      const { steps, transactions } = await this.#settle(due, order, { seen, letGo })
      this.#note(steps, seen)
      return { steps, transactions, standings: standingsAfter(seen, steps) }
    } finally {
      for (const vault of inHand) letGo(vault)
    }
  }

  #isDue(own: Settleable, order: CrankOrder): boolean {
    if (this.#busy.has(own.vault) || this.#reason(own, order) === null) return false
    const failed = this.#failures.get(own.vault)
    return order.byHand || failed === undefined || this.#options.now() >= failed.retryAt
  }

  #reason(own: Settleable, { byHand }: CrankOrder) {
    const { thresholdUnits } = this.#options
    return reasonToSettle(own, { byHand, thresholdUnits, met: this.#met })
  }

  /**
   * Reads all that is due afresh, which replaces what is `seen` of it, and settles what is due still; the rest is let go.
   * The books lag behind the chain as their owners like: only what was read decides who comes first.
   */
  async #settle(
    due: readonly Settleable[],
    order: CrankOrder,
    { seen, letGo }: { seen: Map<string, Settleable>; letGo: (vault: string) => void },
  ): Promise<BatchReport> {
    if (due.length === 0) return { steps: [], transactions: [] }
    const { rpc, operator, program, priorityFeeMax, spread, signal } = this.#options
    let inQuestion = due
    try {
      const settling = await readSettlingParties(this.#options)
      const { vaults, treasuryOpen } = await readVaults(this.#options, settling, due)
      const fresh = due.flatMap((own) => {
        const vault = vaults.get(own.vault)
        return vault === undefined ? [] : [withVault(own, vault)]
      })
      for (const own of fresh) seen.set(own.vault, own)
      const wanted = fresh.filter((own) => this.#reason(own, order) !== null).sort(byUrgency)
      const taken = order.byHand ? wanted : wanted.slice(0, VAULTS_PER_RUN)
      const planned = taken.flatMap((own) => this.#step(own))
      const isTaken = new Set(taken.map(({ vault }) => vault))
      for (const { vault } of due) if (!isTaken.has(vault)) letGo(vault)
      inQuestion = taken
      if (planned.length === 0) return { steps: missing(due, vaults), transactions: [] }
      const opening = treasuryOpen ? [] : await openTreasury(this.#options, settling)
      const parts = { rpc, operator, program, settling, priorityFeeMax, spread, signal }
      const reports = await inParallel(cutIntoTransactions(settling, planned), (batch) =>
        settleBatch(parts, batch),
      )
      return {
        steps: [...missing(due, vaults), ...reports.flatMap(({ steps }) => steps)],
        transactions: [...opening, ...reports.flatMap(({ transactions }) => transactions)],
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const steps = inQuestion.map(({ agent, vault }) => ({
        kind: 'failed' as const,
        agent,
        vault,
        reason,
      }))
      return { steps, transactions: [] }
    }
  }

  #step(own: Settleable): PlannedStep[] {
    const cumulative = cumulativeToSettle(own)
    if (cumulative === null || own.voucher === null) return []
    const { program, gateway, mint } = this.#options
    const { agent, vault, settled, voucher } = own
    const signature = Buffer.from(voucher.signature, 'base64')
    return [
      {
        own,
        cumulative,
        amount: units(cumulative - settled),
        vault: new PublicKey(vault),
        parties: { program, gateway, mint, agent: new PublicKey(agent) },
        voucher: { cumulative: voucher.cumulative, signature },
      },
    ]
  }

  #note(steps: readonly StepOutcome[], seen: ReadonlyMap<string, Settleable>): void {
    const { now, log } = this.#options
    for (const step of steps) {
      const { agent, vault } = step
      if (step.kind === 'failed') {
        const count = (this.#failures.get(vault)?.count ?? 0) + 1
        this.#failures.set(vault, { count, retryAt: now() + backoffMs(count, null) })
        log.warn({ vault, agent, reason: step.reason }, 'a vault was not settled')
        continue
      }
      this.#failures.delete(vault)
      const own = seen.get(vault)
      if (own !== undefined && own.pendingWithdrawal > 0n) this.#met.set(vault, own.withdrawableAt)
      if (step.kind === 'settled_already') continue
      const { amount, cumulative, signature } = step
      const figures = { amount: `${amount}`, cumulative: `${cumulative}`, signature }
      log.info({ vault, agent, ...figures }, 'settled')
    }
  }

  /** Drops what is remembered of vaults with nothing unsettled. */
  #forget({ agent }: CrankOrder, open: readonly Settleable[]): void {
    if (agent !== undefined) return
    const vaults = new Set(open.map(({ vault }) => vault))
    for (const remembered of [this.#failures, this.#met]) {
      for (const vault of remembered.keys()) if (!vaults.has(vault)) remembered.delete(vault)
    }
  }
}

/** The vaults that the chain does not have (yet). */
function missing(due: readonly Settleable[], found: ReadonlyMap<string, unknown>): StepOutcome[] {
  return due
    .filter(({ vault }) => !found.has(vault))
    .map(({ agent, vault }) => {
      return { kind: 'failed', agent, vault, reason: 'the vault is not on the chain' }
    })
}

function standingsAfter(
  seen: ReadonlyMap<string, Settleable>,
  steps: readonly StepOutcome[],
): Standing[] {
  const after = new Map(seen)
  for (const step of steps) {
    const own = after.get(step.vault)
    if (step.kind === 'settled' && own !== undefined) {
      after.set(step.vault, { ...own, settled: step.cumulative })
    }
  }
  return [...after.values()].map(standingOf)
}

/** Does the work on every item, some at once, in their order; answers in their order too. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = items.entries()
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  return results
}

/**
 * What the operator may collect, and when it does. Values in, decisions out.
 * Source: chain contract, "The mirror" (the settle crank) and `settle`.
 */
import type { Settleable } from '../src/ledger/voucher-ledger.ts'
import { least, type Units, units, ZERO } from '../src/money.ts'

/** What the books mirror of a vault, and a fresh look at the chain replaces. */
export type Mirrored = Pick<
  Settleable,
  'deposited' | 'settled' | 'withdrawn' | 'pendingWithdrawal' | 'withdrawableAt'
>

/** What makes a settlement due. */
export interface Demand {
  /** The operator asked: whatever can be settled is due. */
  readonly byHand: boolean
  readonly thresholdUnits: Units
  /** By vault: the withdrawal (its `withdrawableAt`) that was met with a settlement before. */
  readonly met: ReadonlyMap<string, number>
}

export type Reason = 'by_hand' | 'withdrawal' | 'threshold'

/** One agent's charges that no settlement has paid yet: `settled + covered + owed + atRisk` is at least `spent`. */
export interface Standing {
  readonly agent: string
  readonly vault: string
  readonly spent: Units
  readonly settled: Units
  /** Unsettled, and the agent's voucher and vault pay for it. */
  readonly covered: Units
  /** Unsettled and withdrawn by the agent: a debt on the books. */
  readonly owed: Units
  /** Unsettled, and nothing that the agent signed pays for it. */
  readonly atRisk: Units
}

/** The agent's charges beside the vault as it was just read. */
export function withVault(own: Settleable, vault: Mirrored): Settleable {
  const { deposited, settled, withdrawn, pendingWithdrawal, withdrawableAt } = vault
  return { ...own, deposited, settled, withdrawn, pendingWithdrawal, withdrawableAt }
}

/**
 * The total that may stand as settled: never above the voucher, what was spent, or what is in the vault. Null where that
 * is not above what is settled already, so that there is nothing to settle.
 */
export function cumulativeToSettle(own: Settleable): Units | null {
  const { spent, voucher, deposited, withdrawn, settled } = own
  if (voucher === null || withdrawn > deposited) return null
  const cumulative = least(voucher.cumulative, least(spent, units(deposited - withdrawn)))
  return cumulative > settled ? cumulative : null
}

/**
 * Why a vault is to be settled now, or null. A withdrawal request is met at once, ahead of its time. While it is open,
 * charges that it would leave unpaid are settled at once too; those that are covered by what it leaves in the vault wait
 * for the threshold, so that nobody can have the operator pay a fee for every call.
 */
export function reasonToSettle(own: Settleable, demand: Demand): Reason | null {
  const cumulative = cumulativeToSettle(own)
  if (cumulative === null) return null
  if (demand.byHand) return 'by_hand'
  const { pendingWithdrawal, withdrawableAt, deposited, withdrawn, spent, settled, vault } = own
  if (pendingWithdrawal > 0n) {
    const unpaid = pendingWithdrawal > deposited - withdrawn - spent
    if (unpaid || demand.met.get(vault) !== withdrawableAt) return 'withdrawal'
  }
  return cumulative - settled >= demand.thresholdUnits ? 'threshold' : null
}

/** The most urgent first: withdrawals by their time, then by what there is to settle. */
export function byUrgency(a: Settleable, b: Settleable): number {
  const [pendingA, pendingB] = [a.pendingWithdrawal > 0n, b.pendingWithdrawal > 0n]
  if (pendingA !== pendingB) return pendingA ? -1 : 1
  if (pendingA && a.withdrawableAt !== b.withdrawableAt) return a.withdrawableAt - b.withdrawableAt
  const [openA, openB] = [a.spent - a.settled, b.spent - b.settled]
  return openA === openB ? 0 : openA > openB ? -1 : 1
}

/** How an agent's charges stand. */
export function standingOf(own: Settleable): Standing {
  const { agent, vault, spent, settled } = own
  const cumulative = cumulativeToSettle(own)
  const covered = units(cumulative === null ? 0n : cumulative - settled)
  const unpaid = units(spent > settled ? spent - settled - covered : 0n)
  const owed = least(own.owed, unpaid)
  return { agent, vault, spent, settled, covered, owed, atRisk: units(unpaid - owed) }
}

export type Totals = Pick<Standing, 'covered' | 'owed' | 'atRisk'>

export function totalOf(standings: readonly Standing[]): Totals {
  const sum = (part: (standing: Standing) => Units) =>
    standings.reduce((total, standing) => units(total + part(standing)), ZERO)
  return {
    covered: sum(({ covered }) => covered),
    owed: sum(({ owed }) => owed),
    atRisk: sum(({ atRisk }) => atRisk),
  }
}

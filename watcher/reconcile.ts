/**
 * Stage 3, reconcile: what may be booked, and whether books and chain agree [C6]. Values in, decisions out.
 * A vault's deposits are numbered without gaps and carry the running total, as its settlements and its withdrawals each
 * do, so every one proves those before it.
 */
import type { DepositFact, PayoutFact } from '../src/ledger/chain-ledger.ts'
import { type Units, ZERO } from '../src/money.ts'

/** What is booked of a vault, or what its account states. */
export interface Books {
  readonly deposited: Units
  readonly depositIndex: bigint
  readonly settled: Units
  readonly withdrawn: Units
}

/** What finalized transactions did to vaults, in any order, duplicates included. */
export interface Movements {
  readonly deposits: readonly DepositFact[]
  readonly settlements: readonly PayoutFact[]
  readonly withdrawals: readonly PayoutFact[]
}

export interface VaultPlan {
  readonly vault: string
  /** To hand to the ledger in this order: what it has already, and what follows without a gap. */
  readonly credits: readonly DepositFact[]
  /** To book after the credits, in this order: what follows without a gap. */
  readonly settlements: readonly PayoutFact[]
  readonly withdrawals: readonly PayoutFact[]
  /** Withdrawals that are not proven to come after every deposit on the books: they stay frozen meanwhile. */
  readonly waiting: readonly PayoutFact[]
  /** Why chain and books cannot both be right, or null. */
  readonly contradiction: string | null
}

const NO_BOOKS: Books = { deposited: ZERO, depositIndex: 0n, settled: ZERO, withdrawn: ZERO }

/** For sorting bigints. */
function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Facts that follow on the books, up to the first gap or contradiction. */
interface Continuation<Fact> {
  readonly facts: readonly Fact[]
  readonly missing: boolean
  readonly contradiction: string | null
}

/** Plans one vault's deposits. */
export function planDeposits(
  { deposited, depositIndex }: Books,
  deposits: readonly DepositFact[],
): Continuation<DepositFact> {
  const facts: DepositFact[] = []
  let [total, index] = [deposited, depositIndex]
  for (const deposit of deposits.toSorted((a, b) => ascending(a.depositIndex, b.depositIndex))) {
    if (deposit.depositIndex > index + 1n) return { facts, missing: true, contradiction: null }
    if (deposit.depositIndex === index + 1n) {
      const brings = total + deposit.amount
      if (deposit.cumulative !== brings) {
        const contradiction = `deposit ${deposit.depositIndex} brings the total to ${brings}, its event says ${deposit.cumulative}`
        return { facts, missing: false, contradiction }
      }
      total = deposit.cumulative
      index = deposit.depositIndex
    }
    facts.push(deposit)
  }
  return { facts, missing: false, contradiction: null }
}

/** Plans one vault's settlements or withdrawals, of which `booked` units are on the books. */
export function planPayouts(
  booked: Units,
  payouts: readonly PayoutFact[],
): Continuation<PayoutFact> {
  const facts: PayoutFact[] = []
  let total = booked
  for (const payout of payouts.toSorted((a, b) => ascending(a.cumulative, b.cumulative))) {
    const { amount, cumulative } = payout
    if (cumulative > total) {
      if (cumulative - amount > total) return { facts, missing: true, contradiction: null }
      if (cumulative - amount < total) {
        const contradiction = `a payout of ${amount} brings the total to ${total + amount}, its event says ${cumulative}`
        return { facts, missing: false, contradiction }
      }
      total = cumulative
    }
    facts.push(payout)
  }
  return { facts, missing: false, contradiction: null }
}

/**
 * Plans one vault. A withdrawal is booked when an account that includes it proves that no deposit is missing from the
 * books: what came of an unknown deposit would else be booked as owed, though the vault had it.
 */
export function planVault(
  vault: string,
  books: Books,
  movements: Movements,
  account: Books | null,
): VaultPlan {
  const deposits = planDeposits(books, movements.deposits)
  const settlements = planPayouts(books.settled, movements.settlements)
  const withdrawals = planPayouts(books.withdrawn, movements.withdrawals)
  const reached = deposits.facts.at(-1)?.depositIndex ?? 0n
  const index = reached > books.depositIndex ? reached : books.depositIndex
  const isComplete = account !== null && account.depositIndex <= index
  const proven = isComplete && deposits.contradiction === null ? account.withdrawn : ZERO
  const isProven = ({ cumulative }: PayoutFact): boolean => cumulative <= proven
  const isWaiting = ({ cumulative }: PayoutFact): boolean =>
    cumulative > proven && cumulative > books.withdrawn
  return {
    vault,
    credits: deposits.facts,
    settlements: settlements.facts,
    withdrawals: withdrawals.facts.filter(isProven),
    waiting: withdrawals.facts.filter(isWaiting),
    contradiction: deposits.contradiction ?? settlements.contradiction ?? withdrawals.contradiction,
  }
}

function byVault<Fact extends { readonly vault: string }>(
  facts: readonly Fact[],
): Map<string, Fact[]> {
  const sorted = new Map<string, Fact[]>()
  for (const fact of facts) {
    const own = sorted.get(fact.vault)
    if (own === undefined) sorted.set(fact.vault, [fact])
    else own.push(fact)
  }
  return sorted
}

/** Plans every vault that the movements name, each by its books and its account as far as that was read. */
export function planVaults(
  books: ReadonlyMap<string, Books>,
  movements: Movements,
  accounts: ReadonlyMap<string, Books>,
): VaultPlan[] {
  const deposits = byVault(movements.deposits)
  const settlements = byVault(movements.settlements)
  const withdrawals = byVault(movements.withdrawals)
  const vaults = new Set([...deposits.keys(), ...settlements.keys(), ...withdrawals.keys()])
  return [...vaults].map((vault) => {
    const own = {
      deposits: deposits.get(vault) ?? [],
      settlements: settlements.get(vault) ?? [],
      withdrawals: withdrawals.get(vault) ?? [],
    }
    return planVault(vault, books.get(vault) ?? NO_BOOKS, own, accounts.get(vault) ?? null)
  })
}

/** How books stand to an account; both `behind` and `ahead` may hold, of different totals. */
export interface Comparison {
  /** The account has something that the books lack. */
  readonly behind: boolean
  /** The books have something that the account lacks. */
  readonly ahead: boolean
  /** The same number of deposits with another sum. */
  readonly differ: boolean
}

/** Compares a vault's books with the totals that its account states. */
export function compareBooks(books: Books, account: Books): Comparison {
  const totals = ['depositIndex', 'settled', 'withdrawn'] as const
  return {
    behind: totals.some((total) => books[total] < account[total]),
    ahead: totals.some((total) => books[total] > account[total]),
    differ: books.depositIndex === account.depositIndex && books.deposited !== account.deposited,
  }
}

/**
 * Whether a stopped vault is proven sound: its whole history reads, from the first of each kind to the account's
 * totals, and the books stand somewhere on it.
 */
export function isSound(books: Books, account: Books, history: Movements): boolean {
  const { facts, missing, contradiction } = planDeposits(NO_BOOKS, history.deposits)
  const last = facts.at(-1)
  if (missing || contradiction !== null || last === undefined) return false
  if (last.depositIndex < account.depositIndex) return false
  const standing = facts.filter(({ depositIndex }) => depositIndex === books.depositIndex)
  const isOnIt =
    books.depositIndex === 0n
      ? books.deposited === 0n
      : standing.length === 1 && standing[0]?.cumulative === books.deposited
  return (
    isOnIt &&
    isOn(books.settled, account.settled, history.settlements) &&
    isOn(books.withdrawn, account.withdrawn, history.withdrawals)
  )
}

/** Whether these payouts lead from nothing to the account's total, by way of the books'. */
function isOn(booked: Units, stated: Units, payouts: readonly PayoutFact[]): boolean {
  const { facts, missing, contradiction } = planPayouts(ZERO, payouts)
  const totals = [0n, ...facts.map(({ cumulative }) => cumulative)]
  const reached = totals.at(-1) ?? 0n
  return (
    !missing &&
    contradiction === null &&
    reached >= stated &&
    totals.some((total) => total === booked)
  )
}

/**
 * Stage 3, reconcile: what may be credited, and whether books and chain agree [C6]. Values in, decisions out.
 * A vault's deposits are numbered without gaps and carry the running total, so each one proves those before it.
 */
import type { DepositFact } from '../src/ledger/chain-ledger.ts'
import type { Units } from '../src/money.ts'

/** What has been credited to a vault. */
export interface Books {
  readonly deposited: Units
  readonly depositIndex: bigint
}

export interface VaultPlan {
  readonly vault: string
  /** To hand to the ledger in this order: what it has already, and what follows without a gap. */
  readonly credits: readonly DepositFact[]
  /** The number that is missing before the rest can be credited, or null. */
  readonly missing: bigint | null
  /** Why chain and books cannot both be right, or null. */
  readonly contradiction: string | null
}

const NO_BOOKS: Books = { deposited: 0n as Units, depositIndex: 0n }

function byIndex(a: DepositFact, b: DepositFact): number {
  return a.depositIndex < b.depositIndex ? -1 : a.depositIndex > b.depositIndex ? 1 : 0
}

/** Plans one vault's deposits, given in any order, duplicates included. */
export function planVault(
  vault: string,
  books: Books,
  deposits: readonly DepositFact[],
): VaultPlan {
  const credits: DepositFact[] = []
  let { deposited, depositIndex } = books
  for (const deposit of [...deposits].sort(byIndex)) {
    if (deposit.depositIndex <= depositIndex) {
      credits.push(deposit)
      continue
    }
    if (deposit.depositIndex > depositIndex + 1n) {
      return { vault, credits, missing: depositIndex + 1n, contradiction: null }
    }
    const total = deposited + deposit.amount
    if (deposit.cumulative !== total) {
      const contradiction = `deposit ${deposit.depositIndex} brings the total to ${total}, its event says ${deposit.cumulative}`
      return { vault, credits, missing: null, contradiction }
    }
    credits.push(deposit)
    deposited = deposit.cumulative
    depositIndex = deposit.depositIndex
  }
  return { vault, credits, missing: null, contradiction: null }
}

/** Plans every vault that the deposits name. */
export function planCredits(
  books: ReadonlyMap<string, Books>,
  deposits: readonly DepositFact[],
): VaultPlan[] {
  const byVault = new Map<string, DepositFact[]>()
  for (const deposit of deposits) {
    byVault.set(deposit.vault, [...(byVault.get(deposit.vault) ?? []), deposit])
  }
  return [...byVault].map(([vault, own]) => planVault(vault, books.get(vault) ?? NO_BOOKS, own))
}

export type Comparison = 'equal' | 'books_behind' | 'books_ahead' | 'books_differ'

/** Compares a vault's books with the totals that its account states. */
export function compareBooks(books: Books, account: Books): Comparison {
  if (books.depositIndex < account.depositIndex) return 'books_behind'
  if (books.depositIndex > account.depositIndex) return 'books_ahead'
  return books.deposited === account.deposited ? 'equal' : 'books_differ'
}

/**
 * Whether a stopped vault is proven sound: its whole history reads, from deposit 1 to the account's totals, and the
 * books stand somewhere on it.
 */
export function isSound(books: Books, account: Books, history: readonly DepositFact[]): boolean {
  const plan = planVault('', NO_BOOKS, history)
  const last = plan.credits.at(-1)
  if (plan.missing !== null || plan.contradiction !== null || last === undefined) return false
  if (last.depositIndex < account.depositIndex) return false
  const standing = plan.credits.filter(({ depositIndex }) => depositIndex === books.depositIndex)
  if (books.depositIndex === 0n) return books.deposited === 0n
  return standing.length === 1 && standing[0]?.cumulative === books.deposited
}

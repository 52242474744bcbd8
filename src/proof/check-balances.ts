/**
 * `balance_after + spent` against the chain: it is always what was deposited so far less what was withdrawn so far, each
 * in the order of its totals, nothing counted before it happened and nothing left out for long.
 */
import type { ChainDeposit, ChainHistory, ChainPayout } from './evidence.ts'
import type { ChainFact, Finding } from './finding.ts'
import type { Claims } from './read-balance.ts'
import { type ReadReceipt, receiptFact } from './read-receipt.ts'
import { CLOCK_TOLERANCE_MS } from './receipt-keys.ts'

/** How long a deposit may stay out of the receipts once its block is there: finality, and a gateway that catches up. */
const CREDIT_MS_MAX = 600_000

/** How many deposits and withdrawals a receipt counts in. */
interface Standing {
  readonly deposits: number
  readonly withdrawals: number
}

/** Totals after none, one, two, … of a kind, and when each happened at the earliest (Unix milliseconds). */
interface Steps {
  readonly totals: readonly bigint[]
  readonly times: readonly number[]
}

/** Checks every receipt's sum. The chain's history must be complete. */
export function checkBalances(chain: ChainHistory, receipts: readonly ReadReceipt[]): Finding[] {
  const deposits = steps(chain.deposits)
  const withdrawals = steps(chain.withdrawals)
  const findings: Finding[] = []
  let standings: readonly Standing[] = [{ deposits: 0, withdrawals: 0 }]
  let lastSum: bigint | null = null
  let isPartial = true
  for (const [index, receipt] of receipts.entries()) {
    const sum = receipt.balanceAfter + receipt.spent
    const isLast = index === receipts.length - 1
    // An equal sum changes nothing; only at the end it matters which of the equal sums it may be.
    if (sum === lastSum && !isLast) continue
    const reached = reach(standings, sum, receipt.endedAt, deposits, withdrawals)
    isPartial = reached.length > 0
    if (isPartial) standings = reached
    else if (sum !== lastSum) findings.push(noPartialSum(chain, receipt, sum))
    lastSum = sum
  }
  const last = receipts.at(-1)
  // Of a sum that is none, nothing follows about single deposits.
  if (last === undefined || !isPartial) return findings
  const counted = Math.max(...standings.map((standing) => standing.deposits))
  return [...findings, ...leftOut(chain, last, counted)]
}

/** Checks that the gateway counts every final deposit, by its own statement. */
export function checkCredited(chain: ChainHistory, claims: Claims): Finding[] {
  const { vault } = chain
  if (vault === null || claims.deposited >= vault.deposited) return []
  const states = { deposited: claims.deposited.toString() }
  return [
    {
      kind: 'deposit_not_credited',
      message: `the gateway has credited ${claims.deposited} of ${vault.deposited} units that were deposited`,
      says: { source: 'answer', target: claims.target, states },
      but: {
        source: 'chain',
        account: vault.address,
        slot: chain.slot,
        states: { deposited: vault.deposited.toString() },
      },
    },
  ]
}

function steps(events: readonly (ChainDeposit | ChainPayout)[]): Steps {
  const at = ({ timeSeconds }: ChainDeposit | ChainPayout) =>
    timeSeconds === null ? Number.NEGATIVE_INFINITY : timeSeconds * 1000
  return {
    totals: [0n, ...events.map(({ cumulative }) => cumulative)],
    times: [Number.NEGATIVE_INFINITY, ...events.map(at)],
  }
}

/** Every way to come to `sum` by `at` from one of `standings`, taking nothing back. */
function reach(
  standings: readonly Standing[],
  sum: bigint,
  at: number,
  deposits: Steps,
  withdrawals: Steps,
): Standing[] {
  const reached: Standing[] = []
  const withdrawnAfter = new Map(withdrawals.totals.map((total, count) => [total, count]))
  const latest = at + CLOCK_TOLERANCE_MS
  const from = Math.min(...standings.map((standing) => standing.deposits))
  for (let count = from; count < deposits.totals.length; count += 1) {
    if ((deposits.times[count] ?? 0) > latest) break
    const paidOut = withdrawnAfter.get((deposits.totals[count] ?? 0n) - sum)
    if (paidOut === undefined || (withdrawals.times[paidOut] ?? 0) > latest) continue
    const isAhead = (before: Standing) => before.deposits <= count && before.withdrawals <= paidOut
    if (standings.some(isAhead)) reached.push({ deposits: count, withdrawals: paidOut })
  }
  return reached
}

function noPartialSum(chain: ChainHistory, receipt: ReadReceipt, sum: bigint): Finding {
  const amounts = (events: readonly (ChainDeposit | ChainPayout)[]) =>
    events.map(({ transaction, slot, amount }) => ({
      transaction,
      slot,
      amount: amount.toString(),
    }))
  const states = { deposits: amounts(chain.deposits), withdrawals: amounts(chain.withdrawals) }
  return {
    kind: 'balance_differs',
    message: `receipt ${receipt.seq} accounts for ${sum} units, which deposits and withdrawals never came to by then`,
    says: receiptFact(receipt, {
      balance_after: receipt.balanceAfter.toString(),
      spent: receipt.spent.toString(),
      ended_at: new Date(receipt.endedAt).toISOString(),
    }),
    but: {
      source: 'chain',
      slot: chain.slot,
      ...(chain.vault === null ? {} : { account: chain.vault.address }),
      states,
    },
  }
}

/** Deposits that were there long before the last receipt, and that it does not count. */
function leftOut(chain: ChainHistory, last: ReadReceipt, counted: number): Finding[] {
  return chain.deposits
    .slice(counted)
    .filter(
      ({ timeSeconds }) =>
        timeSeconds !== null && timeSeconds * 1000 + CREDIT_MS_MAX <= last.endedAt,
    )
    .map((deposit) => ({
      kind: 'deposit_not_credited',
      message: `deposit ${deposit.depositIndex} of ${deposit.amount} units is not in the balance after receipt ${last.seq}`,
      says: receiptFact(last, {
        balance_after: last.balanceAfter.toString(),
        spent: last.spent.toString(),
        ended_at: new Date(last.endedAt).toISOString(),
      }),
      but: depositFact(deposit),
    }))
}

function depositFact(deposit: ChainDeposit): ChainFact {
  const { transaction, slot, amount, cumulative, depositIndex, timeSeconds } = deposit
  const states = {
    amount: amount.toString(),
    cumulative: cumulative.toString(),
    deposit_index: depositIndex.toString(),
    block_time: timeSeconds,
  }
  return { source: 'chain', transaction, slot, states }
}

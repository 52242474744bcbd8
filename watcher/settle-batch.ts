/**
 * One transaction of settlements: simulated, signed, landed through lost answers and expired blockhashes. Where one of
 * its vaults cannot be settled, each is tried by itself. The program pays nothing twice (`settled < cumulative`), so that
 * whatever was sent before, or by somebody else, does no harm.
 */
import type { Connection, PublicKey, TransactionError } from '@solana/web3.js'
import type { SettlingParties } from '../src/chain/instructions.ts'
import { landThroughOutages } from '../src/chain/land-through-outages.ts'
import { priorityFee, recentPriorityFees } from '../src/chain/priority-fees.ts'
import { signTransaction, type TransactionSigner } from '../src/chain/send.ts'
import {
  type SettleStep,
  settleInstructions,
  withBudget,
  writtenAccounts,
} from '../src/chain/settle-transaction.ts'
import { describeError, isInstructionError, programError, simulate } from '../src/chain/simulate.ts'
import type { Settleable } from '../src/ledger/voucher-ledger.ts'
import type { Units } from '../src/money.ts'
import { readSent, type SentTransaction } from './settle-sent.ts'

export interface BatchParts {
  readonly rpc: Connection
  readonly program: PublicKey
  readonly operator: TransactionSigner
  readonly settling: SettlingParties
  /** Micro-lamports per compute unit. */
  readonly priorityFeeMax: number
  /** 0 to 999 at random: no two cranks sign the same transaction, so that only one of them can say that it landed. */
  readonly spread: () => number
  readonly signal: AbortSignal
}

/** A settlement that was decided on. */
export interface PlannedStep extends SettleStep {
  readonly own: Settleable
  /** What it pays, by the vault as it was read. */
  readonly amount: Units
}

export type StepOutcome = { readonly agent: string; readonly vault: string } & (
  | {
      readonly kind: 'settled'
      /** What this transaction paid. */
      readonly amount: Units
      readonly cumulative: Units
      readonly signature: string
    }
  /** Somebody else settled as much, or more, in the meantime. */
  | { readonly kind: 'settled_already' }
  | { readonly kind: 'failed'; readonly reason: string }
)

export interface BatchReport {
  readonly transactions: readonly SentTransaction[]
  readonly steps: readonly StepOutcome[]
}

/** How often one batch is signed: each time its blockhash runs out, with a higher fee. */
const SIGNINGS_MAX = 4
/** A blockhash lives for a minute and a half, and then its expiry must become final. */
const LAND_WITHIN_MS = 150_000
/** The most that a transaction may use; what it does use is measured first. */
const COMPUTE_UNITS_MAX = 1_400_000
/** `NothingToSettle` of the vault program. */
const NOTHING_TO_SETTLE = 6031

/** Settles the steps together where that works. What throws (no node, no signature) fails all of them. */
export async function settleBatch(
  parts: BatchParts,
  steps: readonly PlannedStep[],
): Promise<BatchReport> {
  try {
    return await settleTogether(parts, steps)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { transactions: [], steps: allFailed(steps, reason) }
  }
}

async function settleTogether(
  parts: BatchParts,
  steps: readonly PlannedStep[],
): Promise<BatchReport> {
  const { rpc, operator, settling, priorityFeeMax, spread, signal } = parts
  const instructions = settleInstructions(settling, steps)
  const written = writtenAccounts(instructions)
  for (let attempt = 0; attempt < SIGNINGS_MAX; attempt += 1) {
    const widest = { computeUnits: COMPUTE_UNITS_MAX, priorityFee: priorityFeeMax }
    const tried = withBudget(widest, instructions)
    const simulated = await simulate(rpc, settling.authority, tried)
    if (simulated.kind === 'fails') return await apart(parts, steps, simulated.error, [])

    const recent = await recentPriorityFees(rpc, written)
    const budget = {
      computeUnits: Math.ceil(simulated.computeUnits * 1.1) + spread(),
      priorityFee: priorityFee(recent, attempt, priorityFeeMax),
    }
    const signed = await signTransaction(rpc, withBudget(budget, instructions), [operator])
    const patience = AbortSignal.any([signal, AbortSignal.timeout(LAND_WITHIN_MS)])
    const outcome = await landThroughOutages(rpc, signed, patience)
    switch (outcome.kind) {
      case 'landed':
        return await settled(parts, steps, outcome.signature)
      case 'failed': {
        const sent = { signature: outcome.signature, vaults: steps.length, landed: false }
        const { transaction } = await readSent(rpc, parts.program, sent, signal)
        return await apart(parts, steps, outcome.error, [transaction])
      }
      case 'unknown': {
        const reason = `no node says what became of transaction ${outcome.signature}`
        return { transactions: [], steps: allFailed(steps, reason) }
      }
      case 'expired':
        break
    }
  }
  const reason = `not taken by the network in ${SIGNINGS_MAX} tries`
  return { transactions: [], steps: allFailed(steps, reason) }
}

/** What became of the steps of a transaction that landed. */
async function settled(
  { rpc, program, signal }: BatchParts,
  steps: readonly PlannedStep[],
  signature: string,
): Promise<BatchReport> {
  const sent = { signature, vaults: steps.length, landed: true }
  const { transaction, amounts } = await readSent(rpc, program, sent, signal)
  return {
    transactions: [transaction],
    steps: steps.map(({ own: { agent, vault }, cumulative, amount }) => ({
      kind: 'settled',
      agent,
      vault,
      cumulative,
      signature,
      amount: amounts.get(vault) ?? amount,
    })),
  }
}

/** Tries each step of a batch that failed by itself; one that is alone has failed. */
async function apart(
  parts: BatchParts,
  steps: readonly PlannedStep[],
  error: TransactionError,
  sent: readonly SentTransaction[],
): Promise<BatchReport> {
  if (steps.length === 1 || !isInstructionError(error)) {
    const already = programError(error) === NOTHING_TO_SETTLE
    const outcomes = already
      ? steps.map(({ own }) => ({ ...whose(own), kind: 'settled_already' as const }))
      : allFailed(steps, describeError(error))
    return { transactions: sent, steps: outcomes }
  }
  const reports = await Promise.all(steps.map((step) => settleBatch(parts, [step])))
  return {
    transactions: [...sent, ...reports.flatMap(({ transactions }) => transactions)],
    steps: reports.flatMap((report) => report.steps),
  }
}

function allFailed(steps: readonly PlannedStep[], reason: string): StepOutcome[] {
  return steps.map(({ own }) => ({ ...whose(own), kind: 'failed', reason }))
}

function whose({ agent, vault }: Settleable) {
  return { agent, vault }
}

/** What the operator took, and whether the vault holds the rest. */
import type { ChainHistory, ChainPayout } from './evidence.ts'
import type { ChainFact, Finding } from './finding.ts'
import type { Claims } from './read-balance.ts'
import { type ReadReceipt, receiptFact } from './read-receipt.ts'
import { CLOCK_TOLERANCE_MS } from './receipt-keys.ts'

/** A settlement takes at most what was spent by then, and corrections never go below what was settled. */
export function checkSettlements(chain: ChainHistory, receipts: readonly ReadReceipt[]): Finding[] {
  const findings = chain.settlements.flatMap((settlement) => {
    const short = beyondSpent(settlement, receipts)
    return short === null ? [] : [finding(short.receipt, settlementFact(settlement))]
  })
  const { vault, slot } = chain
  const last = receipts.at(-1)
  // Whatever events the node has kept, the account's own total stands.
  if (findings.length > 0 || vault === null || vault.settled <= (last?.spent ?? 0n)) return findings
  const states = { settled: vault.settled.toString() }
  return [finding(last, { source: 'chain', account: vault.address, slot, states })]
}

/** Checks that the deposit address holds what the gateway says is the agent's, and what is not settled yet. */
export function checkSolvency(chain: ChainHistory, claims: Claims): Finding[] {
  const { vault, tokens, slot } = chain
  const { available, held, frozen, spent, owed } = claims
  const due = available + held + frozen - owed + spent - (vault?.settled ?? 0n)
  if (tokens >= due) return []
  const stated = Object.entries({ available, held, frozen, spent, owed })
  return [
    {
      kind: 'insolvent',
      message: `the vault holds ${tokens} units, by the gateway's own balance it would have to hold ${due}`,
      says: {
        source: 'answer',
        target: claims.target,
        states: Object.fromEntries(stated.map(([name, amount]) => [name, amount.toString()])),
      },
      but: {
        source: 'chain',
        slot,
        ...(vault === null ? {} : { account: vault.address }),
        states: { tokens: tokens.toString(), settled: (vault?.settled ?? 0n).toString() },
      },
    },
  ]
}

/** The receipt by which a settlement is too high; undefined where there is none to settle at all. Null: it is not. */
function beyondSpent(
  { cumulative, timeSeconds }: ChainPayout,
  receipts: readonly ReadReceipt[],
): { readonly receipt: ReadReceipt | undefined } | null {
  const at = timeSeconds === null ? null : timeSeconds * 1000
  const isBefore = ({ endedAt }: ReadReceipt) => at !== null && endedAt < at - CLOCK_TOLERANCE_MS
  const isAfter = ({ endedAt }: ReadReceipt) => at !== null && endedAt > at + CLOCK_TOLERANCE_MS
  const lower = receipts.find((receipt) => isAfter(receipt) && receipt.spent < cumulative)
  if (lower !== undefined) return { receipt: lower }
  const before = receipts.filter(isBefore).slice(-1)
  const around = receipts.filter((receipt) => !isBefore(receipt) && !isAfter(receipt))
  const candidates = [...before, ...around]
  if (candidates.some(({ spent }) => spent >= cumulative)) return null
  return { receipt: candidates.at(-1) }
}

function finding(receipt: ReadReceipt | undefined, but: ChainFact): Finding {
  const message = `the operator settled ${but.states['cumulative'] ?? but.states['settled']} units in all, more than was spent`
  if (receipt !== undefined) {
    const states = {
      spent: receipt.spent.toString(),
      ended_at: new Date(receipt.endedAt).toISOString(),
    }
    return { kind: 'settled_beyond_spent', message, says: receiptFact(receipt, states), but }
  }
  const rule = 'without receipts nothing is spent'
  const says = { source: 'computed', rule, states: { spent: '0' } } as const
  return { kind: 'settled_beyond_spent', message, says, but }
}

function settlementFact(settlement: ChainPayout): ChainFact {
  const { transaction, slot, amount, cumulative, timeSeconds } = settlement
  const states = {
    amount: amount.toString(),
    cumulative: cumulative.toString(),
    block_time: timeSeconds,
  }
  return { source: 'chain', transaction, slot, states }
}

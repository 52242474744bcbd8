/** `spent` as the sum of charges and corrections, and what corrections may correct. */
import type { Finding } from './finding.ts'
import type { Claims } from './read-balance.ts'
import { type ReadReceipt, receiptFact } from './read-receipt.ts'
import { CLOCK_TOLERANCE_MS } from './receipt-keys.ts'

/** Checks that each receipt's `spent` is that of the one before, plus its charge. */
export function checkSpent(receipts: readonly ReadReceipt[]): Finding[] {
  const findings: Finding[] = []
  for (const [index, receipt] of receipts.entries()) {
    const before = receipts[index - 1]
    const follows = receipt.seq === (before?.seq ?? 0) + 1
    // Across a gap nothing can be summed; the gap itself is the finding.
    if (!follows) continue
    const total = (before?.spent ?? 0n) + receipt.charge
    if (receipt.spent === total) continue
    const rule = 'spent is the sum of all charges so far'
    const states = { spent: total.toString() }
    findings.push({
      kind: 'spent_differs',
      message: `receipt ${receipt.seq} says that ${receipt.spent} units are spent, the charges come to ${total}`,
      says: receiptFact(receipt, {
        charge: receipt.charge.toString(),
        spent: receipt.spent.toString(),
      }),
      but:
        before === undefined
          ? { source: 'computed', rule, states }
          : receiptFact(before, { spent: before.spent.toString() }),
    })
  }
  return findings
}

/**
 * Checks that the gateway's own statement of `spent`, made at `at` (Unix milliseconds), is where the receipts stood then:
 * the last charge must have its receipt, too.
 */
export function checkClaimedSpent(
  receipts: readonly ReadReceipt[],
  claims: Claims,
  at: number,
): Finding[] {
  const isBefore = ({ endedAt }: ReadReceipt) => endedAt < at - CLOCK_TOLERANCE_MS
  const standing = [
    ...receipts.filter(isBefore).slice(-1),
    ...receipts.filter((receipt) => !isBefore(receipt)),
  ]
  const isFirst = claims.spent === 0n && !receipts.some(isBefore)
  if (isFirst || standing.some(({ spent }) => spent === claims.spent)) return []
  const last = receipts.at(-1)
  const states = { spent: claims.spent.toString() }
  return [
    {
      kind: 'spent_differs',
      message: `the gateway says that ${claims.spent} units are spent, which its receipts do not come to`,
      says: { source: 'answer', target: claims.target, states },
      but:
        last === undefined
          ? {
              source: 'computed',
              rule: 'without receipts nothing is spent',
              states: { spent: '0' },
            }
          : receiptFact(last, { spent: last.spent.toString() }),
    },
  ]
}

/** A correction is negative, names an earlier call, and takes back no more than that call was charged. */
export function checkCorrections(receipts: readonly ReadReceipt[]): Finding[] {
  const findings: Finding[] = []
  const left = new Map<number, { readonly receipt: ReadReceipt; readonly amount: bigint }>()
  for (const receipt of receipts) {
    if (receipt.about.kind === 'call') {
      left.set(receipt.seq, { receipt, amount: receipt.charge })
      continue
    }
    const { corrects } = receipt.about
    const says = receiptFact(receipt, { charge: receipt.charge.toString(), corrects })
    const corrected = left.get(corrects)
    if (receipt.charge >= 0n || corrected === undefined) {
      const rule = 'a correction has a negative charge and corrects an earlier call'
      const message = `receipt ${receipt.seq} is no correction of an earlier call`
      const but = { source: 'computed', rule, states: {} } as const
      findings.push({ kind: 'correction_invalid', message, says, but })
      continue
    }
    const amount = corrected.amount + receipt.charge
    left.set(corrects, { receipt: corrected.receipt, amount })
    if (amount >= 0n) continue
    const message = `receipt ${receipt.seq} takes back more than receipt ${corrects} charged`
    const but = receiptFact(corrected.receipt, { charge: corrected.receipt.charge.toString() })
    findings.push({ kind: 'correction_invalid', message, says, but })
  }
  return findings
}

/**
 * Walks an agent's whole history and finds every contradiction between what the gateway says, what the agent signed and
 * what the chain says. Pure: the evidence in, the verdict out. Source: proof contract, "What `level5 verify` finds".
 */
import { checkBalances, checkCredited } from './check-balances.ts'
import { checkCalls } from './check-charges.ts'
import { shelvePrices } from './check-prices.ts'
import { compareKept, walkReceipts } from './check-receipts.ts'
import { checkSessions } from './check-sessions.ts'
import { checkSettlements, checkSolvency } from './check-settlements.ts'
import { checkClaimedSpent, checkCorrections, checkSpent } from './check-totals.ts'
import type { ChainHistory, ChainPayout, Evidence } from './evidence.ts'
import type { Checked, Finding, Note, Verdict } from './finding.ts'
import { readBalance } from './read-balance.ts'
import { type ReadReceipt, readReceipt, receiptFact } from './read-receipt.ts'
import { isForgotten, type KeyWindow, keyWindows, namedKeysFact, signerOf } from './receipt-keys.ts'

/** Checks everything. Never throws on hostile evidence. */
export function verifyHistory(evidence: Evidence): Verdict {
  const { chain } = evidence
  const windows = keyWindows(chain)
  const { receipts, findings: broken } = walkReceipts(evidence)
  const signed = checkSignatures(evidence, receipts, windows)
  const shelf = shelvePrices(evidence, windows)
  const calls = checkCalls(evidence, receipts, shelf)
  const sessions = checkSessions(evidence, receipts)
  const gaps = incompleteHistory(chain)
  const claims = checkClaims(evidence, receipts)
  const findings = [
    ...evidence.receiptTroubles.map(unansweredList),
    ...broken,
    ...keptFindings(evidence, receipts, windows),
    ...signed.findings,
    ...shelf.findings,
    ...calls.findings,
    ...sessions.findings,
    ...checkSpent(receipts),
    ...checkCorrections(receipts),
    ...(gaps.length > 0 ? [] : checkBalances(chain, receipts)),
    ...checkSettlements(chain, receipts),
    ...claims,
  ]
  const signatures = receipts.length + shelf.signatures + calls.signatures + sessions.signatures
  return {
    ok: findings.length === 0,
    findings,
    notes: [...gaps, ...signed.notes, ...sessions.notes],
    checked: {
      ...countedReceipts(receipts),
      ...countedChain(chain),
      price_lists: shelf.lists.size,
      receipt_keys: windows.length,
      sessions: evidence.sessions.size,
      signatures,
    },
  }
}

function unansweredList({ target, problem }: Evidence['receiptTroubles'][number]): Finding {
  return {
    kind: 'unanswered',
    message: `the receipts are not shown: ${problem}`,
    says: { source: 'computed', rule: 'every charge has a receipt that can be read', states: {} },
    but: { source: 'answer', target, states: { problem } },
  }
}

/** Each receipt under a key that the gateway named for its time. */
function checkSignatures(
  { chain }: Evidence,
  receipts: readonly ReadReceipt[],
  windows: readonly KeyWindow[],
): { readonly findings: readonly Finding[]; readonly notes: readonly Note[] } {
  const findings: Finding[] = []
  let unknown = 0
  for (const receipt of receipts) {
    const { signedBytes, signature, endedAt, digest } = receipt
    const signer = signerOf(windows, signedBytes, signature, endedAt)
    if (signer.kind === 'valid') continue
    const says = receiptFact(receipt, { ended_at: new Date(endedAt).toISOString(), digest })
    if (signer.kind === 'out_of_time') {
      const message = `receipt ${receipt.seq} is signed with a key that the gateway named at another time`
      findings.push({ kind: 'key_out_of_time', message, says, but: signer.window.fact })
    } else if (isForgotten(chain, windows, endedAt)) {
      unknown += 1
    } else {
      const message = `the signature of receipt ${receipt.seq} verifies under no key of the gateway`
      const but = namedKeysFact(windows, chain)
      findings.push({ kind: 'wrong_signature', message, says, but })
    }
  }
  const why = 'the node does not have all events of the gateway'
  const skipped = `the signatures of ${unknown} receipts under older keys`
  return { findings, notes: unknown === 0 ? [] : [{ kind: 'history_incomplete', why, skipped }] }
}

/** What the agent kept counts where the gateway signed it: nobody else's word does. */
function keptFindings(
  { kept }: Evidence,
  receipts: readonly ReadReceipt[],
  windows: readonly KeyWindow[],
): Finding[] {
  const verified = kept.flatMap((delivered) => {
    const reading = readReceipt(delivered)
    if (reading.kind === 'malformed') return []
    const { signedBytes, signature, endedAt } = reading.receipt
    const isSigned = signerOf(windows, signedBytes, signature, endedAt).kind !== 'no_key'
    return isSigned ? [reading.receipt] : []
  })
  return compareKept(receipts, verified)
}

/** What the gateway says of this moment, against receipts and chain. */
function checkClaims(evidence: Evidence, receipts: readonly ReadReceipt[]): Finding[] {
  const balance = readBalance(evidence.balance)
  if (balance.kind === 'none') return [balance.finding]
  const { chain } = evidence
  const { claims } = balance
  return [
    ...checkClaimedSpent(receipts, claims, evidence.collectedFrom),
    ...checkCredited(chain, claims),
    ...checkSolvency(chain, claims),
  ]
}

/** Whether the events of the vault add up to its account: a node may have forgotten what is long past. */
function incompleteHistory({ vault, deposits, settlements, withdrawals }: ChainHistory): Note[] {
  const numbered = deposits.every(({ depositIndex }, index) => depositIndex === BigInt(index + 1))
  const complete =
    numbered &&
    addsUp(deposits, vault?.deposited ?? 0n) &&
    addsUp(settlements, vault?.settled ?? 0n) &&
    addsUp(withdrawals, vault?.withdrawn ?? 0n)
  if (complete) return []
  const why = "the node's events do not add up to the vault's account"
  const skipped = 'balance_after against deposits and withdrawals'
  return [{ kind: 'history_incomplete', why, skipped }]
}

/** Events after the account was read may be among them. */
function addsUp(
  events: readonly Pick<ChainPayout, 'amount' | 'cumulative'>[],
  total: bigint,
): boolean {
  let sum = 0n
  for (const { amount, cumulative } of events) {
    sum += amount
    if (sum !== cumulative) return false
  }
  return sum >= total
}

function countedReceipts(receipts: readonly ReadReceipt[]) {
  const charged = receipts.reduce((sum, { charge }) => sum + charge, 0n)
  return {
    receipts: receipts.length,
    corrections: receipts.filter(({ about }) => about.kind === 'correction').length,
    charged: charged.toString(),
    spent: (receipts.at(-1)?.spent ?? 0n).toString(),
  } satisfies Partial<Checked>
}

function countedChain({ slot, vault, deposits, settlements }: ChainHistory) {
  return {
    slot,
    deposits: deposits.length,
    deposited: (vault?.deposited ?? 0n).toString(),
    withdrawn: (vault?.withdrawn ?? 0n).toString(),
    settlements: settlements.length,
    settled: (vault?.settled ?? 0n).toString(),
  } satisfies Partial<Checked>
}

/** The receipts as a chain: numbers without gaps or forks, each naming the one before, every one of the agent's own. */
import type { Evidence } from './evidence.ts'
import type { Finding, ReceiptFact } from './finding.ts'
import { type ReadReceipt, readReceipt, receiptFact } from './read-receipt.ts'
import { FIRST_PREV } from './receipt.ts'
import { CLOCK_TOLERANCE_MS } from './receipt-keys.ts'

/** The receipts that can be reckoned with: ascending, one of each number. */
export interface ReceiptChain {
  readonly receipts: readonly ReadReceipt[]
  readonly findings: readonly Finding[]
}

const LIST = 'GET /v1/receipts?after='
const SHOWN_MAX = 2_000
const FORM = 'a receipt has the form of the proof contract'

/** Walks the receipts in the order in which they were delivered. */
export function walkReceipts(evidence: Evidence): ReceiptChain {
  const findings: Finding[] = []
  const receipts: ReadReceipt[] = []
  const bySeq = new Map<number, ReadReceipt>()
  for (const [index, delivered] of evidence.receipts.entries()) {
    const reading = readReceipt(delivered)
    if (reading.kind === 'malformed') {
      findings.push(malformedReceipt(index, delivered, reading.problem))
      continue
    }
    const { receipt } = reading
    const known = bySeq.get(receipt.seq)
    const before = receipts.at(-1)
    if (known !== undefined) {
      if (known.digest !== receipt.digest) findings.push(fork(receipt, known))
      continue
    }
    findings.push(...place(receipt, before))
    bySeq.set(receipt.seq, receipt)
    if (before === undefined || receipt.seq > before.seq) receipts.push(receipt)
  }
  return {
    receipts,
    findings: [
      ...findings,
      ...alien(evidence, receipts),
      ...times(evidence, receipts),
      ...repeated(receipts),
    ],
  }
}

/** Holds the delivered receipts against those that the agent kept; `verified` are those whose signature is the gateway's. */
export function compareKept(
  receipts: readonly ReadReceipt[],
  verified: readonly ReadReceipt[],
): Finding[] {
  const bySeq = new Map(receipts.map((receipt) => [receipt.seq, receipt]))
  return verified.flatMap((kept): Finding[] => {
    const shown = bySeq.get(kept.seq)
    if (shown?.digest === kept.digest) return []
    if (shown !== undefined) return [fork(shown, kept)]
    const last = receipts.at(-1)?.seq ?? 0
    return [
      {
        kind: 'receipt_gap',
        message: `receipt ${kept.seq}, which the agent was sent, is not among those that are listed`,
        says: receiptFact(kept, {}),
        but: {
          source: 'computed',
          rule: `the list that ${LIST}0 delivers`,
          states: { last_seq: last },
        },
      },
    ]
  })
}

function malformedReceipt(index: number, delivered: unknown, problem: string): Finding {
  return {
    kind: 'malformed',
    message: `what is delivered as receipt ${index + 1} of the list is none: ${problem}`,
    says: {
      source: 'answer',
      target: LIST,
      states: { place: index + 1, delivered: shortText(delivered) },
    },
    but: { source: 'computed', rule: FORM, states: { problem } },
  }
}

/** A document of no known form, as text that is sure to be short. */
function shortText(delivered: unknown): string {
  try {
    return (JSON.stringify(delivered) ?? '').slice(0, SHOWN_MAX)
  } catch {
    return 'nested too deep to be written'
  }
}

function fork(receipt: ReadReceipt, known: ReadReceipt): Finding {
  return {
    kind: 'receipt_fork',
    message: `there are two receipts ${receipt.seq}`,
    says: receiptFact(receipt, { digest: receipt.digest }),
    but: receiptFact(known, { digest: known.digest }),
  }
}

/** Whether a receipt follows on the one before: the next number, naming its digest. */
function place(receipt: ReadReceipt, before: ReadReceipt | undefined): Finding[] {
  const expected = (before?.seq ?? 0) + 1
  const says = receiptFact(receipt, { prev: receipt.prev })
  if (receipt.seq !== expected) {
    const last = before === undefined ? first() : receiptFact(before, { digest: before.digest })
    const message = `receipt ${expected} is missing: the list goes on with ${receipt.seq}`
    return [{ kind: 'receipt_gap', message, says, but: last }]
  }
  if (receipt.prev === (before?.digest ?? FIRST_PREV)) return []
  const but = before === undefined ? first() : receiptFact(before, { digest: before.digest })
  const message = `receipt ${receipt.seq} follows on another receipt than the one before it`
  return [{ kind: 'chain_broken', message, says, but }]
}

function first() {
  const states = { seq: 1, prev: FIRST_PREV }
  return { source: 'computed', rule: 'the first receipt', states } as const
}

function alien({ party }: Evidence, receipts: readonly ReadReceipt[]): Finding[] {
  const { agent, gateway } = party
  return receipts
    .filter((receipt) => receipt.agent !== agent || receipt.gateway !== gateway)
    .map((receipt) => ({
      kind: 'wrong_party',
      message: `receipt ${receipt.seq} is of another agent or another gateway`,
      says: receiptFact(receipt, { agent: receipt.agent, gateway: receipt.gateway }),
      but: { source: 'agent', states: { agent, gateway } },
    }))
}

/** Receipts are written as calls end: their times may jitter by the tolerance of clocks, and no more. */
function times({ collectedUntil }: Evidence, receipts: readonly ReadReceipt[]): Finding[] {
  const findings: Finding[] = []
  let latest: ReadReceipt | undefined
  for (const receipt of receipts) {
    const says = receiptFact(receipt, { ended_at: iso(receipt.endedAt) })
    const started = receipt.about.kind === 'call' ? receipt.about.call.startedAt : receipt.endedAt
    if (receipt.endedAt < started) {
      const message = `call ${receipt.seq} ended before it started`
      const but = receiptFact(receipt, { started_at: iso(started) })
      findings.push({ kind: 'times_impossible', message, says, but })
    }
    if (latest !== undefined && receipt.endedAt < latest.endedAt - CLOCK_TOLERANCE_MS) {
      const message = `receipt ${receipt.seq} ended before receipt ${latest.seq}, which stands before it`
      const but = receiptFact(latest, { ended_at: iso(latest.endedAt) })
      findings.push({ kind: 'times_impossible', message, says, but })
    }
    if (receipt.endedAt > collectedUntil + CLOCK_TOLERANCE_MS) {
      const message = `receipt ${receipt.seq} is of the future`
      const but = { source: 'agent', states: { clock: iso(collectedUntil) } } as const
      findings.push({ kind: 'times_impossible', message, says, but })
    }
    if (latest === undefined || receipt.endedAt > latest.endedAt) latest = receipt
  }
  return findings
}

/** One request, one nonce: one charge. */
function repeated(receipts: readonly ReadReceipt[]): Finding[] {
  const findings: Finding[] = []
  const requests = new Map<string, ReadReceipt>()
  const nonces = new Map<string, ReadReceipt>()
  for (const receipt of receipts) {
    if (receipt.about.kind === 'correction') continue
    const { requestId, auth } = receipt.about.call
    const sameRequest = requests.get(requestId)
    if (sameRequest === undefined) requests.set(requestId, receipt)
    else findings.push(twice('request_repeated', 'request_id', requestId, receipt, sameRequest))
    if ('session' in auth) continue
    const sameNonce = nonces.get(auth.nonce)
    if (sameNonce === undefined) nonces.set(auth.nonce, receipt)
    else findings.push(twice('nonce_reused', 'nonce', auth.nonce, receipt, sameNonce))
  }
  return findings
}

function twice(
  kind: 'request_repeated' | 'nonce_reused',
  name: string,
  value: string,
  receipt: ReadReceipt,
  earlier: ReadReceipt,
): Finding {
  const fact = (of: ReadReceipt): ReceiptFact => receiptFact(of, { [name]: value })
  const message = `receipts ${earlier.seq} and ${receipt.seq} charge for one ${name}`
  return { kind, message, says: fact(receipt), but: fact(earlier) }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

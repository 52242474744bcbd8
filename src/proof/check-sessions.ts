/**
 * Charges through a session, against what the agent signed to open it: its spend limit, models and time.
 * Source: wire contract, "Sessions"; what is shown for one is the proof of `GET /v1/sessions/{id}`.
 */
import { z } from 'zod'
import { boundedText } from '../bounded.ts'
import { verifyStrict } from '../identity/ed25519.ts'
import { decodePublicKey, decodeSignature } from '../identity/public-key.ts'
import { parseInstant, parseSessionText, type SessionParts } from '../identity/session-text.ts'
import type { Answered, Evidence } from './evidence.ts'
import type { Finding, Note, SessionFact, Stated } from './finding.ts'
import type { Call, ReadReceipt } from './read-receipt.ts'
import { receiptFact } from './read-receipt.ts'
import { CLOCK_TOLERANCE_MS } from './receipt-keys.ts'

export interface SessionOutcome {
  readonly findings: readonly Finding[]
  readonly notes: readonly Note[]
  /** How many signatures were verified. */
  readonly signatures: number
}

/** A charge through a session. */
interface Used {
  readonly receipt: ReadReceipt
  readonly call: Call
}

interface Proof {
  readonly id: string
  readonly message: string
  readonly signature: string
  /** What the message says; null where it is no message that opens a session. */
  readonly opening: SessionParts | null
}

const Shown = z.object({
  proof: z.object({ message: boundedText(0, 16_384), signature: boundedText(0, 128) }),
})

const Listed = z.object({ data: z.array(z.object({ id: z.string() })) })

/** The ids of the sessions that receipts name, each with its charges in order. */
function sessionsOf(receipts: readonly ReadReceipt[]): Map<string, Used[]> {
  const sessions = new Map<string, Used[]>()
  for (const receipt of receipts) {
    if (receipt.about.kind === 'correction') continue
    const { call } = receipt.about
    if (!('session' in call.auth)) continue
    const used = sessions.get(call.auth.session)
    if (used === undefined) sessions.set(call.auth.session, [{ receipt, call }])
    else used.push({ receipt, call })
  }
  return sessions
}

/** Checks every session that was charged to. */
export function checkSessions(
  evidence: Evidence,
  receipts: readonly ReadReceipt[],
): SessionOutcome {
  const findings: Finding[] = []
  const notes: Note[] = []
  const byNonce = new Map<string, Proof>()
  let signatures = 0
  for (const [id, used] of sessionsOf(receipts)) {
    const shown = readProof(id, evidence.sessions.get(id))
    if (shown.kind === 'none') {
      const unproven = unprovenSession(evidence, id, used, shown.why)
      if (unproven.kind === 'session_unproven') notes.push(unproven)
      else findings.push(unproven)
      continue
    }
    signatures += 1
    const { proof } = shown
    const invalid = checkProof(evidence, proof)
    findings.push(...invalid)
    if (proof.opening === null || invalid.length > 0) continue
    const other = byNonce.get(proof.opening.nonce)
    if (other !== undefined) findings.push(oneMessageTwice(proof, other))
    byNonce.set(proof.opening.nonce, proof)
    findings.push(...checkTerms(proof, proof.opening, used))
  }
  return { findings, notes, signatures }
}

function readProof(
  id: string,
  answer: Answered | undefined,
):
  | { readonly kind: 'shown'; readonly proof: Proof }
  | { readonly kind: 'none'; readonly why: string } {
  if (answer === undefined) return { kind: 'none', why: 'it was not asked for' }
  if (answer.kind === 'unanswered') return { kind: 'none', why: answer.problem }
  const read = Shown.safeParse(answer.body)
  if (!read.success) return { kind: 'none', why: 'the answer shows no proof' }
  const { message, signature } = read.data.proof
  return { kind: 'shown', proof: { id, message, signature, opening: parseSessionText(message) } }
}

/** Whoever kept no list of its own (`openedSessions`) goes by the gateway's. */
function unprovenSession(
  { openedSessions, listedSessions }: Evidence,
  id: string,
  used: readonly Used[],
  why: string,
): Extract<Finding, { kind: 'session_unknown' }> | Extract<Note, { kind: 'session_unproven' }> {
  const [first] = used
  const missing =
    openedSessions === null ? notListed(listedSessions, id) : notOpened(openedSessions, id)
  if (first !== undefined && missing !== null) {
    return {
      kind: 'session_unknown',
      message: `receipt ${first.receipt.seq} charges to the session ${id}, which ${missing.why} and nothing proves`,
      says: receiptFact(first.receipt, { auth: { session: id } }),
      but: missing.fact,
    }
  }
  const charged = used.reduce((sum, { receipt }) => sum + receipt.charge, 0n).toString()
  return { kind: 'session_unproven', session: id, receipts: used.length, charged, why }
}

function notOpened(openedSessions: readonly string[], id: string) {
  if (openedSessions.includes(id)) return null
  const fact = { source: 'agent', states: { opened_sessions: openedSessions } } as const
  return { why: 'the agent did not open', fact }
}

function notListed(listed: Answered | null, id: string) {
  if (listed?.kind !== 'answered') return null
  const read = Listed.safeParse(listed.body)
  if (!read.success) return null
  const sessions = read.data.data.map((session) => session.id)
  if (sessions.includes(id)) return null
  const fact = { source: 'answer', target: listed.target, states: { sessions } } as const
  return { why: 'the gateway does not list', fact }
}

/** Whether the message is the agent's own, for this gateway. */
function checkProof({ party }: Evidence, proof: Proof): Finding[] {
  const { opening, message, signature } = proof
  const says = sessionFact(proof, {})
  const refuse = (why: string, expected: Stated): Finding[] => [
    {
      kind: 'session_invalid',
      message: `what is shown for the session ${proof.id} ${why}`,
      says,
      but: { source: 'agent', states: expected },
    },
  ]
  const { origin, chain, agent } = party
  if (opening === null) return refuse('is no message that opens a session', { origin })
  if (opening.origin !== origin || opening.chain !== chain || opening.pubkey !== agent) {
    return refuse('was signed for another gateway, chain or agent', { origin, chain, agent })
  }
  const key = decodePublicKey(agent)
  const bytes = decodeSignature(signature)
  const isSigned = key !== null && bytes !== null && verifyStrict(key, Buffer.from(message), bytes)
  return isSigned ? [] : refuse('is not signed by the agent', { agent })
}

function oneMessageTwice(proof: Proof, other: Proof): Finding {
  return {
    kind: 'session_invalid',
    message: `one signed message is shown for the sessions ${other.id} and ${proof.id}; it opens one`,
    says: sessionFact(proof, { id: proof.id }),
    but: sessionFact(other, { id: other.id }),
  }
}

/** Whether the charges keep to the terms; corrections give nothing back to a limit. */
function checkTerms(proof: Proof, opening: SessionParts, used: readonly Used[]): Finding[] {
  const { spendLimit, models, ttlSeconds } = opening.terms
  const opensAt = (parseInstant(opening.issuedAt) ?? 0) - CLOCK_TOLERANCE_MS
  const endsAt = (parseInstant(opening.expiresAt) ?? 0) + ttlSeconds * 1000 + CLOCK_TOLERANCE_MS
  const findings: Finding[] = []
  const exceed = (receipt: ReadReceipt, what: string, states: Stated, terms: Stated): void => {
    const message = `receipt ${receipt.seq} ${what} of the session ${proof.id}`
    const says = receiptFact(receipt, states)
    findings.push({ kind: 'session_exceeded', message, says, but: sessionFact(proof, terms) })
  }
  let charged = 0n
  for (const { receipt, call } of used) {
    charged += receipt.charge
    if (spendLimit !== null && charged > spendLimit) {
      const states = { charge: receipt.charge.toString(), charged_so_far: charged.toString() }
      exceed(receipt, 'passes the limit', states, { spend_limit: spendLimit.toString() })
    }
    if (models !== null && !models.includes(call.model)) {
      exceed(receipt, 'is for none of the models', { model: call.model }, { models })
    }
    if (call.startedAt < opensAt || call.startedAt > endsAt) {
      const terms = {
        issued_at: opening.issuedAt,
        expiration_time: opening.expiresAt,
        ttl_seconds: ttlSeconds,
      }
      const states = { started_at: new Date(call.startedAt).toISOString() }
      exceed(receipt, 'is outside the time', states, terms)
    }
  }
  return findings
}

function sessionFact(proof: Proof, states: Stated): SessionFact {
  const { id, message, signature } = proof
  return { source: 'session', states: { id, ...states }, delivered: { message, signature } }
}

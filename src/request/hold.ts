/**
 * Step 3: takes the worst case from the agent's money, durably, before the first byte goes to a provider.
 * Source: wire contract, "Calls" and the 402; properties L2, L3, A2, A3, C8.
 */
import type { NonceWindow } from '../identity/nonce-window.ts'
import type { KeyedRequest, Recalled } from '../ledger/idempotency-ledger.ts'
import type { HoldOutcome, HoldRequest, RecoveryTerms, SpendLedger } from '../ledger/ledger.ts'
import { charge, least, NO_TOKENS, type Units, ZERO } from '../money.ts'
import { pricesFor } from '../prices/settle.ts'
import { chooseCap, inputBoundTokens, worstCase } from '../prices/worst-case.ts'
import type { UpstreamTimeouts } from '../providers/provider.ts'
import type { AdmittedCall } from './admit.ts'
import type { Asked } from './ask.ts'
import type { Caller } from './authenticate.ts'
import { type ChargeTerms, recoveryTerms } from './billing.ts'
import { LEASE_MS } from './leases.ts'
import { type HoldRefused, refuseHold } from './refuse-hold.ts'
import { readRoom } from './room.ts'

/** What the operator asks of every call beside its money. */
export interface AdmissionTerms {
  /** Whether only what a voucher covers is admitted. */
  readonly requireVouchers: boolean
  /** Kept for settling before a withdrawal's delay ends, in seconds. */
  readonly settleMarginSeconds: number
}

/** A call whose worst case is held. */
export interface HeldCall extends AdmittedCall {
  readonly requestId: string
  readonly caller: Caller
  /** Whether what is sent is to be kept for retries. */
  readonly keepsAnswer: boolean
  /** Output tokens per choice, as held and as forwarded. */
  readonly cap: number
  readonly terms: ChargeTerms
  /** As noted with the hold. */
  readonly recovery: RecoveryTerms
  /** Units that are left to the agent after the hold. */
  readonly available: Units
  /** Unix milliseconds. */
  readonly startedAt: number
  /** How long the call may take, in seconds, for its money to be settled in time; null: no bound is known. */
  readonly callSecondsMax: number | null
}

export type Held =
  | { readonly kind: 'held'; readonly call: HeldCall }
  /** The key was taken meanwhile. */
  | { readonly kind: 'recalled'; readonly recalled: Recalled }
  | HoldRefused

export interface HoldParts {
  readonly ledger: Pick<SpendLedger, 'balance' | 'hold' | 'room'>
  readonly nonces: Pick<NonceWindow, 'forget'>
  readonly admission: AdmissionTerms
  readonly now: () => number
}

interface AskedCall {
  readonly requestId: string
  readonly asked: Pick<Asked, 'caller' | 'bodyDigest' | 'voucher'>
  readonly keyed: KeyedRequest | null
  readonly call: AdmittedCall
}

/**
 * Holds at the client's cap; where it sent none, at the cap that the balance affords, chosen once more if the money
 * went elsewhere in between. Refuses with codes of status 402, `replayed_nonce`, `invalid_session` or, while the
 * agent's deposit address is frozen or its vault's delay leaves no time to settle, `forbidden`.
 */
export async function hold(parts: HoldParts, asking: AskedCall): Promise<Held> {
  const { caller } = asking.asked
  const chosenHere = asking.call.plan.output.cap === null
  const spendable = chosenHere ? (await readRoom(parts, caller)).spendable : ZERO
  const first = await attempt(parts, asking, spendable)
  if (first.outcome.kind === 'held' || !chosenHere) return conclude(parts, asking, first)
  const left = spendableAfter(first.outcome, spendable)
  if (left === null || capFor(asking.call, left) === first.cap) {
    return conclude(parts, asking, first)
  }
  return conclude(parts, asking, await attempt(parts, asking, left))
}

/** The provider's timeouts for a call, which the vault's delay may shorten [C8]. */
export function callTimeouts(
  timeouts: UpstreamTimeouts,
  { callSecondsMax }: Pick<HeldCall, 'callSecondsMax'>,
): UpstreamTimeouts {
  if (callSecondsMax === null) return timeouts
  return { ...timeouts, totalMs: Math.min(timeouts.totalMs, callSecondsMax * 1000) }
}

interface Attempt {
  readonly cap: number
  readonly amount: Units
  readonly terms: ChargeTerms
  readonly recovery: RecoveryTerms
  readonly at: number
  readonly outcome: HoldOutcome
}

async function attempt(
  { ledger, admission, now }: HoldParts,
  { requestId, asked: { caller, bodyDigest, voucher }, keyed, call }: AskedCall,
  spendable: Units,
): Promise<Attempt> {
  const at = now()
  const cap = capFor(call, spendable)
  const amount = worstCase(call.model, call.plan.input, call.plan.output, cap)
  const terms = chargeTerms(call, cap, amount)
  const recovery = recoveryTerms(terms, null)
  const request: HoldRequest = {
    requestId,
    agent: caller.agent,
    amount,
    at,
    leaseUntil: at + LEASE_MS,
    nonce: caller.nonce,
    sessionId: caller.session?.id ?? null,
    provider: call.model.provider,
    model: call.model.id,
    priceVersion: call.priceVersion,
    requestDigest: bodyDigest,
    auth: caller.auth,
    recovery,
    keyed,
    voucher,
    requireVoucher: admission.requireVouchers,
    settleMarginSeconds: admission.settleMarginSeconds,
  }
  return { cap, amount, terms, recovery, at, outcome: await ledger.hold(request) }
}

function capFor({ model, plan }: AdmittedCall, spendable: Units): number {
  return chooseCap(model, plan.input, plan.output, spendable)
}

function chargeTerms({ model, plan }: AdmittedCall, cap: number, held: Units): ChargeTerms {
  return {
    held,
    inputBound: { ...NO_TOKENS, input: inputBoundTokens(model, plan.input) },
    outputMax: cap * plan.output.choices + plan.output.extra,
    priceOf: (tokens) => charge(tokens, pricesFor(model, tokens)),
  }
}

/** What can be spent after an attempt that the money did not reach for; null where money is not what was missing. */
function spendableAfter(outcome: HoldOutcome, before: Units): Units | null {
  if (outcome.kind === 'insufficient') return least(outcome.available, before)
  if (outcome.kind === 'session_limit') return least(outcome.remaining, before)
  return null
}

async function conclude(
  parts: HoldParts,
  { requestId, asked: { caller }, keyed, call }: AskedCall,
  { cap, amount, terms, recovery, at, outcome }: Attempt,
): Promise<Held> {
  if (outcome.kind === 'recalled') return outcome
  if (outcome.kind !== 'held') {
    return refuseHold(parts, { caller, call, amount }, outcome)
  }
  if (caller.nonce !== null) parts.nonces.forget(caller.agent, caller.nonce.value)
  const { available, callSecondsMax } = outcome
  const keepsAnswer = keyed !== null
  const { format, plan, model, priceVersion, headers } = call
  // Written out: copying with `...` takes the runtime's slow path, once a call.
  return {
    kind: 'held',
    call: {
      format,
      plan,
      model,
      priceVersion,
      headers,
      requestId,
      caller,
      keepsAnswer,
      cap,
      terms,
      recovery,
      available,
      startedAt: at,
      callSecondsMax,
    },
  }
}

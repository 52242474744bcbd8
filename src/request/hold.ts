/**
 * Step 3: takes the worst case from the agent's money, durably, before the first byte goes to a provider.
 * Source: wire contract, "Calls" and the 402; properties L2, L3, A2, A3.
 */
import { type Refusal, refusal } from '../errors.ts'
import { sessionRemaining } from '../ledger/admission.ts'
import type { HoldOutcome, HoldRequest, RecoveryTerms, SpendLedger } from '../ledger/ledger.ts'
import { charge, least, NO_TOKENS, type Units, units, ZERO } from '../money.ts'
import { pricesFor } from '../prices/settle.ts'
import { affordableCap, chooseCap, inputBoundTokens, worstCase } from '../prices/worst-case.ts'
import type { AdmittedCall } from './admit.ts'
import type { Caller } from './authenticate.ts'
import { type ChargeTerms, recoveryTerms } from './billing.ts'
import type { PaymentNeeded } from './exchange.ts'
import { LEASE_MS } from './leases.ts'

/** A call whose worst case is held. */
export interface HeldCall extends AdmittedCall {
  readonly requestId: string
  readonly caller: Caller
  /** Output tokens per choice, as held and as forwarded. */
  readonly cap: number
  readonly terms: ChargeTerms
  /** As noted with the hold. */
  readonly recovery: RecoveryTerms
  /** Units that are left to the agent after the hold. */
  readonly available: Units
  /** Unix milliseconds. */
  readonly startedAt: number
}

export type Held =
  | { readonly kind: 'held'; readonly call: HeldCall }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly payment?: PaymentNeeded }

interface AskedCall {
  readonly requestId: string
  readonly caller: Caller
  readonly bodyDigest: string
  readonly call: AdmittedCall
}

/**
 * Holds at the client's cap; where it sent none, at the cap that the balance affords, chosen once more if the money
 * went elsewhere in between. Refuses with codes of status 402, `replayed_nonce`, `invalid_session` or,
 * while the agent's deposit address is frozen, `forbidden`.
 */
export async function hold(
  ledger: Pick<SpendLedger, 'balance' | 'hold'>,
  asked: AskedCall,
  now: () => number,
): Promise<Held> {
  const chosenHere = asked.call.plan.output.cap === null
  const spendable = chosenHere ? await readSpendable(ledger, asked.caller) : ZERO
  const first = await attempt(ledger, asked, spendable, now())
  if (first.outcome.kind === 'held' || !chosenHere) return conclude(ledger, asked, first)
  const left = spendableAfter(first.outcome, spendable)
  if (left === null || capFor(asked.call, left) === first.cap) return conclude(ledger, asked, first)
  return conclude(ledger, asked, await attempt(ledger, asked, left, now()))
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
  ledger: Pick<SpendLedger, 'hold'>,
  { requestId, caller, bodyDigest, call }: AskedCall,
  spendable: Units,
  at: number,
): Promise<Attempt> {
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

/** What the caller may spend now: its balance, under the limit of its session. */
export async function readSpendable(
  ledger: Pick<SpendLedger, 'balance'>,
  { agent, session }: Caller,
): Promise<Units> {
  const { available } = await ledger.balance(agent)
  const room = session === null ? null : sessionRemaining(session)
  return room === null ? available : least(available, room)
}

/** What can be spent after an attempt that the money did not reach for; null where money is not what was missing. */
function spendableAfter(outcome: HoldOutcome, before: Units): Units | null {
  if (outcome.kind === 'insufficient') return least(outcome.available, before)
  if (outcome.kind === 'session_limit') return least(outcome.remaining, before)
  return null
}

async function conclude(
  ledger: Pick<SpendLedger, 'balance'>,
  asked: AskedCall,
  { cap, amount, terms, recovery, at, outcome }: Attempt,
): Promise<Held> {
  const { requestId, caller, call } = asked
  switch (outcome.kind) {
    case 'held': {
      const { available } = outcome
      const agreed = { requestId, caller, cap, terms, recovery, available, startedAt: at }
      return { kind: 'held', call: { ...call, ...agreed } }
    }
    case 'replayed_nonce':
      return refused(refusal('replayed_nonce', 'The nonce has been used before.'))
    case 'session_gone':
      return refused(refusal('invalid_session', 'The session is unknown, expired or revoked.'))
    case 'vault_frozen':
      return refused(refusal('forbidden', FROZEN))
    case 'insufficient': {
      const { available, owed } = outcome
      const debt = owed > ZERO ? `, ${owed} are owed` : ''
      return needsPayment(
        asked,
        refusal('insufficient_balance', `${worst(amount)}, ${available} are available${debt}.`),
        { required: amount, available, owed, spendable: owed > ZERO ? ZERO : available },
      )
    }
    case 'session_limit': {
      const { available, owed } = await ledger.balance(caller.agent)
      const { remaining } = outcome
      return needsPayment(
        asked,
        refusal('session_limit_reached', `${worst(amount)}, the session may spend ${remaining}.`),
        { required: amount, available, owed, spendable: least(available, remaining) },
      )
    }
  }
}

const FROZEN =
  "The issuer of USDC has frozen this agent's deposit address (GET /v1/deposit names it), so calls are not admitted. " +
  'Ask the issuer to thaw it, or call as another agent.'

function worst(amount: Units): string {
  return `The worst case of this call is ${amount} units`
}

interface Figures {
  readonly required: Units
  readonly available: Units
  readonly owed: Units
  /** What a call could hold now. */
  readonly spendable: Units
}

/** `shortfall` is what a deposit must bring; 0 where only the session's limit stands in the way. */
function needsPayment(
  { caller, call: { model, plan } }: AskedCall,
  reason: Refusal,
  { required, available, owed, spendable }: Figures,
): Held {
  const missing = required > available ? required - available : 0n
  const payment: PaymentNeeded = {
    agent: caller.agent,
    required,
    available,
    shortfall: units(missing + owed),
    affordableMaxTokens: affordableCap(model, plan.input, plan.output, spendable),
  }
  return { kind: 'refused', refusal: reason, payment }
}

function refused(reason: Refusal): Held {
  return { kind: 'refused', refusal: reason }
}

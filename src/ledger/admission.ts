/** Whether a hold may be taken: the one rule, for every ledger. Values in, a decision out. */
import { least, type Units, units, ZERO } from '../money.ts'
import type { Recalled } from './idempotency-ledger.ts'
import type { HoldOutcome } from './ledger.ts'

/** What the books say at the instant of the decision. */
export interface HoldFacts {
  readonly nonceSpent: boolean
  /** Whether the mint's authority has frozen the agent's deposit address. */
  readonly vaultFrozen: boolean
  /** The vault's, in seconds; null while it has not been read. */
  readonly withdrawalDelaySeconds: number | null
  readonly available: Units
  readonly owed: Units
  readonly spent: Units
  readonly held: Units
  /** The highest total that the agent signed for; null where no voucher is required. */
  readonly signed: Units | null
  /** Null: the call is signed, no session is used. `gone`: it is unknown, expired, revoked or another agent's. */
  readonly session: 'gone' | SessionRoom | null
  /** What the call's key was taken for; null: it has none, or it is free. */
  readonly recalled: Recalled | null
}

export interface SessionRoom {
  /** Null: unlimited. */
  readonly spendLimit: Units | null
  readonly spent: Units
  readonly held: Units
}

/** What a call asks for. */
export interface HoldTerms {
  readonly amount: Units
  /** Seconds of the vault's delay that no call may use. */
  readonly settleMarginSeconds: number
}

/**
 * Identity first, then whether the call was held before, then whether the vault can pay at all and in time, then the session's limit, then the money, then what
 * was signed for. An agent that owes anything is admitted to nothing. `held` carries what is available after the hold.
 */
export function admitHold(
  { amount, settleMarginSeconds }: HoldTerms,
  facts: HoldFacts,
): HoldOutcome {
  if (facts.nonceSpent) return { kind: 'replayed_nonce' }
  if (facts.session === 'gone') return { kind: 'session_gone' }
  if (facts.recalled !== null) return { kind: 'recalled', recalled: facts.recalled }
  if (facts.vaultFrozen) return { kind: 'vault_frozen' }
  const delaySeconds = facts.withdrawalDelaySeconds
  const callSecondsMax = delaySeconds === null ? null : delaySeconds - settleMarginSeconds
  if (delaySeconds !== null && delaySeconds <= settleMarginSeconds) {
    return { kind: 'delay_too_short', delaySeconds }
  }
  const remaining = facts.session === null ? null : sessionRemaining(facts.session)
  if (remaining !== null && remaining < amount) return { kind: 'session_limit', remaining }
  const { available, owed, signed } = facts
  if (owed > ZERO || available < amount) return { kind: 'insufficient', available, owed }
  const needed = units(facts.spent + facts.held + amount)
  if (signed !== null && signed < needed) return { kind: 'authorization_required', needed, signed }
  return { kind: 'held', available: units(available - amount), callSecondsMax }
}

/** The most that `admitHold` admits on these facts, in units; 0 where it refuses whatever the amount. */
export function mostHoldable(settleMarginSeconds: number, facts: HoldFacts): Units {
  const { owed, spent, held, signed, session, withdrawalDelaySeconds } = facts
  const noTime = withdrawalDelaySeconds !== null && withdrawalDelaySeconds <= settleMarginSeconds
  const never = facts.nonceSpent || facts.vaultFrozen || noTime || owed > ZERO
  if (never || session === 'gone') return ZERO
  const spendable = mostSpendable(facts)
  if (signed === null) return spendable
  const unused = units(signed - spent - held)
  return unused < ZERO ? ZERO : least(spendable, unused)
}

/** What is available, under the limit of the session, in units; 0 where that is gone. */
export function mostSpendable({ available, session }: HoldFacts): Units {
  if (session === 'gone') return ZERO
  const room = session === null ? null : sessionRemaining(session)
  return room === null ? available : least(available, room)
}

/** What a session may still hold, in units; null: unlimited. */
export function sessionRemaining(session: SessionRoom): Units | null {
  if (session.spendLimit === null) return null
  return units(session.spendLimit - session.spent - session.held)
}

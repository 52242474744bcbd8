/** Whether a hold may be taken: the one rule, for every ledger. Values in, a decision out. */
import { type Units, units, ZERO } from '../money.ts'
import type { HoldOutcome } from './ledger.ts'

/** What the books say at the instant of the decision. */
export interface HoldFacts {
  readonly nonceSpent: boolean
  /** Whether the mint's authority has frozen the agent's deposit address. */
  readonly vaultFrozen: boolean
  readonly available: Units
  readonly owed: Units
  /** Null: the call is signed, no session is used. `gone`: it is unknown, expired, revoked or another agent's. */
  readonly session: 'gone' | SessionRoom | null
}

interface SessionRoom {
  /** Null: unlimited. */
  readonly spendLimit: Units | null
  readonly spent: Units
  readonly held: Units
}

/**
 * Identity first, then whether the vault can pay at all, then the session's limit, then the money. An agent that owes
 * anything is admitted to nothing. `held` carries what is available after the hold.
 */
export function admitHold(amount: Units, facts: HoldFacts): HoldOutcome {
  if (facts.nonceSpent) return { kind: 'replayed_nonce' }
  if (facts.session === 'gone') return { kind: 'session_gone' }
  if (facts.vaultFrozen) return { kind: 'vault_frozen' }
  const remaining = facts.session === null ? null : sessionRemaining(facts.session)
  if (remaining !== null && remaining < amount) return { kind: 'session_limit', remaining }
  const { available, owed } = facts
  if (owed > ZERO || available < amount) return { kind: 'insufficient', available, owed }
  return { kind: 'held', available: units(available - amount) }
}

/** What a session may still hold, in units; null: unlimited. */
export function sessionRemaining(session: SessionRoom): Units | null {
  if (session.spendLimit === null) return null
  return units(session.spendLimit - session.spent - session.held)
}

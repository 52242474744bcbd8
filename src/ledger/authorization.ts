/** What an agent must have signed before a session opens. Values in, an amount out. Source: proof contract, "Vouchers on the wire". */
import { type Units, units } from '../money.ts'
import { type SessionRoom, sessionRemaining } from './admission.ts'

/** What the books say of the agent at the instant of the decision. */
export interface SpendingFacts {
  readonly spent: Units
  readonly held: Units
  /** deposited − withdrawn: all that can ever be spent as things stand. */
  readonly funds: Units
  readonly openSessions: readonly SessionRoom[]
}

/**
 * `spent + held + what open sessions may still spend + spendLimit`, in units. A session without a limit (null) may
 * spend all there is, so beside one the total is at least `funds`.
 */
export function sessionAuthorization(facts: SpendingFacts, spendLimit: Units | null): Units {
  const rooms = [...facts.openSessions.map(sessionRemaining), spendLimit]
  const limited = rooms.filter((room) => room !== null).reduce((sum, room) => sum + room, 0n)
  const total = facts.spent + facts.held + limited
  return units(rooms.includes(null) && total < facts.funds ? facts.funds : total)
}

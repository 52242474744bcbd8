/** Sessions: bearer tokens under a spend limit. Source: wire contract, "Sessions". Times are Unix milliseconds. */
import type { Units } from '../money.ts'
import type { AgentKey } from './ledger.ts'

/** The terms that the agent signed. */
export interface SessionTerms {
  readonly agent: AgentKey
  /** Null: unlimited. */
  readonly spendLimit: Units | null
  /** Null: any model. */
  readonly models: readonly string[] | null
  readonly label: string | null
  readonly expiresAt: number
}

export interface Session extends SessionTerms {
  readonly id: string
  readonly createdAt: number
  readonly spent: Units
  readonly held: Units
}

export interface SessionLedger {
  /**
   * Opens a session, spending the challenge's nonce in the same transaction, so that one challenge opens one session
   * across restarts and processes. `tokenSha256` is hex; the token itself is never stored.
   */
  openSession(
    id: string,
    tokenSha256: string,
    terms: SessionTerms,
    nonce: { readonly value: string; readonly forgetAt: number },
    at: number,
  ): Promise<{ readonly kind: 'opened' } | { readonly kind: 'replayed_nonce' }>
  /** The live session of this token, or null (unknown, expired or revoked). */
  sessionByToken(tokenSha256: string, at: number): Promise<Session | null>
  /** Live sessions, newest first. */
  sessions(agent: AgentKey, at: number): Promise<Session[]>
  /** Revokes at once; false when the agent has no such live session. */
  revokeSession(agent: AgentKey, id: string, at: number): Promise<boolean>
}

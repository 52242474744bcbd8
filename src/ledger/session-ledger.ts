/** Sessions: bearer tokens under a spend limit. Source: wire contract, "Sessions". Times are Unix milliseconds. */
import type { Units } from '../money.ts'
import type { AgentKey } from './ledger.ts'
import type { OfferedVoucher } from './voucher-ledger.ts'

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

/** Who a session pays for, and what: nothing of it ever changes. */
export interface SessionGrant extends Pick<SessionTerms, 'agent' | 'models'> {
  readonly id: string
}

export interface Session extends SessionTerms, SessionGrant {
  readonly createdAt: number
  readonly spent: Units
  readonly held: Units
}

/** What the agent signed to open a session: proof that its charges were asked for. */
export interface SessionProof {
  /** The SIWS message. */
  readonly message: string
  /** Base64 of 64 bytes. */
  readonly signature: string
}

export interface SessionOpening {
  readonly id: string
  /** Hex; the token itself is never stored. */
  readonly tokenSha256: string
  readonly terms: SessionTerms
  readonly nonce: { readonly value: string; readonly forgetAt: number }
  readonly proof: SessionProof
  /** Came with the request and verified; it must cover the session whole. Null: none came. */
  readonly voucher: OfferedVoucher | null
}

export type OpenOutcome =
  | { readonly kind: 'opened' }
  | { readonly kind: 'replayed_nonce' }
  /** The voucher does not reach `spent + held + what open sessions may still spend + spend_limit`. Nothing changed. */
  | { readonly kind: 'authorization_required'; readonly needed: Units; readonly signed: Units }
  /** A voucher came, and the ledger knows no such vault of the agent's. Nothing changed. */
  | { readonly kind: 'no_vault' }

export interface SessionLedger {
  /**
   * Opens a session, spending the challenge's nonce and keeping the voucher in the same transaction, so that one
   * challenge opens one session across restarts and processes. An unlimited session takes all that can be spent.
   */
  openSession(opening: SessionOpening, at: number): Promise<OpenOutcome>
  /**
   * What the agent signed for one of its sessions, ended ones included, and what was charged to it. Null if it is not its,
   * or was opened before proofs were kept.
   */
  sessionProof(
    agent: AgentKey,
    id: string,
  ): Promise<(SessionProof & { readonly session: Session }) | null>
  /** The live session of this token, or null (unknown, expired or revoked). */
  sessionByToken(tokenSha256: string, at: number): Promise<Session | null>
  /** Live sessions, newest first. */
  sessions(agent: AgentKey, at: number): Promise<Session[]>
  /** Revokes at once; false when the agent has no such live session. */
  revokeSession(agent: AgentKey, id: string, at: number): Promise<boolean>
}

/** Sessions on a file. Implements SessionLedger. */
import type Database from 'better-sqlite3'
import type { AgentKey } from '../ledger.ts'
import type {
  OpenOutcome,
  Session,
  SessionLedger,
  SessionOpening,
  SessionProof,
} from '../session-ledger.ts'
import type { GroupCommit } from './group-commit.ts'
import type { LedgerFiles } from './open-files.ts'
import { OpenSession } from './open-session.ts'
import { reading } from './reading.ts'
import { type SessionRow, sessionOf } from './rows.ts'

const LIVE = 'revoked_at IS NULL AND expires_at > ?'
const COLUMNS =
  'id, agent_pubkey, spend_limit, models_json, label, created_at, expires_at, spent, held'

interface ProofRow {
  readonly proof_message: string | null
  readonly proof_signature: string | null
}

export class Sessions implements SessionLedger {
  readonly #commit: GroupCommit
  readonly #open: OpenSession
  readonly #revoke: Database.Statement<[number, string, string, number]>
  readonly #byToken: Database.Statement<[string, number], SessionRow>
  readonly #ofAgent: Database.Statement<[string, number], SessionRow>
  readonly #proof: Database.Statement<[string, string], SessionRow & ProofRow>

  constructor({ writer, reader }: LedgerFiles, commit: GroupCommit) {
    this.#commit = commit
    this.#open = new OpenSession(writer)
    this.#revoke = writer.prepare(
      `UPDATE sessions SET revoked_at = ? WHERE id = ? AND agent_pubkey = ? AND ${LIVE}`,
    )
    this.#byToken = reader.prepare(
      `SELECT ${COLUMNS} FROM sessions WHERE token_sha256 = ? AND ${LIVE}`,
    )
    this.#ofAgent = reader.prepare(
      `SELECT ${COLUMNS} FROM sessions WHERE agent_pubkey = ? AND ${LIVE} ORDER BY created_at DESC, id DESC`,
    )
    this.#proof = reader.prepare(
      `SELECT ${COLUMNS}, proof_message, proof_signature FROM sessions WHERE id = ? AND agent_pubkey = ?`,
    )
  }

  openSession(opening: SessionOpening, at: number): Promise<OpenOutcome> {
    return this.#commit.run(() => this.#open.run(opening, at))
  }

  sessionProof(
    agent: AgentKey,
    id: string,
  ): Promise<(SessionProof & { readonly session: Session }) | null> {
    return reading(() => {
      const row = this.#proof.get(id, agent)
      if (row === undefined || row.proof_message === null || row.proof_signature === null) {
        return null
      }
      const { proof_message: message, proof_signature: signature } = row
      return { message, signature, session: sessionOf(row) }
    })
  }

  sessionByToken(tokenSha256: string, at: number): Promise<Session | null> {
    return reading(() => {
      const row = this.#byToken.get(tokenSha256, at)
      return row === undefined ? null : sessionOf(row)
    })
  }

  sessions(agent: AgentKey, at: number): Promise<Session[]> {
    return reading(() => this.#ofAgent.all(agent, at).map(sessionOf))
  }

  revokeSession(agent: AgentKey, id: string, at: number): Promise<boolean> {
    return this.#commit.run(() => this.#revoke.run(at, id, agent, at).changes === 1)
  }
}

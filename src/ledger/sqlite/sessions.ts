/** Sessions on a file. Implements SessionLedger. */
import type Database from 'better-sqlite3'
import type { AgentKey } from '../ledger.ts'
import type { Session, SessionLedger, SessionTerms } from '../session-ledger.ts'
import type { GroupCommit } from './group-commit.ts'
import type { LedgerFiles } from './open-files.ts'
import { reading } from './reading.ts'
import { type SessionRow, sessionOf } from './rows.ts'
import { storable } from './storable.ts'

const LIVE = 'revoked_at IS NULL AND expires_at > ?'
const COLUMNS =
  'id, agent_pubkey, spend_limit, models_json, label, created_at, expires_at, spent, held'

export class Sessions implements SessionLedger {
  readonly #commit: GroupCommit
  readonly #spendNonce: Database.Statement<[string, string, number]>
  readonly #insert: Database.Statement<unknown[]>
  readonly #revoke: Database.Statement<[number, string, string, number]>
  readonly #byToken: Database.Statement<[string, number], SessionRow>
  readonly #ofAgent: Database.Statement<[string, number], SessionRow>

  constructor({ writer, reader }: LedgerFiles, commit: GroupCommit) {
    this.#commit = commit
    this.#spendNonce = writer.prepare(
      'INSERT INTO nonces (agent_pubkey, nonce, forget_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    )
    this.#insert = writer.prepare(
      `INSERT INTO sessions (id, token_sha256, agent_pubkey, spend_limit, models_json, label, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#revoke = writer.prepare(
      `UPDATE sessions SET revoked_at = ? WHERE id = ? AND agent_pubkey = ? AND ${LIVE}`,
    )
    this.#byToken = reader.prepare(
      `SELECT ${COLUMNS} FROM sessions WHERE token_sha256 = ? AND ${LIVE}`,
    )
    this.#ofAgent = reader.prepare(
      `SELECT ${COLUMNS} FROM sessions WHERE agent_pubkey = ? AND ${LIVE} ORDER BY created_at DESC, id DESC`,
    )
  }

  openSession(
    id: string,
    tokenSha256: string,
    terms: SessionTerms,
    nonce: { readonly value: string; readonly forgetAt: number },
    at: number,
  ): Promise<{ readonly kind: 'opened' } | { readonly kind: 'replayed_nonce' }> {
    return this.#commit.run(() => {
      const { agent, spendLimit, models, label, expiresAt } = terms
      const spent = this.#spendNonce.run(agent, nonce.value, nonce.forgetAt)
      if (spent.changes === 0) return { kind: 'replayed_nonce' }
      this.#insert.run(
        id,
        tokenSha256,
        agent,
        spendLimit === null ? null : storable('spend limit', spendLimit),
        models === null ? null : JSON.stringify(models),
        label,
        at,
        expiresAt,
      )
      return { kind: 'opened' }
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

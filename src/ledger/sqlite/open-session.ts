/** Opens a session: facts, the rule, the rows. Runs inside a transaction of the group commit. */
import type Database from 'better-sqlite3'
import { units, ZERO } from '../../money.ts'
import type { SessionRoom } from '../admission.ts'
import { sessionAuthorization } from '../authorization.ts'
import type { AgentKey } from '../ledger.ts'
import type { OpenOutcome, SessionOpening } from '../session-ledger.ts'
import { BALANCE_QUERY, type BalanceRow, balanceOf, NO_BALANCE } from './rows.ts'
import { storable } from './storable.ts'
import { KeepVoucher } from './vouchers.ts'

interface RoomRow {
  readonly spend_limit: bigint | null
  readonly spent: bigint
  readonly held: bigint
}

export class OpenSession {
  readonly #vouchers: KeepVoucher
  readonly #nonce: Database.Statement<[string, string]>
  readonly #spendNonce: Database.Statement<[string, string, number]>
  readonly #balance: Database.Statement<[string], BalanceRow>
  readonly #open: Database.Statement<[string, number], RoomRow>
  readonly #insert: Database.Statement<unknown[]>

  constructor(db: Database.Database) {
    this.#vouchers = new KeepVoucher(db)
    this.#nonce = db.prepare('SELECT 1 FROM nonces WHERE agent_pubkey = ? AND nonce = ?')
    this.#spendNonce = db.prepare(
      'INSERT INTO nonces (agent_pubkey, nonce, forget_at) VALUES (?, ?, ?)',
    )
    this.#balance = db.prepare(BALANCE_QUERY)
    this.#open = db.prepare(
      `SELECT spend_limit, spent, held FROM sessions
       WHERE agent_pubkey = ? AND revoked_at IS NULL AND expires_at > ?`,
    )
    this.#insert = db.prepare(
      `INSERT INTO sessions (id, token_sha256, agent_pubkey, spend_limit, models_json, label, created_at, expires_at,
         proof_message, proof_signature)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
  }

  /** Changes nothing unless the outcome is `opened`. */
  run(opening: SessionOpening, at: number): OpenOutcome {
    const { agent } = opening.terms
    const { nonce } = opening
    if (this.#nonce.get(agent, nonce.value) !== undefined) return { kind: 'replayed_nonce' }
    const objection = this.#unauthorized(opening, at)
    if (objection !== null) return objection
    this.#spendNonce.run(agent, nonce.value, nonce.forgetAt)
    this.#write(opening, at)
    return { kind: 'opened' }
  }

  /** Keeps the voucher where it reaches; null, too, where none came. */
  #unauthorized({ terms, voucher }: SessionOpening, at: number): OpenOutcome | null {
    if (voucher === null) return null
    const { agent, spendLimit } = terms
    const signed = this.#vouchers.highest(agent)?.cumulative ?? ZERO
    const needed = this.#needed(agent, spendLimit, at)
    if (voucher.cumulative < needed && signed < needed) {
      return { kind: 'authorization_required', needed, signed }
    }
    return this.#vouchers.run(agent, voucher, at).kind === 'no_vault' ? { kind: 'no_vault' } : null
  }

  #needed(agent: AgentKey, spendLimit: SessionOpening['terms']['spendLimit'], at: number) {
    const row = this.#balance.get(agent)
    const { spent, held, deposited, withdrawn } = row === undefined ? NO_BALANCE : balanceOf(row)
    const funds = units(deposited - withdrawn)
    const openSessions = this.#open.all(agent, at).map(roomOf)
    return sessionAuthorization({ spent, held, funds, openSessions }, spendLimit)
  }

  #write({ id, tokenSha256, terms, proof }: SessionOpening, at: number): void {
    const { agent, spendLimit, models, label, expiresAt } = terms
    this.#insert.run(
      id,
      tokenSha256,
      agent,
      spendLimit === null ? null : storable('spend limit', spendLimit),
      models === null ? null : JSON.stringify(models),
      label,
      at,
      expiresAt,
      proof.message,
      proof.signature,
    )
  }
}

function roomOf(row: RoomRow): SessionRoom {
  return {
    spendLimit: row.spend_limit === null ? null : units(row.spend_limit),
    spent: units(row.spent),
    held: units(row.held),
  }
}

/** Takes a hold: facts, the rule, the rows. Runs inside a transaction of the group commit. */
import type Database from 'better-sqlite3'
import { admitHold, type HoldFacts } from '../admission.ts'
import { authText } from '../charge-receipt.ts'
import type { HoldOutcome, HoldRequest } from '../ledger.ts'
import { ReadHoldFacts } from './hold-facts.ts'
import { KeyBook } from './key-book.ts'
import type { OpenHold } from './open-hold.ts'
import { storable } from './storable.ts'
import { KeepVoucher } from './vouchers.ts'

export class TakeHold {
  readonly #vouchers: KeepVoucher
  readonly #facts: ReadHoldFacts
  readonly #keys: KeyBook
  readonly #spendNonce: Database.Statement<[string, string, number]>
  readonly #holdMoney: Database.Statement<[bigint, bigint, number, string]>
  readonly #holdRoom: Database.Statement<[bigint, string]>
  readonly #insert: Database.Statement<unknown[]>

  constructor(db: Database.Database) {
    this.#vouchers = new KeepVoucher(db)
    this.#facts = new ReadHoldFacts(db)
    this.#keys = new KeyBook(db)
    this.#spendNonce = db.prepare(
      'INSERT INTO nonces (agent_pubkey, nonce, forget_at) VALUES (?, ?, ?)',
    )
    this.#holdMoney = db.prepare(
      'UPDATE agents SET balance = balance - ?, held = held + ?, updated_at = ? WHERE pubkey = ?',
    )
    this.#holdRoom = db.prepare('UPDATE sessions SET held = held + ? WHERE id = ?')
    this.#insert = db.prepare(
      `INSERT INTO holds (request_id, agent_pubkey, session_id, amount, started_at, lease_until, provider, model,
         price_version, request_digest, auth_json, recovery_tokens_json, recovery_charge, key_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
  }

  /** Keeps the voucher of a caller that is one; changes nothing else unless the outcome is `held`. `known`: `openHoldAsked` of the request. */
  run(request: HoldRequest, known: OpenHold | null): HoldOutcome {
    const outcome = admitHold(request, this.#keepVoucher(request, this.#facts.run(request)))
    if (outcome.kind === 'held') this.#write(request, known)
    return outcome
  }

  /** The facts with what the voucher that came along brings. */
  #keepVoucher({ agent, voucher, at }: HoldRequest, facts: HoldFacts): HoldFacts {
    if (voucher === null || facts.nonceSpent || facts.session === 'gone') return facts
    const kept = this.#vouchers.run(agent, voucher, at)
    if (kept.kind === 'no_vault' || facts.signed === null) return facts
    return { ...facts, signed: kept.signed }
  }

  #write(request: HoldRequest, known: OpenHold | null): void {
    const { requestId, agent, sessionId, at, nonce, keyed } = request
    const amount = storable('hold', request.amount)
    if (nonce !== null) this.#spendNonce.run(agent, nonce.value, nonce.forgetAt)
    if (sessionId !== null) this.#holdRoom.run(amount, sessionId)
    this.#holdMoney.run(amount, amount, at, agent)
    this.#insert.run(
      requestId,
      agent,
      sessionId,
      amount,
      at,
      request.leaseUntil,
      request.provider,
      request.model,
      request.priceVersion,
      request.requestDigest,
      known?.authJson ?? authText(request.auth),
      JSON.stringify(request.recovery.tokens),
      storable('recovery charge', request.recovery.charge),
      keyed === null ? null : this.#keys.take(agent, keyed, requestId),
    )
  }
}

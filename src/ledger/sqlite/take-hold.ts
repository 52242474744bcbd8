/** Takes a hold: facts, the rule, the rows. Runs inside a transaction of the group commit. */
import type Database from 'better-sqlite3'
import { units, ZERO } from '../../money.ts'
import { admitHold, type HoldFacts } from '../admission.ts'
import type { HoldOutcome, HoldRequest } from '../ledger.ts'
import { BALANCE_QUERY, type BalanceRow, balanceOf, NO_BALANCE } from './rows.ts'
import { storable } from './storable.ts'
import { KeepVoucher } from './vouchers.ts'

interface RoomRow {
  readonly spend_limit: bigint | null
  readonly spent: bigint
  readonly held: bigint
}

interface VaultRow {
  readonly address_frozen: bigint
  readonly withdrawal_delay: bigint | null
}

export class TakeHold {
  readonly #vouchers: KeepVoucher
  readonly #nonce: Database.Statement<[string, string], bigint>
  readonly #vault: Database.Statement<[string], VaultRow>
  readonly #balance: Database.Statement<[string], BalanceRow>
  readonly #room: Database.Statement<[string, string, number], RoomRow>
  readonly #spendNonce: Database.Statement<[string, string, number]>
  readonly #holdMoney: Database.Statement<[{ amount: bigint; at: number; agent: string }]>
  readonly #holdRoom: Database.Statement<[bigint, string]>
  readonly #insert: Database.Statement<unknown[]>

  constructor(db: Database.Database) {
    this.#vouchers = new KeepVoucher(db)
    this.#nonce = db
      .prepare<[string, string], bigint>(
        'SELECT 1 FROM nonces WHERE agent_pubkey = ? AND nonce = ?',
      )
      .pluck()
    this.#vault = db.prepare(
      'SELECT address_frozen, withdrawal_delay FROM vaults WHERE agent_pubkey = ?',
    )
    this.#balance = db.prepare(BALANCE_QUERY)
    this.#room = db.prepare(
      `SELECT spend_limit, spent, held FROM sessions
       WHERE id = ? AND agent_pubkey = ? AND revoked_at IS NULL AND expires_at > ?`,
    )
    this.#spendNonce = db.prepare(
      'INSERT INTO nonces (agent_pubkey, nonce, forget_at) VALUES (?, ?, ?)',
    )
    this.#holdMoney = db.prepare(
      `UPDATE agents SET balance = balance - @amount, held = held + @amount, updated_at = @at
       WHERE pubkey = @agent`,
    )
    this.#holdRoom = db.prepare('UPDATE sessions SET held = held + ? WHERE id = ?')
    this.#insert = db.prepare(
      `INSERT INTO holds (request_id, agent_pubkey, session_id, amount, started_at, lease_until, provider, model,
         price_version, request_digest, auth_json, recovery_tokens_json, recovery_charge)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
  }

  /** Keeps the voucher; changes nothing else unless the outcome is `held`. */
  run(request: HoldRequest): HoldOutcome {
    const { agent, voucher, at } = request
    if (voucher !== null) this.#vouchers.run(agent, voucher, at)
    const outcome = admitHold(request, this.#facts(request))
    if (outcome.kind === 'held') this.#write(request)
    return outcome
  }

  #facts({ agent, at, nonce, sessionId, requireVoucher }: HoldRequest): HoldFacts {
    const row = this.#balance.get(agent)
    const { available, owed, spent, held } = row === undefined ? NO_BALANCE : balanceOf(row)
    const vault = this.#vault.get(agent)
    const delay = vault?.withdrawal_delay ?? null
    return {
      nonceSpent: nonce !== null && this.#nonce.get(agent, nonce.value) !== undefined,
      vaultFrozen: vault?.address_frozen === 1n,
      withdrawalDelaySeconds: delay === null ? null : Number(delay),
      available,
      owed,
      spent,
      held,
      signed: requireVoucher ? (this.#vouchers.highest(agent)?.cumulative ?? ZERO) : null,
      session: sessionId === null ? null : this.#sessionRoom(sessionId, agent, at),
    }
  }

  #sessionRoom(id: string, agent: string, at: number): HoldFacts['session'] {
    const row = this.#room.get(id, agent, at)
    if (row === undefined) return 'gone'
    return {
      spendLimit: row.spend_limit === null ? null : units(row.spend_limit),
      spent: units(row.spent),
      held: units(row.held),
    }
  }

  #write(request: HoldRequest): void {
    const { requestId, agent, sessionId, at, nonce } = request
    const amount = storable('hold', request.amount)
    if (nonce !== null) this.#spendNonce.run(agent, nonce.value, nonce.forgetAt)
    if (sessionId !== null) this.#holdRoom.run(amount, sessionId)
    this.#holdMoney.run({ amount, at, agent })
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
      JSON.stringify(request.auth),
      JSON.stringify(request.recovery.tokens),
      storable('recovery charge', request.recovery.charge),
    )
  }
}

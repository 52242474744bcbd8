/** What the books say of a hold that is asked for. On a connection that writes or one that only reads. */
import type Database from 'better-sqlite3'
import { type Units, units, ZERO } from '../../money.ts'
import type { HoldFacts } from '../admission.ts'
import type { HoldRequest } from '../ledger.ts'
import { RecallKey } from './recall-key.ts'
import { BALANCE_QUERY, type BalanceRow, balanceOf, NO_BALANCE } from './rows.ts'
import { HIGHEST_VOUCHER, type VoucherRow, voucherOf } from './vouchers.ts'

interface RoomRow {
  readonly spend_limit: bigint | null
  readonly spent: bigint
  readonly held: bigint
}

interface VaultRow {
  readonly address_frozen: bigint
  readonly withdrawal_delay: bigint | null
}

type Question = Pick<
  HoldRequest,
  'agent' | 'at' | 'nonce' | 'sessionId' | 'keyed' | 'requireVoucher'
>

export class ReadHoldFacts {
  readonly #nonce: Database.Statement<[string, string], bigint>
  readonly #vault: Database.Statement<[string], VaultRow>
  readonly #voucher: Database.Statement<[string], VoucherRow>
  readonly #balance: Database.Statement<[string], BalanceRow>
  readonly #key: RecallKey
  readonly #room: Database.Statement<[string, string, number], RoomRow>

  constructor(db: Database.Database) {
    this.#nonce = db
      .prepare<[string, string], bigint>(
        'SELECT 1 FROM nonces WHERE agent_pubkey = ? AND nonce = ?',
      )
      .pluck()
    this.#vault = db.prepare(
      'SELECT address_frozen, withdrawal_delay FROM vaults WHERE agent_pubkey = ?',
    )
    this.#voucher = db.prepare(HIGHEST_VOUCHER)
    this.#balance = db.prepare(BALANCE_QUERY)
    this.#key = new RecallKey(db)
    this.#room = db.prepare(
      `SELECT spend_limit, spent, held FROM sessions
       WHERE id = ? AND agent_pubkey = ? AND revoked_at IS NULL AND expires_at > ?`,
    )
  }

  run({ agent, at, nonce, sessionId, keyed, requireVoucher }: Question): HoldFacts {
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
      signed: requireVoucher ? this.#signed(agent) : null,
      session: sessionId === null ? null : this.#sessionRoom(sessionId, agent, at),
      recalled: keyed === null ? null : this.#key.run(agent, keyed),
    }
  }

  #signed(agent: string): Units {
    const row = this.#voucher.get(agent)
    return row === undefined ? ZERO : voucherOf(row).cumulative
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
}

/** What the books say of a hold that is asked for. On a connection that writes or one that only reads. */
import type Database from 'better-sqlite3'
import { type Units, units, ZERO } from '../../money.ts'
import type { HoldFacts } from '../admission.ts'
import type { HoldRequest } from '../ledger.ts'
import { RecallKey } from './recall-key.ts'
import { HIGHEST_VOUCHER, type VoucherRow, voucherOf } from './vouchers.ts'

/** Rows of every hold are read as arrays: naming their columns costs more than finding them. */
type MoneyRow = readonly [available: bigint, owed: bigint, spent: bigint, held: bigint]
type VaultRow = readonly [addressFrozen: bigint, withdrawalDelay: bigint | null]
type RoomRow = readonly [spendLimit: bigint | null, spent: bigint, held: bigint]

const NO_MONEY: MoneyRow = [0n, 0n, 0n, 0n]
const NO_VAULT: VaultRow = [0n, null]

export type FactsQuestion = Pick<
  HoldRequest,
  'agent' | 'at' | 'nonce' | 'sessionId' | 'keyed' | 'requireVoucher'
>

export class ReadHoldFacts {
  readonly #nonce: Database.Statement<[string, string], bigint>
  readonly #vault: Database.Statement<[string], VaultRow>
  readonly #voucher: Database.Statement<[string], VoucherRow>
  readonly #money: Database.Statement<[string], MoneyRow>
  readonly #key: RecallKey
  readonly #room: Database.Statement<[string, string, number], RoomRow>

  constructor(db: Database.Database) {
    this.#nonce = db
      .prepare<[string, string], bigint>(
        'SELECT 1 FROM nonces WHERE agent_pubkey = ? AND nonce = ?',
      )
      .pluck()
    this.#vault = db
      .prepare<[string], VaultRow>(
        'SELECT address_frozen, withdrawal_delay FROM vaults WHERE agent_pubkey = ?',
      )
      .raw()
    this.#voucher = db.prepare(HIGHEST_VOUCHER)
    this.#money = db
      .prepare<[string], MoneyRow>('SELECT balance, owed, spent, held FROM agents WHERE pubkey = ?')
      .raw()
    this.#key = new RecallKey(db)
    this.#room = db
      .prepare<[string, string, number], RoomRow>(
        `SELECT spend_limit, spent, held FROM sessions
         WHERE id = ? AND agent_pubkey = ? AND revoked_at IS NULL AND expires_at > ?`,
      )
      .raw()
  }

  run({ agent, at, nonce, sessionId, keyed, requireVoucher }: FactsQuestion): HoldFacts {
    const [available, owed, spent, held] = this.#money.get(agent) ?? NO_MONEY
    const [frozen, delay] = this.#vault.get(agent) ?? NO_VAULT
    return {
      nonceSpent: nonce !== null && this.#nonce.get(agent, nonce.value) !== undefined,
      vaultFrozen: frozen === 1n,
      withdrawalDelaySeconds: delay === null ? null : Number(delay),
      available: units(available),
      owed: units(owed),
      spent: units(spent),
      held: units(held),
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
    const [limit, spent, held] = row
    return {
      spendLimit: limit === null ? null : units(limit),
      spent: units(spent),
      held: units(held),
    }
  }
}

/** The highest voucher of each agent. */
import type Database from 'better-sqlite3'
import { units, ZERO } from '../../money.ts'
import type { AgentKey } from '../ledger.ts'
import type { KeepOutcome, OfferedVoucher, Settleable, VoucherLedger } from '../voucher-ledger.ts'
import type { GroupCommit } from './group-commit.ts'
import type { LedgerFiles } from './open-files.ts'
import { reading } from './reading.ts'

export interface VoucherRow {
  readonly vault: string
  readonly cumulative: string
  readonly signature: string
}

/** As wide as the largest u64, so that texts compare as the numbers do. */
const DIGITS = 20

export const HIGHEST_VOUCHER =
  'SELECT vault, cumulative, signature FROM vouchers WHERE agent_pubkey = ?'

/** Keeps vouchers inside a transaction of the group commit. */
export class KeepVoucher {
  readonly #knows: Database.Statement<[string, string], bigint>
  readonly #highest: Database.Statement<[string], VoucherRow>
  readonly #keep: Database.Statement<[string, string, string, string, number]>

  constructor(db: Database.Database) {
    this.#knows = db
      .prepare<[string, string], bigint>(
        'SELECT 1 FROM vaults WHERE vault = ? AND agent_pubkey = ?',
      )
      .pluck()
    this.#highest = db.prepare(HIGHEST_VOUCHER)
    this.#keep = db.prepare(
      `INSERT INTO vouchers (agent_pubkey, vault, cumulative, signature, kept_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (agent_pubkey) DO UPDATE SET vault = excluded.vault, cumulative = excluded.cumulative,
         signature = excluded.signature, kept_at = excluded.kept_at`,
    )
  }

  run(agent: AgentKey, voucher: OfferedVoucher, at: number): KeepOutcome {
    const signed = this.highest(agent)?.cumulative ?? ZERO
    if (voucher.cumulative <= signed) return { kind: 'kept', signed, raised: false }
    const { vault, cumulative, signature } = voucher
    if (this.#knows.get(vault, agent) === undefined) return { kind: 'no_vault' }
    this.#keep.run(agent, vault, cumulative.toString().padStart(DIGITS, '0'), signature, at)
    return { kind: 'kept', signed: cumulative, raised: true }
  }

  highest(agent: AgentKey): OfferedVoucher | null {
    const row = this.#highest.get(agent)
    return row === undefined ? null : voucherOf(row)
  }
}

interface SettleableRow {
  readonly agent_pubkey: string
  readonly vault: string
  readonly spent: bigint
  readonly held: bigint
  readonly deposited: bigint
  readonly settled: bigint
  readonly withdrawn: bigint
  readonly owed: bigint
  readonly pending_withdrawal: bigint
  readonly withdrawable_at: bigint
  readonly cumulative: string | null
  readonly signature: string | null
}

const UNSETTLED = `
SELECT v.agent_pubkey, v.vault, a.spent, a.held, a.deposited, a.settled, a.withdrawn, a.owed, v.pending_withdrawal,
  v.withdrawable_at, s.cumulative, s.signature
FROM agents a JOIN vaults v ON v.agent_pubkey = a.pubkey LEFT JOIN vouchers s ON s.agent_pubkey = a.pubkey
WHERE a.spent > a.settled`

/** Implements VoucherLedger on a file. */
export class Vouchers implements VoucherLedger {
  readonly #commit: GroupCommit
  readonly #keep: KeepVoucher
  readonly #highest: Database.Statement<[string], VoucherRow>
  readonly #unsettled: Database.Statement<[], SettleableRow>
  readonly #unsettledOf: Database.Statement<[string], SettleableRow>

  constructor({ writer, reader }: LedgerFiles, commit: GroupCommit) {
    this.#commit = commit
    this.#keep = new KeepVoucher(writer)
    this.#highest = reader.prepare(HIGHEST_VOUCHER)
    this.#unsettled = reader.prepare(UNSETTLED)
    this.#unsettledOf = reader.prepare(`${UNSETTLED} AND a.pubkey = ?`)
  }

  /** One that is not higher costs no write. */
  async keepVoucher(agent: AgentKey, voucher: OfferedVoucher, at: number): Promise<KeepOutcome> {
    const signed = (await this.voucher(agent))?.cumulative ?? ZERO
    if (voucher.cumulative <= signed) return { kind: 'kept', signed, raised: false }
    return this.#commit.run(() => this.#keep.run(agent, voucher, at))
  }

  voucher(agent: AgentKey): Promise<OfferedVoucher | null> {
    return reading(() => {
      const row = this.#highest.get(agent)
      return row === undefined ? null : voucherOf(row)
    })
  }

  unsettled(agent?: AgentKey): Promise<Settleable[]> {
    return reading(() => {
      const rows = agent === undefined ? this.#unsettled.all() : this.#unsettledOf.all(agent)
      return rows.map(settleableOf)
    })
  }
}

export function voucherOf({ vault, cumulative, signature }: VoucherRow): OfferedVoucher {
  return { vault, cumulative: units(BigInt(cumulative)), signature }
}

function settleableOf(row: SettleableRow): Settleable {
  const { vault, cumulative, signature } = row
  return {
    agent: row.agent_pubkey,
    vault,
    spent: units(row.spent),
    held: units(row.held),
    deposited: units(row.deposited),
    settled: units(row.settled),
    withdrawn: units(row.withdrawn),
    owed: units(row.owed),
    pendingWithdrawal: units(row.pending_withdrawal),
    withdrawableAt: Number(row.withdrawable_at),
    voucher:
      cumulative === null || signature === null
        ? null
        : voucherOf({ vault, cumulative, signature }),
  }
}

/** Books what left a vault, once each and in order. Runs inside a transaction of the group commit. */
import type Database from 'better-sqlite3'
import { units } from '../../money.ts'
import type { PayoutFact, PayoutOutcome } from '../chain-ledger.ts'
import { type BookedPayout, type PayoutBooks, payoutObjection } from '../payout-rule.ts'
import { AMOUNT_MAX } from './storable.ts'

interface VaultBooksRow {
  readonly agent_pubkey: string
  readonly settled: bigint
  readonly withdrawn: bigint
  /** Null where the agent has no books yet. */
  readonly spent: bigint | null
}

interface AfterRow {
  readonly spent: bigint
  readonly deposited: bigint
  readonly withdrawn: bigint
}

/** From what is frozen, then from what is available; the rest is owed. What is pending falls in the same statement. */
const WITHDRAW = `
UPDATE agents SET
  frozen = frozen - min(frozen, @amount),
  balance = balance - min(balance, @amount - min(frozen, @amount)),
  owed = owed + @amount - min(frozen + balance, @amount),
  withdrawn = withdrawn + @amount,
  pending_withdrawal = pending_withdrawal - min(pending_withdrawal, @amount),
  updated_at = @at
WHERE pubkey = @agent
RETURNING spent, deposited, withdrawn`

const bookedIn = (table: string): string => `
SELECT vault, amount, cumulative, signature, instruction_path AS instructionPath FROM ${table}
  WHERE vault = ? AND cumulative = ?
UNION ALL SELECT vault, amount, cumulative, signature, instruction_path FROM ${table}
  WHERE signature = ? AND instruction_path = ? LIMIT 1`

type Booked = Database.Statement<[string, bigint, string, string], BookedPayout>

export class Payouts {
  readonly #settlement: Booked
  readonly #withdrawal: Booked
  readonly #books: Database.Statement<[string], VaultBooksRow>
  readonly #knowAgent: Database.Statement<[string, number]>
  readonly #settle: Database.Statement<[bigint, number, string]>
  readonly #withdraw: Database.Statement<[{ amount: bigint; at: number; agent: string }], AfterRow>
  readonly #settleVault: Database.Statement<[bigint, string]>
  readonly #withdrawVault: Database.Statement<[{ amount: bigint; vault: string }]>
  readonly #journal: Database.Statement<[string, bigint, bigint, string, number]>
  readonly #insertSettlement: Database.Statement<unknown[]>
  readonly #insertWithdrawal: Database.Statement<unknown[]>

  constructor(db: Database.Database) {
    this.#settlement = db.prepare(bookedIn('settlements'))
    this.#withdrawal = db.prepare(bookedIn('withdrawals'))
    this.#books = db.prepare(
      `SELECT v.agent_pubkey, v.settled, v.withdrawn, a.spent FROM vaults v
       LEFT JOIN agents a ON a.pubkey = v.agent_pubkey WHERE v.vault = ?`,
    )
    this.#knowAgent = db.prepare(
      'INSERT INTO agents (pubkey, updated_at) VALUES (?, ?) ON CONFLICT (pubkey) DO NOTHING',
    )
    this.#settle = db.prepare(
      'UPDATE agents SET settled = settled + ?, updated_at = ? WHERE pubkey = ?',
    )
    this.#withdraw = db.prepare(WITHDRAW)
    this.#settleVault = db.prepare('UPDATE vaults SET settled = settled + ? WHERE vault = ?')
    this.#withdrawVault = db.prepare(
      `UPDATE vaults SET
         withdrawn = withdrawn + @amount,
         pending_withdrawal = pending_withdrawal - min(pending_withdrawal, @amount),
         withdrawable_at = iif(pending_withdrawal <= @amount, 0, withdrawable_at),
         pending_seen_slot = iif(pending_withdrawal <= @amount, 0, pending_seen_slot)
       WHERE vault = @vault`,
    )
    this.#journal = db.prepare(
      `INSERT INTO transactions (agent_pubkey, type, amount, balance_after, signature, timestamp)
       VALUES (?, 'WITHDRAWAL', ?, ?, ?, ?)`,
    )
    const insertInto = (table: string, last: string): string =>
      `INSERT INTO ${table} (vault, cumulative, amount, signature, instruction_path, slot, ${last})
       VALUES (?, ?, ?, ?, ?, ?, ?)`
    this.#insertSettlement = db.prepare(insertInto('settlements', 'booked_at'))
    this.#insertWithdrawal = db.prepare(insertInto('withdrawals', 'transaction_id'))
  }

  /** Changes nothing unless the outcome is `booked`; the same holds of `bookWithdrawal`. */
  bookSettlement(fact: PayoutFact, at: number): PayoutOutcome {
    const row = this.#books.get(fact.vault)
    const books: PayoutBooks | null =
      row === undefined
        ? null
        : {
            agent: row.agent_pubkey,
            total: units(row.settled),
            most: units(row.spent ?? 0n),
            mostIs: 'what was spent',
          }
    const objection = payoutObjection(fact, books, bookedOf(this.#settlement, fact))
    if (objection !== null) return objection
    const { vault, agent, amount } = fact
    this.#settle.run(amount, at, agent)
    this.#settleVault.run(amount, vault)
    this.#insertSettlement.run(...columnsOf(fact), at)
    return { kind: 'booked' }
  }

  bookWithdrawal(fact: PayoutFact, at: number): PayoutOutcome {
    const row = this.#books.get(fact.vault)
    const books: PayoutBooks | null =
      row === undefined
        ? null
        : {
            agent: row.agent_pubkey,
            total: units(row.withdrawn),
            most: units(AMOUNT_MAX),
            mostIs: 'the most that a ledger holds',
          }
    const objection = payoutObjection(fact, books, bookedOf(this.#withdrawal, fact))
    if (objection !== null) return objection
    const { vault, agent, amount, signature } = fact
    this.#knowAgent.run(agent, at)
    const after = this.#withdraw.get({ amount, at, agent })
    if (after === undefined) throw new Error(`${agent} has no books`)
    const balanceAfter = after.deposited - after.withdrawn - after.spent
    const entry = this.#journal.run(agent, amount, balanceAfter, signature, at)
    this.#withdrawVault.run({ amount, vault })
    this.#insertWithdrawal.run(...columnsOf(fact), entry.lastInsertRowid)
    return { kind: 'booked' }
  }
}

function bookedOf(query: Booked, fact: PayoutFact): BookedPayout | null {
  // What no column can hold is on no books.
  if (fact.cumulative > AMOUNT_MAX) return null
  const { vault, cumulative, signature, instructionPath } = fact
  return query.get(vault, cumulative, signature, instructionPath) ?? null
}

function columnsOf({ vault, cumulative, amount, signature, instructionPath, slot }: PayoutFact) {
  return [vault, cumulative, amount, signature, instructionPath, slot]
}

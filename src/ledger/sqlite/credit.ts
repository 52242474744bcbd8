/** Credits a deposit, once. Runs inside a transaction of the group commit. */
import type Database from 'better-sqlite3'
import { units } from '../../money.ts'
import type { CreditOutcome, DepositFact } from '../chain-ledger.ts'
import { freeing } from './freeing.ts'
import { VAULT_COLUMNS, type VaultRow } from './rows.ts'
import { AMOUNT_MAX } from './storable.ts'

interface BooksRow {
  readonly balance: bigint
  readonly spent: bigint
  readonly deposited: bigint
  readonly withdrawn: bigint
}

interface DepositRow {
  readonly vault: string
  readonly deposit_index: bigint
  readonly agent_pubkey: string
  readonly amount: bigint
  readonly cumulative: bigint
  readonly depositor: string
  readonly signature: string
  readonly instruction_path: string
}

const ADD_MONEY = `
UPDATE agents SET
  ${freeing('@amount')},
  deposited = deposited + @amount,
  updated_at = @at
WHERE pubkey = @agent
RETURNING balance, spent, deposited, withdrawn`

export class Credit {
  readonly #booked: Database.Statement<[string, bigint, string, string], DepositRow>
  readonly #vault: Database.Statement<[string], VaultRow>
  readonly #vaultOf: Database.Statement<[string], string>
  readonly #deposited: Database.Statement<[string], bigint>
  readonly #knowVault: Database.Statement<[string, string]>
  readonly #knowAgent: Database.Statement<[string, number]>
  readonly #addMoney: Database.Statement<[{ amount: bigint; at: number; agent: string }], BooksRow>
  readonly #journal: Database.Statement<[string, bigint, bigint, string, number]>
  readonly #insert: Database.Statement<unknown[]>
  readonly #addToVault: Database.Statement<[bigint, bigint, string]>

  constructor(db: Database.Database) {
    this.#booked = db.prepare(
      `SELECT * FROM deposits WHERE vault = ? AND deposit_index = ?
       UNION ALL SELECT * FROM deposits WHERE signature = ? AND instruction_path = ? LIMIT 1`,
    )
    this.#vault = db.prepare(`SELECT ${VAULT_COLUMNS} FROM vaults WHERE vault = ?`)
    this.#vaultOf = db
      .prepare<[string], string>('SELECT vault FROM vaults WHERE agent_pubkey = ?')
      .pluck()
    this.#deposited = db
      .prepare<[string], bigint>('SELECT deposited FROM agents WHERE pubkey = ?')
      .pluck()
    this.#knowVault = db.prepare(
      'INSERT INTO vaults (vault, agent_pubkey) VALUES (?, ?) ON CONFLICT DO NOTHING',
    )
    this.#knowAgent = db.prepare(
      'INSERT INTO agents (pubkey, updated_at) VALUES (?, ?) ON CONFLICT (pubkey) DO NOTHING',
    )
    this.#addMoney = db.prepare(ADD_MONEY)
    this.#journal = db.prepare(
      `INSERT INTO transactions (agent_pubkey, type, amount, balance_after, signature, timestamp)
       VALUES (?, 'DEPOSIT', ?, ?, ?, ?)`,
    )
    this.#insert = db.prepare(
      `INSERT INTO deposits (vault, deposit_index, agent_pubkey, amount, cumulative, depositor, signature,
         instruction_path, slot, transaction_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#addToVault = db.prepare(
      `UPDATE vaults SET deposited = deposited + ?, deposit_index = max(deposit_index, ?) WHERE vault = ?`,
    )
  }

  /** Learns of a vault; throws when it is known as another agent's, or the agent's is another, which addresses rule out. */
  knowVault(vault: string, agent: string): void {
    this.#knowVault.run(vault, agent)
    const foreign = this.#foreign(vault, agent)
    if (foreign !== null) throw new Error(`vault ${vault} of ${agent}: ${foreign}`)
  }

  /** What on the books contradicts that this is the agent's vault, or null. */
  #foreign(vault: string, agent: string): string | null {
    const owner = this.#vault.get(vault)?.agent_pubkey ?? agent
    if (owner !== agent) return `the vault is ${owner}'s on the books`
    const own = this.#vaultOf.get(agent) ?? vault
    return own === vault ? null : `the agent's vault is ${own} on the books`
  }

  /** Changes nothing unless the outcome is `credited`. */
  run(deposit: DepositFact, at: number): CreditOutcome {
    return this.#objection(deposit) ?? this.#write(deposit, at)
  }

  #objection(deposit: DepositFact): CreditOutcome | null {
    const { vault, depositIndex, signature, instructionPath } = deposit
    const booked = this.#booked.get(vault, depositIndex, signature, instructionPath)
    if (booked !== undefined) return compare(deposit, booked)
    const foreign = this.#foreign(vault, deposit.agent)
    if (foreign !== null) return { kind: 'exists_different', detail: foreign }
    const stopped = this.#vault.get(vault)?.stopped ?? null
    if (stopped !== null) return { kind: 'stopped', reason: stopped }
    if ((this.#deposited.get(deposit.agent) ?? 0n) + deposit.amount > AMOUNT_MAX) {
      return { kind: 'stopped', reason: `${deposit.amount} units more than a ledger holds` }
    }
    return null
  }

  #write(deposit: DepositFact, at: number): CreditOutcome {
    const { vault, agent, amount, depositIndex, signature } = deposit
    this.#knowVault.run(vault, agent)
    this.#knowAgent.run(agent, at)
    const books = this.#addMoney.get({ amount, at, agent })
    if (books === undefined) throw new Error(`${agent} has no books`)
    const balanceAfter = books.deposited - books.withdrawn - books.spent
    const entry = this.#journal.run(agent, amount, balanceAfter, signature, at)
    this.#insert.run(
      vault,
      depositIndex,
      agent,
      amount,
      deposit.cumulative,
      deposit.depositor,
      signature,
      deposit.instructionPath,
      deposit.slot,
      entry.lastInsertRowid,
    )
    this.#addToVault.run(amount, depositIndex, vault)
    return { kind: 'credited', available: units(books.balance) }
  }
}

/** Every field but the slot makes the fact. A row that equals it in all of them is the only one with either key. */
function compare(deposit: DepositFact, row: DepositRow): CreditOutcome {
  const fields: [name: string, booked: string | bigint, seen: string | bigint][] = [
    ['vault', row.vault, deposit.vault],
    ['deposit_index', row.deposit_index, deposit.depositIndex],
    ['agent', row.agent_pubkey, deposit.agent],
    ['amount', row.amount, deposit.amount],
    ['cumulative', row.cumulative, deposit.cumulative],
    ['depositor', row.depositor, deposit.depositor],
    ['signature', row.signature, deposit.signature],
    ['instruction_path', row.instruction_path, deposit.instructionPath],
  ]
  const different = fields.find(([, ours, seen]) => ours !== seen)
  if (different === undefined) return { kind: 'exists' }
  const [name, ours, seen] = different
  return { kind: 'exists_different', detail: `${name}: ${ours} on the books, ${seen} on chain` }
}

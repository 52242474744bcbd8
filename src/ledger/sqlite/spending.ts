/** Holds, their ends, and the books that they leave. Implements SpendLedger on a file. */
import type Database from 'better-sqlite3'
import { type HoldFacts, mostHoldable, mostSpendable } from '../admission.ts'
import type {
  AgentKey,
  Balance,
  CallRecord,
  HoldOutcome,
  HoldQuestion,
  HoldRequest,
  Lease,
  Release,
  ReleaseOutcome,
  Room,
  Settlement,
  SettleOutcome,
  SpendLedger,
  StoredPrices,
  Transaction,
} from '../ledger.ts'
import type { ReceiptIssuer } from '../receipt-ledger.ts'
import type { CallsInFlight } from './calls-in-flight.ts'
import { EndHold } from './end-hold.ts'
import type { GroupCommit } from './group-commit.ts'
import { type FactsQuestion, ReadHoldFacts } from './hold-facts.ts'
import type { LedgerFiles } from './open-files.ts'
import { openHoldAsked } from './open-hold.ts'
import { PriceShelf } from './price-shelf.ts'
import { reading } from './reading.ts'
import {
  BALANCE_QUERY,
  type BalanceRow,
  balanceOf,
  type CallRow,
  callOf,
  NO_BALANCE,
  type TransactionRow,
  transactionOf,
} from './rows.ts'
import { storable } from './storable.ts'
import { TakeHold } from './take-hold.ts'

/** Work on many rows is done in transactions of this many, so that others get between. */
const ROWS_PER_WRITE = 200

export class Spending implements SpendLedger {
  readonly #commit: GroupCommit
  readonly #inFlight: CallsInFlight
  readonly #takeHold: TakeHold
  readonly #factsAtOnce: (question: FactsQuestion) => HoldFacts
  readonly #endHold: EndHold
  readonly #shelf: PriceShelf
  readonly #renew: Database.Statement<[number, string, bigint, string]>
  readonly #forget: Database.Statement<[number, number]>
  readonly #balance: Database.Statement<[string], BalanceRow>
  readonly #transactions: Database.Statement<[string, number | bigint, number], TransactionRow>
  readonly #calls: Database.Statement<[number, number], CallRow>
  readonly #nonceSpent: Database.Statement<[string, string]>

  constructor(
    { writer, reader }: LedgerFiles,
    commit: GroupCommit,
    inFlight: CallsInFlight,
    issuer: ReceiptIssuer | null,
  ) {
    this.#commit = commit
    this.#inFlight = inFlight
    this.#takeHold = new TakeHold(writer)
    const facts = new ReadHoldFacts(reader)
    this.#factsAtOnce = reader.transaction((question: FactsQuestion) => facts.run(question))
    this.#endHold = new EndHold(writer, issuer)
    this.#shelf = new PriceShelf(writer, reader, commit)
    this.#renew = writer.prepare(
      `UPDATE holds SET lease_until = max(lease_until, ?), recovery_tokens_json = ?, recovery_charge = ?
       WHERE request_id = ?`,
    )
    this.#forget = writer.prepare(
      `DELETE FROM nonces WHERE (agent_pubkey, nonce) IN
         (SELECT agent_pubkey, nonce FROM nonces WHERE forget_at <= ? LIMIT ?)`,
    )
    this.#balance = reader.prepare(BALANCE_QUERY)
    this.#transactions = reader.prepare(
      `SELECT id, type, amount, balance_after, usage_json, request_id, signature, timestamp
       FROM transactions WHERE agent_pubkey = ? AND id < ? ORDER BY id DESC LIMIT ?`,
    )
    this.#calls = reader.prepare(
      `SELECT c.*, t.usage_json FROM calls c LEFT JOIN transactions t ON t.id = c.transaction_id
       WHERE c.seq > ? ORDER BY c.seq LIMIT ?`,
    )
    this.#nonceSpent = reader.prepare('SELECT 1 FROM nonces WHERE agent_pubkey = ? AND nonce = ?')
  }

  balance(agent: AgentKey): Promise<Balance> {
    return reading(() => {
      const row = this.#balance.get(agent)
      return row === undefined ? NO_BALANCE : balanceOf(row)
    })
  }

  transactions(agent: AgentKey, before: number | null, limit: number): Promise<Transaction[]> {
    const beforeId = before ?? Number.MAX_SAFE_INTEGER
    return reading(() => this.#transactions.all(agent, beforeId, limit).map(transactionOf))
  }

  calls(afterSeq: number, limit: number): Promise<CallRecord[]> {
    return reading(() => this.#calls.all(afterSeq, limit).map(callOf))
  }

  nonceSpent(agent: AgentKey, nonce: string): Promise<boolean> {
    return reading(() => this.#nonceSpent.get(agent, nonce) !== undefined)
  }

  hold(request: HoldRequest): Promise<HoldOutcome> {
    const known = openHoldAsked(request)
    return this.#inFlight.beginning(request.requestId, known, () =>
      this.#commit.run(() => this.#takeHold.run(request, known)),
    )
  }

  room(question: HoldQuestion): Promise<Room> {
    return reading(() => {
      const facts = this.#factsAtOnce({ ...question, nonce: null, keyed: null })
      const holdable = mostHoldable(question.settleMarginSeconds, facts)
      return { spendable: mostSpendable(facts), holdable }
    })
  }

  async renew(leases: readonly Lease[]): Promise<void> {
    if (leases.length === 0) return
    await this.#commit.run(() => {
      for (const { requestId, leaseUntil, recovery } of leases) {
        const charge = storable('recovery charge', recovery.charge)
        this.#renew.run(leaseUntil, JSON.stringify(recovery.tokens), charge, requestId)
      }
    })
  }

  settle(settlement: Settlement): Promise<SettleOutcome> {
    const { requestId } = settlement
    const known = this.#inFlight.holdOf(requestId)
    return this.#inFlight.ending(requestId, () =>
      this.#commit.run(() => this.#endHold.settle(settlement, known)),
    )
  }

  release(release: Release): Promise<ReleaseOutcome> {
    const { requestId } = release
    const known = this.#inFlight.holdOf(requestId)
    return this.#inFlight.ending(requestId, () =>
      this.#commit.run(() => this.#endHold.release(release, known)),
    )
  }

  async resolveExpired(at: number): Promise<string[]> {
    const resolved: string[] = []
    while (true) {
      const some = await this.#commit.run(() => this.#endHold.recover(at, ROWS_PER_WRITE))
      for (const requestId of some) this.#inFlight.ended(requestId)
      resolved.push(...some)
      if (some.length < ROWS_PER_WRITE) return resolved
    }
  }

  async forgetExpired(at: number): Promise<void> {
    let forgotten: number
    do {
      forgotten = await this.#commit.run(() => this.#forget.run(at, ROWS_PER_WRITE).changes)
    } while (forgotten === ROWS_PER_WRITE)
  }

  storePrices(version: string, effectiveAt: string, json: string): Promise<string> {
    return this.#shelf.store(version, effectiveAt, json)
  }

  prices(version: string): Promise<StoredPrices | null> {
    return this.#shelf.find(version)
  }
}

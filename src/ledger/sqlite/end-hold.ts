/** Ends a hold, once: settled or released. Runs inside a transaction of the group commit. */
import type Database from 'better-sqlite3'
import { least, type Tokens, type Units, units } from '../../money.ts'
import type { Charge } from '../charge-receipt.ts'
import type { KeptAnswer } from '../idempotency-ledger.ts'
import type {
  CallAuth,
  Outcome,
  Release,
  ReleaseOutcome,
  Settlement,
  SettleOutcome,
  Usage,
} from '../ledger.ts'
import type { ReceiptIssuer } from '../receipt-ledger.ts'
import { freeing } from './freeing.ts'
import { IssueReceipt } from './issue-receipt.ts'
import { KeyBook } from './key-book.ts'
import { type HoldRow, recoveryTokensOf } from './rows.ts'
import { storable } from './storable.ts'

interface BooksRow {
  readonly spent: bigint
  readonly deposited: bigint
  readonly withdrawn: bigint
}

interface Ending {
  readonly charge: bigint
  readonly at: number
  /** The debit's id, or null where the hold is released. */
  readonly transactionId: bigint | null
  /** Why it is released, or null. */
  readonly reason: string | null
}

/** What a hold is charged, by whoever ends it. */
interface Bill {
  readonly charge: Units
  readonly tokens: Tokens
  readonly outcome: Outcome
  readonly upstreamId: string | null
  readonly responseDigest: string | null
  readonly at: number
}

const FREE_MONEY = `
UPDATE agents SET
  held = held - @amount,
  spent = spent + @charge,
  ${freeing('(@amount - @charge)')},
  updated_at = @at
WHERE pubkey = @agent
RETURNING spent, deposited, withdrawn`

export class EndHold {
  readonly #issue: IssueReceipt
  readonly #keys: KeyBook
  readonly #take: Database.Statement<[string], HoldRow>
  readonly #ended: Database.Statement<[string], 'settled' | 'released'>
  readonly #free: Database.Statement<
    [{ amount: bigint; charge: bigint; at: number; agent: string }],
    BooksRow
  >
  readonly #freeRoom: Database.Statement<[bigint, bigint, string]>
  readonly #debit: Database.Statement<[string, bigint, bigint, string, string, number]>
  readonly #record: Database.Statement<unknown[]>
  readonly #expired: Database.Statement<[number, number], string>

  constructor(db: Database.Database, issuer: ReceiptIssuer | null) {
    this.#issue = new IssueReceipt(db, issuer)
    this.#keys = new KeyBook(db)
    this.#take = db.prepare('DELETE FROM holds WHERE request_id = ? RETURNING *')
    this.#ended = db
      .prepare<[string], 'settled' | 'released'>('SELECT state FROM calls WHERE request_id = ?')
      .pluck()
    this.#free = db.prepare(FREE_MONEY)
    this.#freeRoom = db.prepare(
      'UPDATE sessions SET held = held - ?, spent = spent + ? WHERE id = ?',
    )
    this.#debit = db.prepare(
      `INSERT INTO transactions (agent_pubkey, type, amount, balance_after, usage_json, request_id, timestamp)
       VALUES (?, 'DEBIT', ?, ?, ?, ?, ?)`,
    )
    this.#record = db.prepare(
      `INSERT INTO calls (request_id, agent_pubkey, session_id, state, held, charge, transaction_id, reason, provider,
         model, price_version, request_digest, auth_json, started_at, ended_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#expired = db
      .prepare<[number, number], string>(
        'SELECT request_id FROM holds WHERE lease_until <= ? ORDER BY lease_until, request_id LIMIT ?',
      )
      .pluck()
  }

  /** Throws when the charge is above the hold, or when there never was a hold. */
  settle(settlement: Settlement): SettleOutcome {
    const hold = this.#take.get(settlement.requestId)
    if (hold === undefined) return this.#endedBefore(settlement.requestId)
    return this.#charge(hold, settlement, settlement.answer)
  }

  /** Throws when there never was a hold. */
  release({ requestId, at, reason }: Release): ReleaseOutcome {
    const hold = this.#take.get(requestId)
    if (hold === undefined) return this.#endedBefore(requestId)
    this.#freeMoney(hold, 0n, at)
    this.#recordCall(hold, { charge: 0n, at, transactionId: null, reason })
    if (hold.key_id !== null) this.#keys.free(hold.key_id)
    return { kind: 'released' }
  }

  /** Settles at most `limit` holds whose lease has ended, at their recovery terms; returns their request ids. */
  recover(at: number, limit: number): string[] {
    const requestIds = this.#expired.all(at, limit)
    for (const requestId of requestIds) {
      const hold = this.#take.get(requestId)
      if (hold === undefined)
        throw new Error(`the hold of ${requestId} was listed and is not there`)
      const bill: Bill = {
        charge: least(units(hold.recovery_charge), units(hold.amount)),
        tokens: recoveryTokensOf(hold),
        outcome: 'recovered',
        upstreamId: null,
        responseDigest: null,
        at,
      }
      this.#charge(hold, bill, null)
    }
    return requestIds
  }

  #endedBefore(requestId: string): { kind: 'already_ended'; state: 'settled' | 'released' } {
    const state = this.#ended.get(requestId)
    if (state === undefined) throw new Error(`${requestId} never had a hold`)
    return { kind: 'already_ended', state }
  }

  #charge(hold: HoldRow, bill: Bill, answer: KeptAnswer | null): SettleOutcome {
    const charge = storable('charge', bill.charge)
    const { spent, balanceAfter } = this.#freeMoney(hold, charge, bill.at)
    const usage = JSON.stringify(usageOf(hold, bill))
    const debit = this.#debit.run(
      hold.agent_pubkey,
      charge,
      balanceAfter,
      usage,
      hold.request_id,
      bill.at,
    )
    const transactionId = BigInt(debit.lastInsertRowid)
    const receipt = this.#issue.run(transactionId, chargeOf(hold, bill, spent, balanceAfter))
    this.#recordCall(hold, { charge, at: bill.at, transactionId, reason: null })
    if (hold.key_id !== null) {
      this.#keys.charged(hold.key_id, hold.agent_pubkey, answer, bill.at)
    }
    return {
      kind: 'settled',
      charge: units(charge),
      spent: units(spent),
      balanceAfter: units(balanceAfter),
      receipt,
    }
  }

  #freeMoney(
    hold: HoldRow,
    charge: bigint,
    at: number,
  ): { readonly spent: bigint; readonly balanceAfter: bigint } {
    const { amount, agent_pubkey: agent, session_id: session } = hold
    if (charge > amount) {
      throw new RangeError(
        `${hold.request_id}: a charge of ${charge} is above its hold of ${amount}`,
      )
    }
    const books = this.#free.get({ amount, charge, at, agent })
    if (books === undefined) throw new Error(`${hold.request_id} holds money of nobody`)
    if (session !== null) this.#freeRoom.run(amount, charge, session)
    return { spent: books.spent, balanceAfter: books.deposited - books.withdrawn - books.spent }
  }

  #recordCall(hold: HoldRow, ending: Ending): void {
    this.#record.run(
      hold.request_id,
      hold.agent_pubkey,
      hold.session_id,
      ending.transactionId === null ? 'released' : 'settled',
      hold.amount,
      ending.charge,
      ending.transactionId,
      ending.reason,
      hold.provider,
      hold.model,
      hold.price_version,
      hold.request_digest,
      hold.auth_json,
      hold.started_at,
      ending.at,
    )
  }
}

function usageOf(hold: HoldRow, bill: Bill): Usage {
  return {
    provider: hold.provider,
    model: hold.model,
    outcome: bill.outcome,
    tokens: bill.tokens,
    price_version: hold.price_version,
    held: hold.amount.toString(),
    upstream_id: bill.upstreamId,
    request_digest: hold.request_digest,
    response_digest: bill.responseDigest,
  }
}

function chargeOf(hold: HoldRow, bill: Bill, spent: bigint, balanceAfter: bigint): Charge {
  return {
    ...bill,
    agent: hold.agent_pubkey,
    requestId: hold.request_id,
    provider: hold.provider,
    model: hold.model,
    priceVersion: hold.price_version,
    held: hold.amount,
    spent,
    balanceAfter,
    requestDigest: hold.request_digest,
    auth: JSON.parse(hold.auth_json) as CallAuth,
    startedAt: Number(hold.started_at),
    endedAt: bill.at,
  }
}

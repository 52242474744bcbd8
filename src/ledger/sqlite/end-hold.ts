/** Ends a hold, once: settled or released. Runs inside a transaction of the group commit. */
import type Database from 'better-sqlite3'
import { least, type Tokens, units } from '../../money.ts'
import type { KeptAnswer } from '../idempotency-ledger.ts'
import type { Release, ReleaseOutcome, Settlement, SettleOutcome } from '../ledger.ts'
import type { ReceiptIssuer } from '../receipt-ledger.ts'
import { type Bill, chargeOf, usageOf } from './bill.ts'
import { freeing } from './freeing.ts'
import { IssueReceipt } from './issue-receipt.ts'
import { KeyBook } from './key-book.ts'
import { OPEN_HOLD, type OpenHold, type OpenHoldRow, openHoldOf } from './open-hold.ts'
import { storable } from './storable.ts'

type BooksRow = readonly [spent: bigint, deposited: bigint, withdrawn: bigint]
type RecoveryRow = readonly [tokensJson: string, charge: bigint]

interface Ending {
  readonly charge: bigint
  readonly at: number
  /** The debit's id, or null where the hold is released. */
  readonly transactionId: bigint | null
  /** Why it is released, or null. */
  readonly reason: string | null
}

interface FreedMoney {
  readonly amount: bigint
  readonly charge: bigint
  readonly at: number
  readonly agent: string
}

const FREE_MONEY = `
UPDATE agents SET
  held = held - @amount,
  spent = spent + @charge,
  ${freeing('(@amount - @charge)')},
  updated_at = @at
WHERE pubkey = @agent`

export class EndHold {
  readonly #issue: IssueReceipt
  readonly #keys: KeyBook
  readonly #find: Database.Statement<[string], OpenHoldRow>
  readonly #end: Database.Statement<[string]>
  readonly #ended: Database.Statement<[string], 'settled' | 'released'>
  readonly #free: Database.Statement<[FreedMoney]>
  readonly #books: Database.Statement<[string], BooksRow>
  readonly #freeRoom: Database.Statement<[bigint, bigint, string]>
  readonly #debit: Database.Statement<[string, bigint, bigint, string, string, number]>
  readonly #record: Database.Statement<unknown[]>
  readonly #expired: Database.Statement<[number, number], string>
  readonly #recovery: Database.Statement<[string], RecoveryRow>

  constructor(db: Database.Database, issuer: ReceiptIssuer | null) {
    this.#issue = new IssueReceipt(db, issuer)
    this.#keys = new KeyBook(db)
    this.#find = db.prepare<[string], OpenHoldRow>(OPEN_HOLD).raw()
    this.#end = db.prepare('DELETE FROM holds WHERE request_id = ?')
    this.#ended = db
      .prepare<[string], 'settled' | 'released'>('SELECT state FROM calls WHERE request_id = ?')
      .pluck()
    this.#free = db.prepare(FREE_MONEY)
    this.#books = db
      .prepare<[string], BooksRow>(
        'SELECT spent, deposited, withdrawn FROM agents WHERE pubkey = ?',
      )
      .raw()
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
    this.#recovery = db
      .prepare<[string], RecoveryRow>(
        'SELECT recovery_tokens_json, recovery_charge FROM holds WHERE request_id = ?',
      )
      .raw()
  }

  /** Throws when the charge is above the hold, or when there never was a hold. `known`: the hold, where it need not be read. */
  settle(settlement: Settlement, known: OpenHold | null): SettleOutcome {
    const hold = this.#take(settlement.requestId, known)
    if (hold === null) return this.#endedBefore(settlement.requestId)
    return this.#charge(hold, settlement, settlement.answer)
  }

  /** Throws when there never was a hold. `known` as of `settle`. */
  release({ requestId, at, reason }: Release, known: OpenHold | null): ReleaseOutcome {
    const hold = this.#take(requestId, known)
    if (hold === null) return this.#endedBefore(requestId)
    this.#freeMoney(hold, 0n, at)
    this.#recordCall(hold, { charge: 0n, at, transactionId: null, reason })
    if (hold.keyId !== null) this.#keys.free(hold.keyId)
    return { kind: 'released' }
  }

  /** Settles at most `limit` holds whose lease has ended, at their recovery terms; returns their request ids. */
  recover(at: number, limit: number): string[] {
    const requestIds = this.#expired.all(at, limit)
    for (const requestId of requestIds) {
      const terms = this.#recovery.get(requestId)
      const hold = this.#take(requestId, null)
      if (hold === null || terms === undefined) {
        throw new Error(`the hold of ${requestId} was listed and is not there`)
      }
      const [tokensJson, charge] = terms
      const bill: Bill = {
        charge: least(units(charge), units(hold.amount)),
        tokens: JSON.parse(tokensJson) as Tokens,
        outcome: 'recovered',
        upstreamId: null,
        responseDigest: null,
        at,
      }
      this.#charge(hold, bill, null)
    }
    return requestIds
  }

  /** Null: it has ended, here or in another process. Reading and then deleting costs half of a deletion that returns its row. */
  #take(requestId: string, known: OpenHold | null): OpenHold | null {
    const hold = known ?? this.#read(requestId)
    if (hold === null || this.#end.run(requestId).changes === 0) return null
    return hold
  }

  #read(requestId: string): OpenHold | null {
    const row = this.#find.get(requestId)
    return row === undefined ? null : openHoldOf(row)
  }

  #endedBefore(requestId: string): { kind: 'already_ended'; state: 'settled' | 'released' } {
    const state = this.#ended.get(requestId)
    if (state === undefined) throw new Error(`${requestId} never had a hold`)
    return { kind: 'already_ended', state }
  }

  #charge(hold: OpenHold, bill: Bill, answer: KeptAnswer | null): SettleOutcome {
    const charge = storable('charge', bill.charge)
    const { spent, balanceAfter } = this.#freeMoney(hold, charge, bill.at)
    const usage = JSON.stringify(usageOf(hold, bill))
    const debit = this.#debit.run(hold.agent, charge, balanceAfter, usage, hold.requestId, bill.at)
    const transactionId = BigInt(debit.lastInsertRowid)
    const receipt = this.#issue.run(transactionId, chargeOf(hold, bill, spent, balanceAfter))
    this.#recordCall(hold, { charge, at: bill.at, transactionId, reason: null })
    if (hold.keyId !== null) {
      this.#keys.charged(hold.keyId, hold.agent, answer, bill.at)
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
    hold: OpenHold,
    charge: bigint,
    at: number,
  ): { readonly spent: bigint; readonly balanceAfter: bigint } {
    const { amount, agent, sessionId } = hold
    if (charge > amount) {
      throw new RangeError(
        `${hold.requestId}: a charge of ${charge} is above its hold of ${amount}`,
      )
    }
    this.#free.run({ amount, charge, at, agent })
    const books = this.#books.get(agent)
    if (books === undefined) throw new Error(`${hold.requestId} holds money of nobody`)
    const [spent, deposited, withdrawn] = books
    if (sessionId !== null) this.#freeRoom.run(amount, charge, sessionId)
    return { spent, balanceAfter: deposited - withdrawn - spent }
  }

  #recordCall(hold: OpenHold, ending: Ending): void {
    this.#record.run(
      hold.requestId,
      hold.agent,
      hold.sessionId,
      ending.transactionId === null ? 'released' : 'settled',
      hold.amount,
      ending.charge,
      ending.transactionId,
      ending.reason,
      hold.provider,
      hold.model,
      hold.priceVersion,
      hold.requestDigest,
      hold.authJson,
      hold.startedAt,
      ending.at,
    )
  }
}

/** The books of a little gateway, in memory: honest, but for the faults that it is started with. */
import type { Tokens } from '../../../src/money.ts'
import { FIRST_PREV } from '../../../src/proof/receipt.ts'
import type { Fault } from './faults.ts'
import { VERSION } from './little-prices.ts'

export interface Row {
  readonly id: string
  readonly type: 'DEPOSIT' | 'DEBIT'
  readonly amount: string
  readonly balance_after: string
  readonly timestamp: string
  readonly request_id?: string
  readonly signature?: string
}

export interface LittleSession {
  readonly id: string
  readonly token: string
  readonly agent: string
  readonly limit: bigint | null
  readonly models: readonly string[] | null
  readonly expiresAt: number
  spent: bigint
  held: bigint
  revoked: boolean
}

export interface Hold {
  readonly account: Account
  readonly session: LittleSession | null
  readonly amount: bigint
  readonly requestId: string
  readonly model: string
  ended: boolean
}

export class Account {
  readonly agent: string
  readonly journal: Row[] = []
  readonly receipts: object[] = []
  deposited = 0n
  held = 0n
  spent = 0n

  constructor(agent: string) {
    this.agent = agent
  }

  get available(): bigint {
    return this.deposited - this.held - this.spent
  }
}

const WHEN = '2026-11-21T12:00:00.000Z'

export class LittleBooks {
  readonly #faults: ReadonlySet<Fault>
  readonly #accounts = new Map<string, Account>()
  #requests = 0

  constructor(faults: ReadonlySet<Fault>) {
    this.#faults = faults
  }

  account(agent: string): Account {
    const account = this.#accounts.get(agent) ?? new Account(agent)
    this.#accounts.set(agent, account)
    return account
  }

  deposit(account: Account, amount: bigint, signature: string): void {
    account.deposited += amount
    this.#write(account, { type: 'DEPOSIT', amount, signature })
  }

  /** The signature of an earlier deposit: nothing, or the same money once more. */
  hint(account: Account, signature: string): void {
    const earlier = account.journal.find((row) => row.signature === signature)
    if (earlier === undefined || !this.#faults.has('credits hints')) return
    this.deposit(account, BigInt(earlier.amount), signature)
  }

  hold(
    account: Account,
    session: LittleSession | null,
    amount: bigint,
    model: string,
  ): Hold | 'insufficient_balance' | 'session_limit_reached' {
    const isUnbounded = this.#faults.has('admits everything')
    if (!isUnbounded && account.available < amount) return 'insufficient_balance'
    const limit = this.#faults.has('ignores session limits') ? null : (session?.limit ?? null)
    if (session !== null && limit !== null && !isUnbounded) {
      if (session.spent + session.held + amount > limit) return 'session_limit_reached'
    }
    this.#requests += 1
    const requestId = `req_${this.#requests}`
    account.held += amount
    if (session !== null) session.held += amount
    return { account, session, amount, requestId, model, ended: false }
  }

  release(hold: Hold): void {
    if (hold.ended) return
    hold.ended = true
    hold.account.held -= hold.amount
    if (hold.session !== null) hold.session.held -= hold.amount
  }

  /** Ends the hold with a charge; a second end changes nothing. `tokens` null: nobody knows. */
  settle(hold: Hold, charge: bigint, tokens: Tokens): void {
    if (hold.ended && !this.#faults.has('settles twice')) return
    const { account, session, amount, requestId } = hold
    this.release(hold)
    const charged = this.#faults.has('charges above the hold') || charge < amount ? charge : amount
    account.spent += charged
    if (session !== null) session.spent += charged
    this.#write(account, { type: 'DEBIT', amount: charged, request_id: requestId })
    account.receipts.push(receiptOf(hold, charged, charge > amount, tokens))
  }

  #write(
    account: Account,
    row: Pick<Row, 'type' | 'request_id' | 'signature'> & { amount: bigint },
  ): void {
    const { amount, ...rest } = row
    const id = String(account.journal.length + 1)
    const balance_after = String(account.deposited - account.spent)
    account.journal.push({ id, amount: String(amount), balance_after, timestamp: WHEN, ...rest })
  }
}

function receiptOf(hold: Hold, charge: bigint, capped: boolean, tokens: Tokens): object {
  const { account, amount, requestId, model } = hold
  return {
    receipt: {
      v: 1,
      gateway: 'little',
      agent: account.agent,
      seq: account.receipts.length + 1,
      prev: FIRST_PREV,
      request_id: requestId,
      provider: 'openai',
      upstream_id: null,
      model,
      outcome: 'completed',
      tokens,
      price_version: VERSION,
      charge: String(charge),
      ...(capped ? { held: String(amount) } : {}),
      spent: String(account.spent),
      balance_after: String(account.deposited - account.spent),
      request_digest: FIRST_PREV,
      response_digest: null,
      auth: { session: 'little' },
      started_at: WHEN,
      ended_at: WHEN,
    },
    signature: Buffer.alloc(64).toString('base64'),
  }
}

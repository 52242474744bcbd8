/** What a ledger should do, said as plainly as possible: objects in memory, one operation after the other. */
import type { KeptAnswer } from '../../../src/ledger/idempotency-ledger.ts'
import { least, units } from '../../../src/money.ts'
import { depositFact, LEASE_MS } from '../facts.ts'
import { ModelBooks } from './model-books.ts'
import { ModelKeys } from './model-keys.ts'
import {
  AGENTS,
  DELAY_SECONDS,
  KEYS,
  NONCE_MS,
  NONCES,
  needsVoucher,
  type Operation,
  SESSION_MS,
  SESSIONS,
} from './operation.ts'

/** What an operation that breaks an invariant answers with. */
export const THROWS = 'throws'
/** Outcomes of holds for callers whose nonce or session does not count. */
const STRANGERS = ['replayed_nonce', 'session_gone']

interface Hold {
  agent: string
  amount: bigint
  session: string | null
  leaseUntil: number
  recovery: bigint
}

interface Session {
  agent: string
  limit: bigint | null
  expiresAt: number
  revoked: boolean
  spent: bigint
  held: bigint
}

type End = 'settled' | 'released'

export class ModelLedger {
  readonly books = new Map<string, ModelBooks>(AGENTS.map((agent) => [agent, new ModelBooks()]))
  readonly holds = new Map<string, Hold>()
  readonly ended = new Map<string, { state: End; charge: bigint }>()
  readonly keys = new ModelKeys()
  readonly nonces = new Map<string, number>()
  readonly sessions = new Map<string, Session>()
  readonly deposits = new Map<string, { amount: bigint; path: string }>()
  readonly stopped = new Map<string, string | null>()
  readonly frozen = new Set<string>()
  readonly journal: { agent: string; type: string; amount: bigint; balanceAfter: bigint }[] = []
  readonly receipts: {
    agent: string
    requestId: string
    charge: bigint
    held: string | undefined
    spent: bigint
    balanceAfter: bigint
  }[] = []
  slot = -1

  /** Applies one operation; the outcome is what the ledger should resolve with. */
  apply(op: Operation, now: number): unknown {
    switch (op.op) {
      case 'credit':
        return this.#credit(op)
      case 'hold':
        return this.#hold(op, now)
      case 'settle':
        return this.#settle(op.requestId, op.charge, op.answer, now)
      case 'release':
        return this.#release(op.requestId)
      case 'renew':
        return this.#renew(op.requestId, op.recovery, now)
      case 'resolveExpired':
        return this.#resolveExpired(now)
      case 'forgetExpired':
        for (const [key, until] of this.nonces) if (until <= now) this.nonces.delete(key)
        this.keys.forget(now)
        return undefined
      case 'openSession':
        return this.#openSession(op, now)
      case 'revokeSession':
        return this.#revokeSession(op.session, op.agent, now)
      case 'stopVault':
        if (!this.stopped.has(op.agent)) return THROWS
        this.stopped.set(op.agent, op.reason)
        return undefined
      case 'noteFrozen':
        if (!this.stopped.has(op.agent)) return THROWS
        if (op.frozen) this.frozen.add(op.agent)
        else this.frozen.delete(op.agent)
        return undefined
      case 'bookSettlement':
      case 'bookWithdrawal':
        return this.#book(op)
      case 'noteWithdrawal':
        if (!this.stopped.has(op.agent)) return THROWS
        this.booksOf(op.agent).note(op)
        return this.booksOf(op.agent).pending
      case 'keepVoucher':
        return this.#keep(op.agent, op.cumulative)
      case 'advance':
        this.slot = Math.max(this.slot, op.slot)
        return undefined
    }
  }

  booksOf(agent: string): ModelBooks {
    const books = this.books.get(agent)
    if (books === undefined) throw new Error(agent)
    return books
  }

  liveSession(id: string, agent: string, now: number): Session | null {
    const session = this.sessions.get(id)
    if (session === undefined || session.agent !== agent) return null
    return session.revoked || session.expiresAt <= now ? null : session
  }

  #credit({ agent, index, amount, path }: Operation & { op: 'credit' }): unknown {
    const known = this.deposits.get(`${agent} ${index}`)
    if (known !== undefined) {
      const same = known.amount === amount && known.path === path
      return { kind: same ? 'exists' : 'exists_different' }
    }
    const stopped = this.stopped.get(agent)
    if (typeof stopped === 'string') return { kind: 'stopped', reason: stopped }
    this.deposits.set(`${agent} ${index}`, { amount, path })
    this.stopped.set(agent, null)
    const books = this.booksOf(agent)
    books.deposited += amount
    books.free(amount)
    this.#enter(agent, 'DEPOSIT', amount)
    return { kind: 'credited', available: books.available }
  }

  #keep(agent: string, cumulative: bigint): unknown {
    const books = this.booksOf(agent)
    const raised = cumulative > books.voucher
    if (raised && !this.stopped.has(agent)) return { kind: 'no_vault' }
    if (raised) books.voucher = cumulative
    return { kind: 'kept', signed: books.voucher, raised }
  }

  #book({ op, agent, amount, cumulative }: Operation & { op: `book${string}` }): unknown {
    if (!this.stopped.has(agent)) return { kind: 'impossible' }
    const books = this.booksOf(agent)
    const kind = op === 'bookSettlement' ? 'settlements' : 'withdrawals'
    const objection = books.objection(kind, amount, cumulative)
    if (objection !== null) return objection
    books[kind].set(cumulative, amount)
    if (kind === 'settlements') books.settled += amount
    else {
      books.withdraw(amount)
      this.#enter(agent, 'WITHDRAWAL', amount)
    }
    return { kind: 'booked' }
  }

  /** A hold that throws keeps no voucher either, nor does one for a caller that is none. */
  #hold(op: Operation & { op: 'hold' }, now: number): unknown {
    const books = this.booksOf(op.agent)
    const before = books.voucher
    if (op.voucher !== null) this.#keep(op.agent, op.voucher)
    const outcome = this.#admit(op, now)
    if (outcome === THROWS || STRANGERS.includes(outcome.kind)) books.voucher = before
    return outcome
  }

  #admit(op: Operation & { op: 'hold' }, now: number) {
    const nonceKey = `${op.agent} ${op.nonce}`
    if (op.nonce !== null && this.nonces.has(nonceKey)) return { kind: 'replayed_nonce' }
    const session = op.session === null ? null : this.liveSession(op.session, op.agent, now)
    if (op.session !== null && session === null) return { kind: 'session_gone' }
    const recalled = op.keyed === null ? null : this.keys.recall(op.agent, op.keyed)
    if (recalled !== null) return { kind: 'recalled', recalled }
    if (this.frozen.has(op.agent)) return { kind: 'vault_frozen' }
    if (session !== null && session.limit !== null) {
      const remaining = session.limit - session.spent - session.held
      if (op.amount > remaining) return { kind: 'session_limit', remaining }
    }
    const books = this.booksOf(op.agent)
    if (op.amount > books.available || books.owed > 0n) {
      return { kind: 'insufficient', available: books.available, owed: books.owed }
    }
    const needed = books.spent + books.held + op.amount
    if (needsVoucher(op.agent) && books.voucher < needed) {
      return { kind: 'authorization_required', needed, signed: books.voucher }
    }
    if (this.holds.has(op.requestId) || this.ended.has(op.requestId)) return THROWS
    if (op.keyed !== null) this.keys.take(op.agent, op.keyed, op.requestId)
    if (op.nonce !== null) this.nonces.set(nonceKey, now + NONCE_MS)
    if (session !== null) session.held += op.amount
    books.available -= op.amount
    books.held += op.amount
    const { agent, amount, recovery } = op
    const leaseUntil = now + LEASE_MS
    this.holds.set(op.requestId, { agent, amount, session: op.session, leaseUntil, recovery })
    const callSecondsMax = books.read ? DELAY_SECONDS : null
    return { kind: 'held', available: books.available, callSecondsMax }
  }

  #settle(requestId: string, charge: bigint, answer: KeptAnswer | null, now: number): unknown {
    const hold = this.holds.get(requestId)
    if (hold === undefined) return this.#alreadyEnded(requestId)
    if (charge > hold.amount) return THROWS
    this.#end(requestId, hold, 'settled', charge)
    this.keys.charge(requestId, charge, answer, now)
    this.#enter(hold.agent, 'DEBIT', charge)
    const { spent, balanceAfter } = this.booksOf(hold.agent)
    const held = charge === hold.amount ? `${charge}` : undefined
    this.receipts.push({ agent: hold.agent, requestId, charge, held, spent, balanceAfter })
    return { kind: 'settled', charge, spent, balanceAfter }
  }

  #release(requestId: string): unknown {
    const hold = this.holds.get(requestId)
    if (hold === undefined) return this.#alreadyEnded(requestId)
    this.#end(requestId, hold, 'released', 0n)
    this.keys.free(requestId)
    return { kind: 'released' }
  }

  #alreadyEnded(requestId: string): unknown {
    const ended = this.ended.get(requestId)
    return ended === undefined ? THROWS : { kind: 'already_ended', state: ended.state }
  }

  #renew(requestId: string, recovery: bigint, now: number): undefined {
    const hold = this.holds.get(requestId)
    if (hold === undefined) return
    hold.leaseUntil = Math.max(hold.leaseUntil, now + LEASE_MS)
    hold.recovery = recovery
  }

  #resolveExpired(now: number): string[] {
    const expired = [...this.holds].filter(([, hold]) => hold.leaseUntil <= now)
    expired.sort(([a, x], [b, y]) => x.leaseUntil - y.leaseUntil || a.localeCompare(b))
    for (const [requestId, { recovery, amount }] of expired) {
      this.#settle(requestId, least(units(recovery), units(amount)), null, now)
    }
    return expired.map(([requestId]) => requestId).toSorted()
  }

  #openSession(op: Operation & { op: 'openSession' }, now: number): unknown {
    const nonceKey = `${op.agent} ${op.nonce}`
    if (this.nonces.has(nonceKey)) return { kind: 'replayed_nonce' }
    const refused = op.voucher === null ? null : this.#uncovered(op, op.voucher, now)
    if (refused !== null) return refused
    if (this.sessions.has(op.session)) return THROWS
    if (op.voucher !== null) this.#keep(op.agent, op.voucher)
    this.nonces.set(nonceKey, now + NONCE_MS)
    const { agent, limit } = op
    const expiresAt = now + SESSION_MS
    this.sessions.set(op.session, { agent, limit, expiresAt, revoked: false, spent: 0n, held: 0n })
    return { kind: 'opened' }
  }

  #uncovered(op: Operation & { op: 'openSession' }, voucher: bigint, now: number): unknown {
    const books = this.booksOf(op.agent)
    const open = [...this.sessions.keys()].flatMap(
      (id) => this.liveSession(id, op.agent, now) ?? [],
    )
    const limits = [...open.map(({ limit }) => limit), op.limit]
    let needed = books.spent + books.held + (op.limit ?? 0n)
    for (const { limit, spent, held } of open) if (limit !== null) needed += limit - spent - held
    const funds = books.deposited - books.withdrawn
    if (limits.includes(null) && funds > needed) needed = funds
    if (needed > voucher && needed > books.voucher) {
      return { kind: 'authorization_required', needed, signed: books.voucher }
    }
    if (voucher > books.voucher && !this.stopped.has(op.agent)) return { kind: 'no_vault' }
    return null
  }

  #revokeSession(id: string, agent: string, now: number): boolean {
    const session = this.liveSession(id, agent, now)
    if (session === null) return false
    session.revoked = true
    return true
  }

  #end(requestId: string, hold: Hold, state: End, charge: bigint): void {
    const books = this.booksOf(hold.agent)
    books.held -= hold.amount
    books.spent += charge
    books.free(hold.amount - charge)
    const session = hold.session === null ? undefined : this.sessions.get(hold.session)
    if (session !== undefined) {
      session.held -= hold.amount
      session.spent += charge
    }
    this.holds.delete(requestId)
    this.ended.set(requestId, { state, charge })
  }

  #enter(agent: string, type: string, amount: bigint): void {
    const { balanceAfter } = this.booksOf(agent)
    this.journal.push({ agent, type, amount, balanceAfter })
  }

  /** Everything that can be asked of a ledger at `now`, to be compared with the answers of the real one. */
  view(now: number): unknown {
    return {
      balances: AGENTS.map((agent) => {
        const { available, held, frozen, spent } = this.booksOf(agent)
        const { deposited, settled, withdrawn, owed } = this.booksOf(agent)
        return { available, held, frozen, spent, deposited, settled, withdrawn, owed }
      }),
      vouchers: AGENTS.map((agent) => this.booksOf(agent).voucher),
      unsettled: AGENTS.filter((agent) => this.booksOf(agent).spent > this.booksOf(agent).settled),
      receipts: AGENTS.map((agent) =>
        this.receipts
          .filter((receipt) => receipt.agent === agent)
          .map(({ requestId, charge, held, spent, balanceAfter }) => ({
            request_id: requestId,
            charge: `${charge}`,
            held,
            spent: `${spent}`,
            balance_after: `${balanceAfter}`,
          })),
      ),
      journals: AGENTS.map((agent) =>
        this.journal
          .filter((entry) => entry.agent === agent)
          .map(({ type, amount, balanceAfter }) => ({ type, amount, balanceAfter })),
      ),
      calls: [...this.ended].map(([requestId, { state, charge }]) => ({
        requestId,
        state,
        charge,
      })),
      sessions: SESSIONS.map((id) => {
        const agent = this.sessions.get(id)?.agent ?? ''
        const live = this.liveSession(id, agent, now)
        return live === null ? null : { spent: live.spent, held: live.held }
      }),
      nonces: AGENTS.flatMap((agent) =>
        NONCES.map((nonce) => this.nonces.has(`${agent} ${nonce}`)),
      ),
      keys: AGENTS.flatMap((agent) =>
        KEYS.map((key) => this.keys.recall(agent, { key, asked: 'a' })),
      ),
      vaults: [...this.stopped]
        .map(([agent, stopped]) => ({
          vault: depositFact(1, { agent }).vault,
          deposited: this.booksOf(agent).deposited,
          stopped,
          addressFrozen: this.frozen.has(agent),
          settled: this.booksOf(agent).settled,
          withdrawn: this.booksOf(agent).withdrawn,
          pendingWithdrawal: this.booksOf(agent).pending,
        }))
        .toSorted((a, b) => a.vault.localeCompare(b.vault)),
      slot: this.slot,
      audit: null,
    }
  }
}

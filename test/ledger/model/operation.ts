/** Random operations on a ledger: from small sets of names, so that they meet. */
import fc from 'fast-check'
import type { DepositFact, WithdrawalReading } from '../../../src/ledger/chain-ledger.ts'
import { KEY_KEPT_MS, type KeptAnswer } from '../../../src/ledger/idempotency-ledger.ts'
import type { HoldRequest, Ledger } from '../../../src/ledger/ledger.ts'
import { NO_TOKENS, units } from '../../../src/money.ts'
import {
  depositFact,
  holdRequest,
  keptAnswer,
  keyedRequest,
  LEASE_MS,
  payoutFact,
  sessionOpening,
  settlement,
  voucherOf,
  withdrawalReading,
} from '../facts.ts'
import type { SeenWithdrawal } from './model-books.ts'
import type { ModelKeyed } from './model-keys.ts'

export const AGENTS = ['Alice', 'Bob'] as const
export const SESSIONS = ['s1', 's2', 's3'] as const
const REQUESTS = ['r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8'] as const
export const NONCES = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'] as const
export const KEYS = ['k1', 'k2', 'k3'] as const
/** How long a nonce and a session last here, so that both outlive some steps and not others. */
export const NONCE_MS = 60_000
export const SESSION_MS = 40_000
/** Every vault's, once it was read. */
export const DELAY_SECONDS = 3_600

/** One agent must sign for all that it spends, the other needs not. */
export function needsVoucher(agent: string): boolean {
  return agent === AGENTS[1]
}

type Agent = (typeof AGENTS)[number]

export type Operation =
  | {
      readonly op: 'credit'
      readonly agent: Agent
      readonly index: number
      readonly amount: bigint
      readonly path: string
    }
  | {
      readonly op: 'hold'
      readonly requestId: string
      readonly agent: Agent
      readonly amount: bigint
      readonly nonce: string | null
      readonly session: string | null
      readonly recovery: bigint
      readonly voucher: bigint | null
      readonly keyed: ModelKeyed | null
    }
  | {
      readonly op: 'settle'
      readonly requestId: string
      readonly charge: bigint
      readonly answer: KeptAnswer | null
    }
  | { readonly op: 'release'; readonly requestId: string }
  | { readonly op: 'renew'; readonly requestId: string; readonly recovery: bigint }
  | { readonly op: 'resolveExpired' }
  | { readonly op: 'forgetExpired' }
  | {
      readonly op: 'openSession'
      readonly session: string
      readonly agent: Agent
      readonly limit: bigint | null
      readonly nonce: string
      readonly voucher: bigint | null
    }
  | {
      readonly op: 'bookSettlement' | 'bookWithdrawal'
      readonly agent: Agent
      readonly amount: bigint
      readonly cumulative: bigint
    }
  | ({ readonly op: 'noteWithdrawal'; readonly agent: Agent } & SeenWithdrawal)
  | { readonly op: 'keepVoucher'; readonly agent: Agent; readonly cumulative: bigint }
  | { readonly op: 'revokeSession'; readonly session: string; readonly agent: Agent }
  | { readonly op: 'stopVault'; readonly agent: Agent; readonly reason: string | null }
  | { readonly op: 'noteFrozen'; readonly agent: Agent; readonly frozen: boolean }
  | { readonly op: 'advance'; readonly slot: number }

/** Either several operations at once, or the end of the process, or time that passes. */
export type Step =
  | { readonly step: 'operations'; readonly operations: readonly Operation[] }
  /** The power goes `turns` turns of the event loop after these were begun. */
  | {
      readonly step: 'power cut'
      readonly operations: readonly Operation[]
      readonly turns: number
    }
  | { readonly step: 'restart' }
  | { readonly step: 'time'; readonly ms: number }

const agent = fc.constantFrom(...AGENTS)
const requestId = fc.constantFrom(...REQUESTS)
const nonce = fc.constantFrom(...NONCES)
const session = fc.constantFrom(...SESSIONS)
const amount = fc.bigInt({ min: 1n, max: 60n })
const keyed = fc.record({
  key: fc.constantFrom(...KEYS),
  asked: fc.constantFrom('a' as const, 'a' as const, 'b' as const),
})
const answer = fc
  .uint8Array({ maxLength: 20 })
  .map((body) => keptAnswer({ body: Buffer.from(body) }))
const signed = fc.bigInt({ min: 0n, max: 400n })
const tag = <T extends Operation['op']>(op: T) => fc.constant(op)

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      op: tag('credit'),
      agent,
      index: fc.integer({ min: 1, max: 5 }),
      amount: fc.constantFrom(100n, 100n, 100n, 40n),
      path: fc.constantFrom('0', '0', '0', '1.0'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: tag('hold'),
      requestId,
      agent,
      amount,
      nonce: fc.option(nonce),
      session: fc.option(session, { freq: 2 }),
      recovery: fc.bigInt({ min: 0n, max: 80n }),
      voucher: fc.option(signed, { freq: 2 }),
      keyed: fc.option(keyed, { freq: 2 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: tag('settle'),
      requestId,
      charge: amount,
      answer: fc.option(answer),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: tag('release'), requestId }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: tag('renew'), requestId, recovery: amount }),
  },
  { weight: 1, arbitrary: fc.record({ op: tag('resolveExpired') }) },
  { weight: 1, arbitrary: fc.record({ op: tag('forgetExpired') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: tag('openSession'),
      session,
      agent,
      limit: fc.option(fc.bigInt({ min: 0n, max: 150n })),
      nonce,
      voucher: fc.option(signed),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: tag('bookSettlement'),
      agent,
      amount: fc.constantFrom(10n, 10n, 10n, 15n),
      cumulative: fc.constantFrom(10n, 10n, 20n, 30n),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: tag('bookWithdrawal'),
      agent,
      amount: fc.constantFrom(40n, 40n, 40n, 50n),
      cumulative: fc.constantFrom(40n, 40n, 80n, 120n),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: tag('revokeSession'), session, agent }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: tag('stopVault'),
      agent,
      reason: fc.constantFrom(null, null, 'drift'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: tag('noteFrozen'),
      agent,
      frozen: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: tag('advance'), slot: fc.integer({ min: 0, max: 20 }) }),
  },
)

/** These look at the last commit before they write, so they are asked for one at a time. */
const lone: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: tag('noteWithdrawal'),
      agent,
      slot: fc.integer({ min: 1, max: 5 }),
      withdrawn: fc.constantFrom(0n, 0n, 40n, 80n),
      pending: fc.constantFrom(0n, 40n, 90n),
      confirmedSlot: fc.integer({ min: 1, max: 5 }),
      confirmed: fc.constantFrom(null, 0n, 40n, 90n),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: tag('keepVoucher'), agent, cumulative: signed }) },
)

const operations = fc.array(operation, { minLength: 1, maxLength: 12 })

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ step: fc.constant('operations' as const), operations }) },
    {
      weight: 6,
      arbitrary: fc.record({
        step: fc.constant('operations' as const),
        operations: fc.tuple(lone),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        step: fc.constant('power cut' as const),
        operations,
        turns: fc.integer({ min: 0, max: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('restart' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        step: fc.constant('time' as const),
        ms: fc.constantFrom(1, LEASE_MS - 1, LEASE_MS, SESSION_MS, KEY_KEPT_MS),
      }),
    },
  ),
  { minLength: 1, maxLength: 20 },
)

function depositOf({ agent, index, amount, path }: Operation & { op: 'credit' }): DepositFact {
  return depositFact(index, { agent, amount: units(amount), instructionPath: path })
}

function requestOf(op: Operation & { op: 'hold' }, now: number): HoldRequest {
  return holdRequest(op.requestId, {
    agent: op.agent,
    amount: units(op.amount),
    at: now,
    leaseUntil: now + LEASE_MS,
    nonce: op.nonce === null ? null : { value: op.nonce, forgetAt: now + NONCE_MS },
    sessionId: op.session,
    recovery: { tokens: NO_TOKENS, charge: units(op.recovery) },
    keyed: op.keyed === null ? null : keyedRequest(op.keyed.key, op.keyed.asked),
    voucher: op.voucher === null ? null : voucherOf(op.voucher, op.agent),
    requireVoucher: needsVoucher(op.agent),
  })
}

/** Asks the real ledger; begins synchronously, so that operations asked for in turn are queued in that order. */
export function perform(ledger: Ledger, op: Operation, now: number): Promise<unknown> {
  switch (op.op) {
    case 'credit':
      return ledger.credit(depositOf(op), now)
    case 'hold':
      return ledger.hold(requestOf(op, now))
    case 'settle': {
      const { answer } = op
      return ledger.settle(settlement(op.requestId, { charge: units(op.charge), answer, at: now }))
    }
    case 'release':
      return ledger.release({ requestId: op.requestId, at: now, reason: 'upstream_error' })
    case 'renew': {
      const recovery = { tokens: NO_TOKENS, charge: units(op.recovery) }
      return ledger.renew([{ requestId: op.requestId, leaseUntil: now + LEASE_MS, recovery }])
    }
    case 'resolveExpired':
      return ledger.resolveExpired(now).then((ids) => ids.toSorted())
    case 'forgetExpired':
      return ledger.forgetExpired(now)
    case 'openSession':
      return openSession(ledger, op, now)
    case 'revokeSession':
      return ledger.revokeSession(op.agent, op.session, now)
    case 'stopVault':
      return ledger.stopVault(depositFact(1, { agent: op.agent }).vault, op.reason)
    case 'noteFrozen':
      return ledger.noteFrozen(depositFact(1, { agent: op.agent }).vault, op.frozen)
    case 'bookSettlement':
    case 'bookWithdrawal':
      return ledger[op.op](payoutFact(op.amount, op.cumulative, { agent: op.agent }), now)
    case 'noteWithdrawal':
      return ledger.noteWithdrawal(readingOf(op), now)
    case 'keepVoucher':
      return ledger.keepVoucher(op.agent, voucherOf(op.cumulative, op.agent), now)
    case 'advance':
      return ledger.advance({ slot: op.slot, signature: null })
  }
}

function openSession(ledger: Ledger, op: Operation & { op: 'openSession' }, now: number) {
  const spendLimit = op.limit === null ? null : units(op.limit)
  const terms = { agent: op.agent, spendLimit, expiresAt: now + SESSION_MS }
  const nonce = { value: op.nonce, forgetAt: now + NONCE_MS }
  const voucher = op.voucher === null ? null : voucherOf(op.voucher, op.agent)
  return ledger.openSession(sessionOpening(op.session, terms, { nonce, voucher }), now)
}

function readingOf(op: Operation & { op: 'noteWithdrawal' }): WithdrawalReading {
  return withdrawalReading({
    vault: depositFact(1, { agent: op.agent }).vault,
    slot: op.slot,
    withdrawn: units(op.withdrawn),
    pending: units(op.pending),
    withdrawableAt: 77,
    confirmedSlot: op.confirmedSlot,
    confirmedPending: op.confirmed === null ? null : units(op.confirmed),
    confirmedWithdrawableAt: 77,
    withdrawalDelaySeconds: DELAY_SECONDS,
  })
}

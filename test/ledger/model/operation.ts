/** Random operations on a ledger: from small sets of names, so that they meet. */
import fc from 'fast-check'
import type { DepositFact } from '../../../src/ledger/chain-ledger.ts'
import type { HoldRequest, Ledger } from '../../../src/ledger/ledger.ts'
import { NO_TOKENS, units } from '../../../src/money.ts'
import { depositFact, holdRequest, LEASE_MS, sessionOpening, settlement } from '../facts.ts'

export const AGENTS = ['Alice', 'Bob'] as const
export const SESSIONS = ['s1', 's2', 's3'] as const
const REQUESTS = ['r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8'] as const
export const NONCES = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'] as const
/** How long a nonce and a session last here, so that both outlive some steps and not others. */
export const NONCE_MS = 60_000
export const SESSION_MS = 40_000

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
    }
  | { readonly op: 'settle'; readonly requestId: string; readonly charge: bigint }
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
    }
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
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: tag('settle'), requestId, charge: amount }) },
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

const operations = fc.array(operation, { minLength: 1, maxLength: 12 })

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ step: fc.constant('operations' as const), operations }) },
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
        ms: fc.constantFrom(1, LEASE_MS - 1, LEASE_MS, SESSION_MS),
      }),
    },
  ),
  { minLength: 1, maxLength: 14 },
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
  })
}

/** Asks the real ledger; begins synchronously, so that operations asked for in turn are queued in that order. */
export function perform(ledger: Ledger, op: Operation, now: number): Promise<unknown> {
  switch (op.op) {
    case 'credit':
      return ledger.credit(depositOf(op), now)
    case 'hold':
      return ledger.hold(requestOf(op, now))
    case 'settle':
      return ledger.settle(settlement(op.requestId, { charge: units(op.charge), at: now }))
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
    case 'advance':
      return ledger.advance({ slot: op.slot, signature: null })
  }
}

function openSession(ledger: Ledger, op: Operation & { op: 'openSession' }, now: number) {
  const spendLimit = op.limit === null ? null : units(op.limit)
  const terms = { agent: op.agent, spendLimit, expiresAt: now + SESSION_MS }
  const nonce = { value: op.nonce, forgetAt: now + NONCE_MS }
  return ledger.openSession(sessionOpening(op.session, terms, { nonce }), now)
}

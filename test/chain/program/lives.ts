/** Lives for the model: what people do in a row, whoever they are, and what they try in between. */
import fc from 'fast-check'
import type { Actor, Step, Who } from './model.ts'

export const MONTH_SECONDS = 2_592_000n
const SCENES_MAX = 10

const who = fc.constantFrom<Who>('alice', 'bob')
const amount = fc.oneof(fc.bigInt({ min: 1n, max: 500n }), fc.constantFrom(0n, 1n, 1_001n))
const asked = fc.oneof(amount, fc.constant('all' as const))
const settled = fc.oneof(fc.bigInt({ min: 0n, max: 400n }), fc.constant('signed' as const))
const anyone = fc.constantFrom<Actor>('alice', 'bob', 'operator', 'other operator')
const kind = <const K extends Step['kind']>(name: K) => fc.constant(name)

const signing = (of: fc.Arbitrary<Who>) =>
  fc.record({
    kind: kind('sign'),
    who: of,
    cumulative: fc.oneof(fc.bigInt({ min: 0n, max: 500n }), fc.constant(2_000n)),
    expiry: fc.constantFrom('never', 'never', 'ahead', 'past'),
  })

/** One thing that somebody tries, with whatever key it has: mostly refused. */
const attempt: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('deposit', 'transfer'), who, amount }),
  fc.record({ kind: kind('sync'), who }),
  signing(who),
  fc.record({
    kind: kind('settle'),
    who,
    by: anyone,
    voucherOf: who,
    place: fc.nat({ max: 2 }),
    amount: settled,
    to: fc.constantFrom('treasury', 'stranger'),
  }),
  fc.record({ kind: kind('request'), who, by: anyone, amount: asked }),
  fc.record({ kind: fc.constantFrom('cancel', 'close'), who, by: anyone }),
  fc.record({ kind: kind('withdraw'), who, by: anyone, to: who }),
  fc.record({ kind: kind('reopen'), who, delaySeconds: fc.constantFrom(0n, 1n, MONTH_SECONDS) }),
)

/** What an honest pair does in a row. */
const scene: fc.Arbitrary<readonly Step[]> = who.chain((of) => {
  const me = fc.constant(of)
  const ownSettlement = {
    kind: kind('settle'),
    who: me,
    voucherOf: me,
    to: fc.constant('treasury' as const),
  }
  const byOperator = fc.constant('operator' as const)
  const settle = fc.record({
    ...ownSettlement,
    by: byOperator,
    place: fc.nat({ max: 1 }),
    amount: settled,
  })
  const request = fc.record({ kind: kind('request'), who: me, by: me, amount: asked })
  const wait = fc.record({ kind: kind('wait'), who: me })
  const withdraw = fc.record({ kind: kind('withdraw'), who: me, by: me, to: me })
  const close = fc.record({ kind: kind('close'), who: me, by: me })
  const cancel = fc.record({ kind: kind('cancel'), who: me, by: me })
  const deposit = fc.record({ kind: fc.constantFrom('deposit', 'transfer'), who: me, amount })
  const sync = fc.record({ kind: kind('sync'), who: me })
  return fc.oneof(
    fc.tuple(deposit, sync),
    fc.tuple(deposit, signing(me), settle),
    fc.tuple(signing(me), settle, settle),
    fc.tuple(request, settle, wait, withdraw),
    fc.tuple(request, withdraw, cancel),
    fc.tuple(request, cancel),
    fc.tuple(request, wait, withdraw, close),
  )
})

const FUNDED: readonly Step[] = [
  { kind: 'deposit', who: 'alice', amount: 700n },
  { kind: 'deposit', who: 'bob', amount: 700n },
]

/** Both vaults funded, then scenes with attempts in between. */
export const lives: fc.Arbitrary<readonly Step[]> = fc
  .array(fc.tuple(scene, fc.array(attempt, { maxLength: 1 })), {
    minLength: SCENES_MAX / 2,
    maxLength: SCENES_MAX,
  })
  .map((parts) => [...FUNDED, ...parts.flatMap(([row, tries]) => [...row, ...tries])])

const settling = (who: Who, amount: bigint): Extract<Step, { kind: 'settle' }> => ({
  kind: 'settle',
  who,
  by: 'operator',
  voucherOf: who,
  place: 0,
  amount,
  to: 'treasury',
})

/** The whole way once, under a delay of a second: everything in it is taken. */
export const WHOLE_LIFE: readonly Step[] = [
  { kind: 'deposit', who: 'alice', amount: 600n },
  { kind: 'transfer', who: 'alice', amount: 150n },
  { kind: 'sync', who: 'alice' },
  { kind: 'sign', who: 'alice', cumulative: 700n, expiry: 'ahead' },
  { kind: 'request', who: 'alice', by: 'alice', amount: 'all' },
  settling('alice', 500n),
  { kind: 'cancel', who: 'alice', by: 'alice' },
  { kind: 'request', who: 'alice', by: 'alice', amount: 'all' },
  { kind: 'wait', who: 'alice' },
  { kind: 'withdraw', who: 'alice', by: 'alice', to: 'alice' },
  { kind: 'close', who: 'alice', by: 'alice' },
  { kind: 'reopen', who: 'alice', delaySeconds: 1n },
  { kind: 'deposit', who: 'alice', amount: 100n },
  settling('alice', 100n),
]

/** What is taken before, and what everybody tries then, under a delay of a month: nothing of it is taken. */
export const HONEST_START: readonly Step[] = [
  ...FUNDED,
  { kind: 'sign', who: 'bob', cumulative: 300n, expiry: 'never' },
  settling('bob', 200n),
  { kind: 'request', who: 'bob', by: 'bob', amount: 100n },
]
export const HOSTILE_REST: readonly Step[] = [
  settling('bob', 101n),
  settling('bob', 0n),
  { ...settling('bob', 100n), by: 'other operator' },
  { ...settling('bob', 100n), to: 'stranger' },
  { ...settling('alice', 100n), voucherOf: 'bob' },
  { kind: 'request', who: 'bob', by: 'bob', amount: 1n },
  { kind: 'withdraw', who: 'bob', by: 'bob', to: 'bob' },
  { kind: 'withdraw', who: 'bob', by: 'operator', to: 'bob' },
  { kind: 'withdraw', who: 'bob', by: 'bob', to: 'alice' },
  { kind: 'cancel', who: 'bob', by: 'alice' },
  { kind: 'request', who: 'alice', by: 'alice', amount: 701n },
  { kind: 'close', who: 'alice', by: 'alice' },
  { kind: 'reopen', who: 'alice', delaySeconds: 0n },
]

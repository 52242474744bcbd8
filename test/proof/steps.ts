/** What can happen to an honest gateway, drawn at random. */
import fc from 'fast-check'
import { HonestGateway } from './honest-gateway.ts'

const count = fc.oneof(fc.nat(50), fc.nat(5_000))
const call = fc.record({
  kind: fc.constant('call' as const),
  model: fc.constantFrom('small' as const, 'large' as const),
  tokens: fc.record({
    input: count,
    cached_input: count,
    cache_write: count,
    cache_write_1h: count,
    output: count,
  }),
  asking: fc.constantFrom(
    'signature' as const,
    'price-bound signature' as const,
    'message signature' as const,
    'session' as const,
  ),
  capped: fc.oneof(fc.constant(0n), fc.bigInt(1n, 1_000n)),
})
const amount = fc.bigInt(1n, 3n).map((times) => times * 1_000_000n)
const share = fc.integer({ min: 1, max: 100 })

const step = fc.oneof(
  { weight: 8, arbitrary: call },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('deposit' as const), amount }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('credit' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), share }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('settle' as const), share }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('correct' as const), share }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rotate' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reprice' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('session' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), share }) },
)
export type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

export const steps = fc.array(step, { minLength: 1, maxLength: 30 })

function part(amount: bigint, percent: number): bigint {
  return (amount * BigInt(percent)) / 100n
}

function take(gateway: HonestGateway, taken: Step): void {
  switch (taken.kind) {
    case 'call':
      if (gateway.free > 200_000n) gateway.call(taken)
      return
    case 'deposit':
      gateway.deposit(taken.amount)
      return
    case 'credit':
      gateway.credit()
      return
    case 'withdraw': {
      const amount = part(gateway.free, taken.share)
      if (amount > 0n) gateway.withdraw(amount)
      return
    }
    case 'settle': {
      const amount = part(gateway.unsettled, taken.share)
      if (amount > 0n) gateway.settle(amount)
      return
    }
    case 'correct': {
      const seq = Math.ceil((gateway.receipts.length * taken.share) / 100)
      const target = gateway.receipts[seq - 1]?.receipt
      const isCorrected = gateway.receipts.some(({ receipt }) => receipt['corrects'] === seq)
      if (target !== undefined && !('corrects' in target) && !isCorrected) gateway.correct(seq)
      return
    }
    case 'rotate':
      gateway.rotate()
      return
    case 'reprice':
      gateway.reprice()
      return
    case 'session':
      gateway.openSession(null)
      return
    case 'pass':
      gateway.pass(taken.share * 300)
      return
  }
}

/** The gateway after these steps, all deposits credited. */
export function run(taken: readonly Step[]): HonestGateway {
  const gateway = new HonestGateway()
  gateway.deposit(5_000_000n)
  gateway.credit()
  for (const one of taken) take(gateway, one)
  gateway.credit()
  return gateway
}

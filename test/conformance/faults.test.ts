// Each check finds the defect that it is there for, in a little gateway that has it, and finds nothing in one without.
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { toSigner } from '../../src/agent/key.ts'
import { newSecretKey } from '../../src/cli/keygen.ts'
import type { PropertyId } from '../../src/conformance/check.ts'
import { CHECKS } from '../../src/conformance/checks/registry.ts'
import { startPlayedProvider } from '../../src/conformance/played-provider.ts'
import type { PropertyReport } from '../../src/conformance/report.ts'
import { runChecks } from '../../src/conformance/run.ts'
import type { Target } from '../../src/conformance/target.ts'
import { openLevel5 } from '../../src/conformance/targets/level5.ts'
import type { Fault } from './little/faults.ts'
import { startLittleGateway } from './little/little-gateway.ts'
import { MODEL } from './little/little-prices.ts'

/** Each millisecond of waiting counts for so many. */
const HASTE = 25
const DEPOSIT = 1_000_000n
const DEPOSIT_SIGNATURE = '2'.repeat(88)
/** The properties of money and identity that a little gateway keeps. */
const KEPT: readonly PropertyId[] = [
  'L1',
  'L2',
  'L3',
  'L4',
  'M7',
  'A1',
  'A2',
  'A3',
  'A4',
  'C4',
  'C9',
]

/** Gateway and check share a clock that runs ahead while somebody waits: what would take 20 s is over at once. */
function ownTime() {
  let waited = 0
  return {
    now: () => Date.now() + waited,
    pause: async (ms: number) => {
      waited += ms * HASTE
      await delay(1)
    },
  }
}

async function check(
  only: readonly PropertyId[],
  faults: readonly Fault[],
): Promise<ReadonlyMap<PropertyId, PropertyReport>> {
  const time = ownTime()
  const fresh = () => randomBytes(16).toString('hex')
  const provider = await startPlayedProvider({ port: 0, runId: 'faults', now: Date.now })
  const gateway = await startLittleGateway({ providerUrl: provider.url, faults, now: time.now })
  const { url } = gateway
  const signer = toSigner(newSecretKey())
  gateway.books.deposit(gateway.books.account(signer.publicKey), DEPOSIT, DEPOSIT_SIGNATURE)
  const opened = await openLevel5({
    url,
    origin: url,
    credential: { kind: 'keypair', signer },
    models: new Map(),
    now: time.now,
    freshNonce: fresh,
    answerMsMax: 20_000,
  })
  const target: Target = { ...opened, models: new Map([['openai-chat', MODEL]]) }
  onTestFinished(async () => {
    target.close()
    await gateway.close()
    await provider.close()
  })
  const { properties } = await runChecks({
    target,
    provider,
    depth: 'sample',
    fresh,
    ...time,
    checks: CHECKS,
    only: new Set(only),
    seed: 1,
    progress: () => {},
  })
  return new Map(properties.map((property) => [property.id, property]))
}

test('a little gateway without a fault: everything held that it keeps', async () => {
  const found = await check(KEPT, [])
  const broken = [...found.values()].filter(({ result }) => result === 'broken')
  expect(broken).toEqual([])
  const held = [...found.values()].filter(({ result }) => result === 'held')
  expect(held.map(({ id }) => id)).toEqual(KEPT)
})

const CRIMES: readonly [fault: Fault, property: PropertyId, evidence: RegExp][] = [
  ['shows a balance that drifts', 'L1', /= \d+, deposited = 1000000/],
  ['loses debits of the journal', 'L1', /Σ DEBIT of the journal = 0, but spent = \d+/],
  ['admits everything', 'L2', /calls reached the provider, at most 3 may/],
  ['holds when the provider has answered', 'L3', /held was 0, before it 0/],
  ['charges above the hold', 'L3', /\d+ units were charged, \d+ were held/],
  ['settles twice', 'L4', /2 debits of \d+ units came of one call/],
  ['keeps the hold when the client leaves', 'L4', /the hold did not end within 20000 ms/],
  ['charges failures', 'L4', /1 debits of \d+ units came of one call, 0 may/],
  ['falls back without holding', 'L7', /asked little-model-dear, which holds \d+, with \d+ held/],
  ['serves what has no price', 'M7', /it was not refused, the provider was asked 1 times/],
  ['charges a unit more', 'M7', /the tokens cost \d+ units, \d+ were charged/],
  ['believes the key', 'A1', /and not with a 401/],
  ['does not bind the price list', 'A1', /x-price-version/],
  ['takes the host for the origin', 'A1', /host: other\.example/],
  ['verifies laxly', 'A1', /and not with a 401/],
  ['forgets nonces', 'A2', /and not with a 401/],
  ['forgets nonces of refusals', 'A2', /a refused request, again/],
  ['revokes later', 'A3', /a revoked token/],
  ['ignores session limits', 'A3', /units were charged/],
  ['ignores session limits', 'L2', /calls reached the provider, at most 3 may/],
  ['ignores session models', 'A3', /no-such-model/],
  ['never expires sessions', 'A3', /its token still opens GET/],
  ['lists tokens', 'A3', /shows the token of ses_\d+ again/],
  ['ignores idempotency keys', 'A4', /the provider was asked 2 times, 2 debits came of it/],
  ['remembers failures', 'A4', /the retry did not reach the provider/],
  ['takes a key for any body', 'A4', /another body was answered 200/],
  ['credits hints', 'C4', /its deposits were 1 of 1000000 units, then 11 of/],
  ['takes any voucher', 'C9', /and not refused: POST \/v1\/vouchers/],
  ['has a faucet', 'S4', /POST \/dev\/fund .*answered 400 .*and not with a 404/],
]

describe('a gateway that', () => {
  test.each(CRIMES)('%s breaks %s', async (fault, property, evidence) => {
    const found = (await check([property], [fault])).get(property)
    expect(found).toMatchObject({ result: 'broken', evidence: expect.stringMatching(evidence) })
  })
})

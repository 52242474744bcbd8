// What the checks of metering find in a gateway that meters wrongly, and that they find nothing in one that does not.
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { Check } from '../../src/conformance/check.ts'
import { tokenClasses } from '../../src/conformance/checks/m2-token-classes.ts'
import { oddUsage } from '../../src/conformance/checks/m3-odd-usage.ts'
import { worstCase } from '../../src/conformance/checks/m5-worst-case.ts'
import type { CallFormat } from '../../src/conformance/play.ts'
import { startPlayedProvider } from '../../src/conformance/played-provider.ts'
import { runChecks } from '../../src/conformance/run.ts'
import { type MeterFault, meteredTarget } from './metered.ts'

const FORMATS: readonly CallFormat[] = ['openai-chat', 'openai-responses', 'anthropic-messages']

async function found(check: Check, fault: MeterFault | null) {
  const provider = await startPlayedProvider({ port: 0, runId: 'meters', now: Date.now })
  onTestFinished(() => provider.close())
  const { properties } = await runChecks({
    target: meteredTarget(provider.url, FORMATS, fault),
    provider,
    depth: 'whole',
    fresh: () => 'unused',
    now: Date.now,
    pause: async (ms) => void (await delay(ms)),
    checks: [check],
    only: null,
    seed: 1,
    progress: () => {},
  })
  return properties.find(({ id }) => id === check.property)
}

test.each<[string, Check]>([
  ['M2', tokenClasses],
  ['M3', oddUsage],
  ['M5', worstCase],
])('%s: a gateway that meters as it should holds', async (_id, check) => {
  const report = await found(check, null)
  expect(report?.evidence).toBeUndefined()
  expect(report?.result).toBe('held')
})

test.each<[MeterFault, Check, RegExp]>([
  ['charges cached tokens twice', tokenClasses, /charged \d+ units, by the price list it is \d+/],
  ['adds reasoning tokens', tokenClasses, /charged \d+ units, by the price list it is \d+/],
  ['adds the deltas up', tokenClasses, /charged \d+ units, by the price list it is \d+/],
  ['charges nothing without usage', oddUsage, /charged 0 units/],
  ['believes any count', oddUsage, /charged \d+ units, held 1000000/],
  ['forwards what has no bound', worstCase, /forwarded, and 200/],
  ['forwards without a cap', worstCase, /forwarded without one/],
])('a gateway that %s is found', async (fault, check, evidence) => {
  const report = await found(check, fault)
  expect(report).toMatchObject({ result: 'broken', evidence: expect.stringMatching(evidence) })
})

// What the checks of any proxy find in one that has a fault, and that they find nothing in one that has none.
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { Check, PropertyId } from '../../src/conformance/check.ts'
import { splits } from '../../src/conformance/checks/m1-splits.ts'
import { leaving } from '../../src/conformance/checks/m4-leaving.ts'
import { oneLetter } from '../../src/conformance/checks/m6-one-letter.ts'
import { providerFaults } from '../../src/conformance/checks/m8-provider-faults.ts'
import { slowReaders } from '../../src/conformance/checks/s1-slow-readers.ts'
import { hostileBodies } from '../../src/conformance/checks/s3-hostile-bodies.ts'
import { hostileRequests } from '../../src/conformance/checks/s3-hostile-requests.ts'
import type { CallFormat } from '../../src/conformance/play.ts'
import { startPlayedProvider } from '../../src/conformance/played-provider.ts'
import type { PropertyReport } from '../../src/conformance/report.ts'
import { runChecks } from '../../src/conformance/run.ts'
import { openApiKey } from '../../src/conformance/targets/api-key.ts'
import { type ProxyFault, startProxy } from './proxy/proxy.ts'

const ALL: readonly CallFormat[] = ['openai-chat', 'openai-responses', 'anthropic-messages']

async function found(
  check: Check,
  fault: ProxyFault | null,
  formats: readonly CallFormat[],
): Promise<PropertyReport> {
  const provider = await startPlayedProvider({ port: 0, runId: 'proxies', now: Date.now })
  const proxy = await startProxy(provider.url, fault)
  const models = new Map(formats.map((format) => [format, 'played-model']))
  const target = openApiKey({
    url: proxy.url,
    key: 'sk-conformance',
    headers: {},
    models,
    answerMsMax: 20_000,
  })
  onTestFinished(async () => {
    target.close()
    await proxy.close()
    await provider.close()
  })
  const { properties } = await runChecks({
    target,
    provider,
    depth: 'sample',
    fresh: () => 'unused',
    now: Date.now,
    pause: async (ms) => void (await delay(ms)),
    checks: [check],
    only: null,
    seed: 1,
    progress: () => {},
  })
  const report = properties.find(({ id }) => id === check.property)
  if (report === undefined) throw new Error('no report')
  return report
}

test.each<[PropertyId, Check, readonly CallFormat[]]>([
  ['M1', splits, ALL],
  ['M4', leaving, ALL],
  ['S1', slowReaders, ['openai-chat']],
  ['S3', hostileBodies, ['openai-chat']],
  ['S3', hostileRequests, ['openai-chat']],
])('%s: a proxy without a fault holds', async (_id, check, formats) => {
  const report = await found(check, null, formats)
  expect(report.evidence).toBeUndefined()
  expect(report.result).toBe('held')
})

test.each<[ProxyFault, Check, RegExp]>([
  ['decodes each piece by itself', splits, /the provider sent the text|the client read/],
  ['passes on the first event of a piece alone', splits, /the client got/],
  ['keeps the provider when the client leaves', leaving, /still kept the one to the provider/],
  ['reads ahead of the client', slowReaders, /took \d+ MB from the provider/],
  ['asks again after output began', providerFaults, /asked 2 times though the client had output/],
  ['asks for ever', providerFaults, /asked 12 times/],
  ['ends a cut stream as if it were whole', providerFaults, /ended as a whole answer/],
  ['swallows error events', providerFaults, /without the error that the provider sent/],
  ['answers 500 to what is no JSON', hostileBodies, /half a document: answered 500/],
  ['dies of deep arrays', hostileBodies, /no answer|does not answer any more/],
  ['answers any method', hostileRequests, /GET \/v1\/chat\/completions: answered 200/],
  ['counts letters on its event loop', oneLetter, /a plain call beside it took \d+ ms/],
])('a proxy that %s is found', async (fault, check, evidence) => {
  const report = await found(check, fault, ['openai-chat'])
  expect(report).toMatchObject({ result: 'broken', evidence: expect.stringMatching(evidence) })
})

// The agent's own reckoning against what a gateway holds: never below it, and the same where text is all there is.
import { describe, expect, test } from 'vitest'
import { callBound, isBilled } from '../../../src/agent/vouchers/call-bound.ts'
import type { Format } from '../../../src/formats/format.ts'
import { FORMATS } from '../../../src/formats/registry.ts'
import { units } from '../../../src/money.ts'
import { buildCatalogue } from '../../../src/prices/catalogue.ts'
import { MODEL_PRICES } from '../../../src/prices/data/model-prices.ts'
import { MODEL_LIMITS } from '../../../src/prices/limits.ts'
import { makePriceList } from '../../../src/prices/make-list.ts'
import { chooseCap, refuseUnbounded, worstCase } from '../../../src/prices/worst-case.ts'

const NOW = Date.parse('2026-11-21T12:00:00.000Z')
const providers = ['openai', 'anthropic']
const source = { models: MODEL_PRICES, limits: MODEL_LIMITS, providers, markupPercent: 0 }
const LIST = makePriceList(buildCatalogue(source, NOW).served, NOW)
const RICH = units(10n ** 15n)
const PNG = 'iVBORw0KGgo='

type Body = Readonly<Record<string, unknown>>

/** What a gateway would hold, or null where it refuses the call. */
function held(format: Format, body: Body): bigint | null {
  const planned = format.plan(Buffer.from(JSON.stringify(body)))
  if (planned.kind === 'refused') return null
  const { input, output, model } = planned.plan
  const terms = LIST.models.get(model)
  if (terms === undefined || refuseUnbounded(terms, input) !== null) return null
  return worstCase(terms, input, output, chooseCap(terms, input, output, RICH))
}

function bound(body: Body): bigint {
  const found = callBound(Buffer.from(JSON.stringify(body)), LIST.wireModels)
  return found.kind === 'bounded' ? found.units : expect.fail(found.reason)
}

const user = (content: unknown) => ({ messages: [{ role: 'user', content }] })
const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }
const claudeImage = {
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data: PNG },
}
const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } }
const cached = { type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } }
const hourly = { ...cached, cache_control: { type: 'ephemeral', ttl: '1h' } }
const pdf = { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }

/** Bodies by format; `plain` ones are text only. */
const BODIES: Record<string, { plain: Body[]; rich: Body[] }> = {
  'openai-chat': {
    plain: [
      user('hi'),
      { ...user('ü'.repeat(5_000)), max_tokens: 7 },
      { ...user('hi'), max_completion_tokens: 90, n: 5 },
      user('long '.repeat(80_000)),
    ],
    rich: [
      { ...user('hi'), tools: [tool] },
      { ...user('hi'), response_format: { type: 'json_object' }, n: 3 },
      user([image, { type: 'text', text: 'what' }]),
      user(Array.from({ length: 12 }, () => image)),
      { ...user('hi'), max_tokens: 5, prediction: { type: 'content', content: 'abc' } },
    ],
  },
  'openai-responses': {
    plain: [{ input: 'hi' }, { input: 'hi', instructions: 'be brief', max_output_tokens: 50 }],
    rich: [{ input: 'hi', tools: [{ type: 'function', name: 'f', parameters: {} }] }],
  },
  'openai-embeddings': { plain: [{ input: ['a', 'b'] }], rich: [] },
  'anthropic-messages': {
    plain: [
      { ...user('hi'), max_tokens: 10 },
      { ...user([cached]), max_tokens: 10 },
      { ...user([hourly]), max_tokens: 10 },
    ],
    rich: [
      { ...user([claudeImage, claudeImage, claudeImage]), max_tokens: 10 },
      { ...user([{ type: 'document', source: pdf }]), max_tokens: 10 },
      { ...user('hi'), max_tokens: 10, tools: [{ name: 'f', input_schema: { type: 'object' } }] },
    ],
  },
}

describe.each(Object.entries(BODIES))('M5: %s', (name, { plain, rich }) => {
  const format = FORMATS.find((one) => one.name === name) ?? expect.fail(name)
  const models = [...LIST.models.values()].filter(({ formats }) => formats.includes(name))

  test('text alone is bounded as the gateway bounds it, for every model', () => {
    let compared = 0
    for (const { id } of models) {
      for (const body of plain.map((one) => ({ model: id, ...one }))) {
        const gateway = held(format, body)
        if (gateway === null) continue
        expect(bound(body), JSON.stringify(body).slice(0, 200)).toBe(gateway)
        compared += 1
      }
    }
    expect(compared).toBeGreaterThanOrEqual(models.length)
  })

  test('whatever else is in it, no gateway holds more, for every model', () => {
    for (const { id } of models) {
      for (const body of rich.map((one) => ({ model: id, ...one }))) {
        const gateway = held(format, body) ?? 0n
        expect(bound(body), JSON.stringify(body).slice(0, 200)).toBeGreaterThanOrEqual(gateway)
      }
    }
  })
})

test('what is no call of a listed model has no bound', () => {
  const unknown = (text: string) => callBound(Buffer.from(text), LIST.wireModels).kind
  for (const text of ['', '[', 'null', '7', '{"model":"no-such"}', '{"model":"toString"}', '{}']) {
    expect(unknown(text), text).toBe('unknown')
  }
})

test('deep bodies are walked to their end', () => {
  const depth = 100_000
  const text = `{"model":"gpt-4o","max_tokens":1,"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
  expect(callBound(Buffer.from(text), LIST.wireModels).kind).toBe('bounded')
})

test('the billed paths, and no other', () => {
  expect(isBilled('POST', '/v1/chat/completions')).toBe(true)
  expect(isBilled('GET', '/v1/chat/completions')).toBe(false)
  expect(isBilled('POST', '/v1/messages/count_tokens')).toBe(false)
})

/** What clients send in each provider's format: the JSON itself, and what the call in it may cost. */
import { isUtf8 } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import type { CallPlan, Format } from '../../src/formats/format.ts'
import { parseObject, readJsonObject, setMember, spliced } from '../../src/formats/json.ts'
import { scanObject } from '../../src/formats/json-scan.ts'
import { FORMATS } from '../../src/formats/registry.ts'
import { parseJson } from '../../src/routes/context.ts'
import { CALL_BODIES } from './call-bodies.ts'
import { type Fuzzer, fed, fuzzer, hold, holdRefusal } from './fuzzer.ts'
import { floods, mutatedBody, mutatedFields } from './wild.ts'

const REFUSALS = ['invalid_json', 'invalid_request', 'unsupported_parameter']
const CAP = 7

const byteFloods = (bytes: number) => floods(bytes).map((text) => Buffer.from(text))

export const FORMAT_FUZZERS: readonly Fuzzer[] = [
  fuzzer({
    name: 'json',
    feeds: [
      'src/formats/json.ts#readJsonObject',
      'src/formats/json.ts#parseObject',
      'src/formats/json-scan.ts#scanObject',
      'src/routes/context.ts#parseJson',
    ],
    input: mutatedBody(...Object.values(CALL_BODIES).flat()),
    feed(body) {
      const text = body.toString('utf8')
      fed(() => parseJson(body))
      const lenient = fed(() => parseObject(text))
      const strict = fed(() => readJsonObject(body))
      if (strict?.kind === 'refused') holdRefusal(strict.refusal, ['invalid_json'])
      if (strict?.kind !== 'read') return
      const { json } = strict
      hold(isUtf8(body) && isDeepStrictEqual(lenient, json.value), 'another reading of one body')
      hold(
        isDeepStrictEqual([...json.members.keys()].sort(), Object.keys(json.value).sort()),
        'members',
      )
      for (const [name, { start, end }] of json.members) {
        const value: unknown = JSON.parse(body.toString('utf8', start, end))
        hold(isDeepStrictEqual(value, json.value[name]), `${name} stands elsewhere`)
      }
      const set = spliced(body, [setMember(json, 'zz', '[1]')])
      const expected = { ...json.value, zz: [1] }
      const written = parseObject(Buffer.from(set).toString('utf8'))
      hold(isDeepStrictEqual({ ...written }, expected), 'a splice that changes something else')
      hold(scanObject(Buffer.from(set), 1e9).kind === 'object', 'a splice that cannot be scanned')
    },
    floods: byteFloods,
  }),
  ...FORMATS.map((format) =>
    fuzzer({
      name: `calls-${format.name}`,
      feeds: ['src/formats/format.ts#Format.plan', 'src/formats/read-call.ts#readCall'],
      input: mutatedBody(...(CALL_BODIES[format.name] ?? [])),
      feed: (body) => feedPlan(format, body),
      floods: byteFloods,
    }),
  ),
  fuzzer({
    name: 'call-headers',
    feeds: ['src/formats/format.ts#Format.forwardHeaders'],
    input: mutatedFields({
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'extended-cache-ttl-2025-04-11, context-1m-2025-08-07',
      'openai-beta': 'assistants=v2',
    }),
    feed(headers) {
      for (const format of FORMATS) {
        const outcome = fed(() => format.forwardHeaders((name) => headers[name]))
        if (outcome?.kind === 'refused') holdRefusal(outcome.refusal, REFUSALS)
        const sent = outcome?.kind === 'forward' ? Object.values(outcome.headers) : []
        // A line end in a header is another header.
        hold(!sent.some((value) => /[\r\n\0]/.test(value)), 'a header that the client wrote freely')
      }
    },
    floods: (bytes) =>
      floods(bytes).map((text): Record<string, string> => ({ 'anthropic-beta': text })),
  }),
]

function feedPlan(format: Format, body: Buffer): void {
  const outcome = fed(() => format.plan(body))
  if (outcome?.kind === 'refused') holdRefusal(outcome.refusal, REFUSALS)
  if (outcome?.kind !== 'planned') return
  const { plan } = outcome
  hold(typeof plan.model === 'string', 'a call of no model')
  holdBounds(plan, body.length)
  const sent = Buffer.from(plan.forward(plan.output.cap ?? CAP))
  const again = readJsonObject(sent)
  hold(again.kind === 'read', 'what is forwarded is not what a strict reader takes')
  if (again.kind === 'read')
    hold(again.json.value['model'] === plan.model, 'another model is asked')
  const replanned = format.plan(sent)
  if (replanned.kind === 'refused') return
  hold(
    replanned.plan.output.choices === plan.output.choices,
    'forwarding changes how much is asked',
  )
}

function holdBounds({ input, output }: CallPlan, bytes: number): void {
  const counts = [input.bytes, input.images, input.documentPages, output.choices, output.extra]
  hold(
    [...counts, output.cap ?? 0].every((count) => Number.isSafeInteger(count) && count >= 0),
    'a bound that is no count',
  )
  hold(input.bytes >= bytes, 'a body that is longer than its bound')
}

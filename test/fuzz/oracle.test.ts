/** M2, M3: what is read of usage is what somebody else reads of it, in every format; where not, it is on purpose. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Format } from '../../src/formats/format.ts'
import { FORMATS } from '../../src/formats/registry.ts'
import { NO_TOKENS, type Tokens, ZERO } from '../../src/money.ts'
import { RECORDED_STREAMS, streamText } from '../formats/recorded-streams.ts'
import { secondOpinion } from './oracle.ts'
import { PROVIDER_ANSWERS } from './provider-answers.ts'

const BILLED = FORMATS.filter(({ billed }) => billed)
const count = fc.nat(2_000_000)
const optional = fc.option(count, { nil: undefined })

/** A total and parts of it that do not exceed it. */
const partsOf = fc.tuple(count, count, count, fc.boolean(), fc.boolean())

function openAi(names: { input: string; details: string; output: string }) {
  return fc
    .tuple(partsOf, count, optional)
    .map(([[rest, cached, written, hasCached, hasWritten], output, reasoning]) => ({
      [names.input]: rest + (hasCached ? cached : 0) + (hasWritten ? written : 0),
      [names.details]: {
        ...(hasCached ? { cached_tokens: cached } : {}),
        ...(hasWritten ? { cache_write_tokens: written } : {}),
      },
      [names.output]: output + (reasoning ?? 0),
      [`${names.output}_details`]: reasoning === undefined ? {} : { reasoning_tokens: reasoning },
    }))
}

/** Honest usage of each format, with any of its classes. */
const USAGE: Readonly<Record<string, fc.Arbitrary<object>>> = {
  'openai-chat': openAi({
    input: 'prompt_tokens',
    details: 'prompt_tokens_details',
    output: 'completion_tokens',
  }),
  'openai-responses': openAi({
    input: 'input_tokens',
    details: 'input_tokens_details',
    output: 'output_tokens',
  }),
  'openai-embeddings': count.map((prompt_tokens) => ({
    prompt_tokens,
    total_tokens: prompt_tokens,
  })),
  'anthropic-messages': fc
    .tuple(count, count, optional, optional, optional)
    .map(([input_tokens, output_tokens, read, minutes, hour]) => ({
      input_tokens,
      output_tokens,
      ...(read === undefined ? {} : { cache_read_input_tokens: read }),
      ...(minutes === undefined && hour === undefined
        ? {}
        : {
            cache_creation_input_tokens: (minutes ?? 0) + (hour ?? 0),
            cache_creation: {
              ephemeral_5m_input_tokens: minutes ?? 0,
              ephemeral_1h_input_tokens: hour ?? 0,
            },
          }),
    })),
}

function ours(format: Format, usage: unknown): Tokens | null {
  return format.readBody(Buffer.from(JSON.stringify({ usage }))).tokens
}

describe.each(BILLED.map((format) => [format.name, format] as const))('%s', (name, format) => {
  test('M2: of generated usage both read the same', () => {
    fc.assert(
      fc.property(USAGE[name] ?? fc.constant({}), (usage) => {
        const theirs = secondOpinion(name, usage)
        // Usage of nothing at all is none: see below.
        fc.pre(Object.values(theirs ?? {}).some((tokens) => tokens > 0))
        expect(ours(format, usage)).toEqual(theirs)
      }),
      { numRuns: 300, seed: 20_261_121 },
    )
  })

  test.each(PROVIDER_ANSWERS[name] ?? [])(
    'M2: of a recorded body both read the same (%#)',
    (body) => {
      const { usage } = body as { usage?: unknown }
      expect(ours(format, usage)).toEqual(secondOpinion(name, usage))
    },
  )
})

/** The usage that a stream has told by its end, put together without any of the gateway's code. */
function toldBy(text: string): unknown {
  let told: Record<string, unknown> | undefined
  // Data of several lines is one document.
  for (const event of text.replaceAll('\ufeff', '').split(/\n\n/)) {
    const data = [...event.matchAll(/^data: ?(.*)$/gm)].map(([, line]) => line).join('\n')
    if (!data.startsWith('{')) continue
    const { usage, response, message } = JSON.parse(data) as Record<string, Record<string, unknown>>
    const found = usage ?? response?.['usage'] ?? message?.['usage']
    const said = Object.entries(Object(found) as object).filter(([, value]) => value !== null)
    if (said.length > 0) told = { ...told, ...Object.fromEntries(said) }
  }
  return told
}

const METERED = RECORDED_STREAMS.filter(({ tokens }) => tokens !== null)

test.each(METERED.map((recorded) => [recorded.file, recorded] as const))(
  'M2, M3: of the stream %s both read the same',
  (file, { format, clientWantsUsage }) => {
    const meter = format.meterStream({ clientWantsUsage, charge: () => ZERO })
    meter.push(Buffer.from(streamText(file)))
    meter.finish()
    expect(meter.reading().tokens).toEqual(secondOpinion(format.name, toldBy(streamText(file))))
  },
)

interface Difference {
  readonly why: string
  readonly format: string
  readonly usage: object
  readonly ours: Partial<Tokens> | null
  readonly theirs: Partial<Tokens> | null
}

const CHAT = { prompt_tokens: 100, completion_tokens: 10 }

/** Where the two differ on purpose: nothing here is charged twice, below zero, or on a provider's slip. */
const DIFFERENCES: readonly Difference[] = [
  {
    why: 'no token at all is no usage: no answer took none, and the published policy charges',
    format: 'openai-embeddings',
    usage: { prompt_tokens: 0, total_tokens: 0 },
    ours: null,
    theirs: {},
  },
  {
    why: 'more cached tokens than tokens: cut to the total, or the rest would be negative',
    format: 'openai-chat',
    usage: { ...CHAT, prompt_tokens_details: { cached_tokens: 500 } },
    ours: { cached_input: 100, output: 10 },
    theirs: { input: -400, cached_input: 500, output: 10 },
  },
  {
    why: 'a negative detail is not said: the counts that are stand',
    format: 'openai-chat',
    usage: { ...CHAT, prompt_tokens_details: { cached_tokens: -5 } },
    ours: { input: 100, output: 10 },
    theirs: null,
  },
  {
    why: 'a fraction of a token is no count: usage is missing, and the published policy charges',
    format: 'openai-chat',
    usage: { ...CHAT, completion_tokens: 10.5 },
    ours: null,
    theirs: { input: 100, output: 10.5 },
  },
  {
    why: 'more than a billion tokens are a slip: usage is missing, and the published policy charges',
    format: 'openai-responses',
    usage: { input_tokens: 1, output_tokens: 1e12 },
    ours: null,
    theirs: { input: 1, output: 1e12 },
  },
  {
    why: 'a split without its total is counted: the cache was written',
    format: 'anthropic-messages',
    usage: {
      input_tokens: 5,
      output_tokens: 6,
      cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
    },
    ours: { input: 5, cache_write: 3, cache_write_1h: 4, output: 6 },
    theirs: { input: 5, cache_write: -4, cache_write_1h: 4, output: 6 },
  },
  {
    why: 'a split beyond its total is cut to it: the total is what the provider bills by',
    format: 'anthropic-messages',
    usage: {
      input_tokens: 5,
      output_tokens: 6,
      cache_creation_input_tokens: 9,
      cache_creation: { ephemeral_1h_input_tokens: 400 },
    },
    ours: { input: 5, cache_write_1h: 9, output: 6 },
    theirs: { input: 5, cache_write: -391, cache_write_1h: 400, output: 6 },
  },
]

test.each(DIFFERENCES.map((difference) => [difference.why, difference] as const))(
  'M2: they differ on purpose: %s',
  (_why, { format: name, usage, ours: expected, theirs }) => {
    const format = BILLED.find((one) => one.name === name)
    if (format === undefined) throw new Error(`no format ${name}`)
    expect(ours(format, usage)).toEqual(expected && { ...NO_TOKENS, ...expected })
    expect(secondOpinion(name, usage)).toEqual(theirs && { ...NO_TOKENS, ...theirs })
  },
)

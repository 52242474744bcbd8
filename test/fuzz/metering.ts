/** What providers answer: whole bodies, streams cut anywhere, usage in any shape. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { anthropicMessages } from '../../src/formats/anthropic-messages.ts'
import type { Format, StreamMeter } from '../../src/formats/format.ts'
import { parseObject } from '../../src/formats/json.ts'
import { openAiChat } from '../../src/formats/openai-chat.ts'
import { openAiResponses } from '../../src/formats/openai-responses.ts'
import { CHAT_USAGE } from '../../src/formats/openai-usage.ts'
import { FORMATS } from '../../src/formats/registry.ts'
import { decodeEvent, EventSplitter } from '../../src/formats/sse.ts'
import { readOpenAiUsage } from '../../src/formats/usage-counts.ts'
import { charge, TOKEN_CLASSES, type TokenPrices, type Tokens, units } from '../../src/money.ts'
import { RECORDED_STREAMS, streamText } from '../formats/recorded-streams.ts'
import { type Fuzzer, fed, fuzzer, hold } from './fuzzer.ts'
import { PROVIDER_ANSWERS } from './provider-answers.ts'
import { floods, mutatedBody, mutatedStream, mutatedValue, place } from './wild.ts'

const PRICES = Object.fromEntries(
  TOKEN_CLASSES.map((name, index) => [name, units(BigInt(index + 1) * 1_000_000n)]),
) as TokenPrices

const byteFloods = (bytes: number) => floods(bytes).map((text) => Buffer.from(text))

function holdTokens(tokens: Tokens | null): void {
  if (tokens === null) return
  // Throws a RangeError for what is no count.
  hold(charge(tokens, PRICES) >= 0n, 'a charge below zero')
}

export const METERING: readonly Fuzzer[] = [
  ...FORMATS.filter(({ billed }) => billed).map((format) =>
    fuzzer({
      name: `answers-${format.name}`,
      feeds: ['src/formats/format.ts#Format.readBody', 'src/formats/format.ts#Format.withCost'],
      input: mutatedBody(...(PROVIDER_ANSWERS[format.name] ?? [])),
      feed: (body) => feedAnswer(format, body),
      floods: byteFloods,
    }),
  ),
  fuzzer({
    name: 'usage',
    feeds: ['src/formats/usage-counts.ts#readOpenAiUsage'],
    input: mutatedValue(
      ...Object.values(PROVIDER_ANSWERS)
        .flat()
        .map((body) => (body as { usage?: unknown }).usage ?? null),
    ),
    feed(usage) {
      const counted = fed(() => readOpenAiUsage(usage, CHAT_USAGE))
      holdTokens(counted?.tokens ?? null)
      holdTokens(counted?.inputTokens ?? null)
    },
  }),
  ...[openAiChat, openAiResponses, anthropicMessages].map((format) =>
    fuzzer({
      name: `streams-${format.name}`,
      feeds: ['src/formats/format.ts#Format.meterStream'],
      input: fc.record({
        bytes: mutatedStream(...recorded(format)),
        cuts: fc.array(place, { maxLength: 8 }),
        clientWantsUsage: fc.boolean(),
      }),
      feed: (stream) => feedStream(format, stream),
      floods: (size) =>
        byteFloods(size / 10).map((bytes) => ({ bytes, cuts: [0.5], clientWantsUsage: false })),
      cost: 2,
    }),
  ),
  fuzzer({
    name: 'events',
    feeds: ['src/formats/sse.ts#decodeEvent', 'src/formats/sse.ts#EventSplitter'],
    input: mutatedStream(...RECORDED_STREAMS.map(({ file }) => streamText(file))),
    feed(bytes) {
      const parts: Buffer[] = []
      const take = (part: Buffer) => void parts.push(Buffer.from(part))
      const splitter = new EventSplitter({ event: take, piece: take }, 4_096)
      fed(() => splitter.push(bytes))
      fed(() => splitter.finish())
      hold(Buffer.concat(parts).equals(bytes), 'bytes are lost or added')
      for (const part of parts) {
        const event = fed(() => decodeEvent(part))
        if (event === undefined || event.data.length === 0) continue
        const first = event.place(0)
        hold(part[first] === event.data[0], 'a byte of the data stands elsewhere')
        hold(event.place(event.data.length) <= part.length, 'the data ends beyond its event')
      }
    },
    floods: (size) => byteFloods(size / 10),
  }),
]

function recorded(format: Format): string[] {
  return RECORDED_STREAMS.filter((stream) => stream.format === format).map(({ file }) =>
    streamText(file),
  )
}

function feedAnswer(format: Format, body: Buffer): void {
  const reading = fed(() => format.readBody(body))
  holdTokens(reading?.tokens ?? null)
  holdTokens(reading?.inputTokens ?? null)
  hold((reading?.outputBytes ?? 0) <= body.length * 2, 'more output than bytes')
  const priced = fed(() => format.withCost(body, units(7n)))
  if (priced === undefined) return
  const [before, after] = [body, priced].map((bytes) => parseObject(Buffer.from(bytes).toString()))
  if (before === null || before === undefined) {
    hold(after === null || after === undefined, 'what was no object is one')
    return
  }
  const usage = Object.hasOwn(before, 'usage') ? before['usage'] : undefined
  const isObject = typeof usage === 'object' && usage !== null && !Array.isArray(usage)
  const isUnchanged = Buffer.from(priced).equals(body)
  hold(isUnchanged || isObject, 'a cost where there is no usage')
  if (isUnchanged) return
  const expected = { ...before, usage: { ...(usage as object), cost: 0.000007 } }
  hold(isDeepStrictEqual({ ...after }, expected), 'more than the cost has changed')
}

interface Streamed {
  readonly bytes: Buffer
  readonly cuts: readonly number[]
  readonly clientWantsUsage: boolean
}

/** M1: however the bytes come, the same goes out and the same is read. */
function feedStream(format: Format, { bytes, cuts, clientWantsUsage }: Streamed): void {
  const places = cuts.map((part) => Math.floor(part * bytes.length)).sort((a, b) => a - b)
  const pieces = [0, ...places].map((from, index) => bytes.subarray(from, places[index]))
  const [whole, split] = [[bytes], pieces].map((given) => metered(format, clientWantsUsage, given))
  if (whole === undefined || split === undefined) return
  hold(whole.out.equals(split.out), 'other bytes go out, cut differently')
  hold(isDeepStrictEqual(whole.reading, split.reading), 'another reading, cut differently')
  holdTokens(whole.reading.tokens)
  holdTokens(whole.reading.inputTokens)
}

function metered(format: Format, clientWantsUsage: boolean, pieces: readonly Buffer[]) {
  const meter: StreamMeter = format.meterStream({
    clientWantsUsage,
    charge: (tokens) => charge(tokens, PRICES),
  })
  const out = pieces.map((piece) => fed(() => Buffer.from(meter.push(piece))) ?? Buffer.alloc(0))
  out.push(Buffer.from(meter.finish()))
  return { out: Buffer.concat(out), reading: meter.reading() }
}

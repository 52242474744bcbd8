import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StreamMeter } from '../../src/formats/format.ts'
import { charge } from '../../src/money.ts'
import { RECORDED_STREAMS, type RecordedStream, streamText } from './recorded-streams.ts'

function meter({ format, prices, clientWantsUsage }: RecordedStream): StreamMeter {
  return format.meterStream({ clientWantsUsage, charge: (tokens) => charge(tokens, prices) })
}

/** What the client gets of the recorded bytes, by the case's own list of changes. */
function deliveredText(recorded: RecordedStream): string {
  let text = streamText(recorded.file)
  for (const [from, to] of recorded.changes) {
    expect(text.split(from), `${from} stands once`).toHaveLength(2)
    text = text.replace(from, () => to)
  }
  return text
}

/** Runs the pieces through a fresh meter and holds bytes and reading against the case. */
function assertRun(recorded: RecordedStream, pieces: readonly Buffer[], delivered: Buffer): void {
  const subject = meter(recorded)
  const out = pieces.map((piece) => Buffer.from(subject.push(piece)))
  out.push(Buffer.from(subject.finish()))
  if (!Buffer.concat(out).equals(delivered)) {
    expect(Buffer.concat(out).toString('utf8')).toBe(delivered.toString('utf8'))
  }
  const { tokens, inputTokens, end, upstreamId, outputBytes } = recorded
  const reading = { inputTokens, tokens, upstreamId, outputBytes, end }
  // Thousands of runs: the matcher is asked only where the texts differ.
  if (JSON.stringify(subject.reading()) !== JSON.stringify(reading)) {
    expect(subject.reading()).toEqual(reading)
  }
}

const LINE_ENDS = [
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
] as const

describe.each(
  RECORDED_STREAMS.map((stream) => [stream.file, stream.clientWantsUsage, stream] as const),
)('%s, client wants usage: %s', (_file, _wants, recorded) => {
  for (const [name, lineEnd] of LINE_ENDS) {
    const input = Buffer.from(streamText(recorded.file).replaceAll('\n', lineEnd))
    const delivered = Buffer.from(deliveredText(recorded).replaceAll('\n', lineEnd))

    test(`M1 M2 M3: whole, ${name}`, () => {
      assertRun(recorded, [input], delivered)
    })

    test(`M1: one byte at a time, ${name}`, () => {
      const bytes = Array.from(input, (_byte, at) => input.subarray(at, at + 1))
      assertRun(recorded, bytes, delivered)
    })

    if (lineEnd === '\r') continue
    test(`M1: cut in two at every byte, ${name}`, () => {
      for (let at = 0; at <= input.length; at++) {
        assertRun(recorded, [input.subarray(0, at), input.subarray(at)], delivered)
      }
    })
  }

  test('M1: cut at random places', () => {
    const input = Buffer.from(streamText(recorded.file))
    const delivered = Buffer.from(deliveredText(recorded))
    fc.assert(
      fc.property(fc.array(fc.nat(input.length), { maxLength: 12 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), input.length]
        const pieces = places.slice(1).map((to, at) => input.subarray(places[at], to))
        assertRun(recorded, pieces, delivered)
      }),
      { numRuns: 30 },
    )
  })

  test('the terminal event is known before the stream closes, where there is one', () => {
    const subject = meter(recorded)
    subject.push(Buffer.from(`${streamText(recorded.file)}\n\n`))
    const silent = ['chat-usage-on-choice.sse']
    expect(subject.ended).toBe(recorded.end !== 'cut' && !silent.includes(recorded.file))
  })
})

test('M1: every recorded stream has a case', () => {
  const files = readdirSync(new URL('./streams', import.meta.url))
  expect(new Set(RECORDED_STREAMS.map((stream) => stream.file))).toEqual(new Set(files))
})

test('M4: what was delivered by any moment is bounded by the bytes counted by then', () => {
  const recorded = RECORDED_STREAMS.find((stream) => stream.file === 'responses-completed.sse')
  if (recorded === undefined) throw new Error('no such stream')
  const subject = meter(recorded)
  let before = 0
  for (const event of streamText(recorded.file).split(/(?<=\n\n)/)) {
    subject.push(Buffer.from(event))
    const { outputBytes } = subject.reading()
    const said = /\.delta","item_id".*"delta":("(?:[^"\\]|\\.)*")/.exec(event)?.[1]
    const generated = said === undefined ? 0 : Buffer.byteLength(String(JSON.parse(said)))
    expect(outputBytes - before).toBeGreaterThanOrEqual(generated)
    before = outputBytes
  }
})

test('M3: an error event that is no JSON ends the stream as failed', () => {
  for (const recorded of RECORDED_STREAMS) {
    const subject = meter(recorded)
    subject.push(Buffer.from('event: error\ndata: upstream connect error\n\n'))
    expect([subject.ended, subject.reading().end]).toEqual([true, 'failed'])
  }
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FORMATS } from '../../src/formats/registry.ts'
import { decodeEvent, EventSplitter } from '../../src/formats/sse.ts'
import { EventMeter, PASS, type StreamObserver } from '../../src/formats/stream-meter.ts'
import { units } from '../../src/money.ts'

interface Seen {
  readonly events: string[]
  readonly pieces: string[]
  readonly all: string
}

/** What a splitter hands out for these chunks, as latin1 text; adjoining pieces are joined. */
function split(chunks: readonly Uint8Array[], eventBytesMax?: number): Seen {
  const events: string[] = []
  const pieces: string[] = []
  let all = ''
  let inPiece = false
  const splitter = new EventSplitter(
    {
      event: (bytes) => {
        events.push(bytes.toString('latin1'))
        all += bytes.toString('latin1')
        inPiece = false
      },
      piece: (bytes) => {
        const text = bytes.toString('latin1')
        if (inPiece) pieces.push(`${pieces.pop()}${text}`)
        else pieces.push(text)
        all += text
        inPiece = true
      },
    },
    eventBytesMax,
  )
  for (const chunk of chunks) splitter.push(Buffer.from(chunk))
  splitter.finish()
  return { events, pieces, all }
}

/** Streams rich in line ends, colons, byte order marks and cut characters. */
const STREAM = fc
  .array(
    fc.constantFrom(
      '\n',
      '\r',
      '\r\n',
      'data:',
      'data: ',
      'event: x',
      ':',
      'é',
      '👋',
      '\ufeff',
      '{}',
      'a',
    ),
    {
      maxLength: 30,
    },
  )
  .map((parts) => Buffer.from(parts.join('')))

test('M1: the same events for every split, and every byte once', () => {
  fc.assert(
    fc.property(STREAM, fc.array(fc.nat(120), { maxLength: 6 }), (stream, cuts) => {
      const whole = split([stream])
      expect(whole.all).toBe(stream.toString('latin1'))
      const places = [
        0,
        ...cuts.filter((cut) => cut < stream.length).toSorted((a, b) => a - b),
        stream.length,
      ]
      const chunks = places.slice(1).map((to, at) => stream.subarray(places[at], to))
      expect(split(chunks)).toEqual(whole)
      expect(split(Array.from(stream, (byte) => Buffer.of(byte)))).toEqual(whole)
    }),
    { numRuns: 1000 },
  )
})

test('M1: line ends change nothing but themselves', () => {
  const text = 'data: a\n\n: note\ndata: b\nevent: e\n\n\ndata: c'
  const lf = split([Buffer.from(text)]).events
  expect(lf).toEqual(['data: a\n\n', ': note\ndata: b\nevent: e\n\n', '\n', 'data: c'])
  for (const end of ['\r\n', '\r']) {
    const other = split([Buffer.from(text.replaceAll('\n', end))]).events
    expect(other.map((event) => event.replaceAll(end, '\n'))).toEqual(lf)
  }
})

test.each([
  ['data: a\n\n', '', 'a'],
  ['data:a\n\n', '', 'a'],
  ['data:  a\n\n', '', ' a'],
  ['data\n\n', '', ''],
  ['data:\n\n', '', ''],
  ['data', '', ''],
  ['\ufeffdata: a\n\n', '', 'a'],
  ['data: a\ndata: b\n\n', '', 'a\nb'],
  ['data: a\r\ndata\r\ndata: b\r\n\r\n', '', 'a\n\nb'],
  ['event: x\rdata: a\r\r', 'x', 'a'],
  [': comment\n\n', '', ''],
  ['datax: a\nda: b\n data: c\n\n', '', ''],
  ['id: 1\nretry: 2\nevent: first\nevent: last\ndata: é', 'last', 'é'],
])('decodes %j', (text, name, data) => {
  const event = decodeEvent(Buffer.from(text))
  expect([event.name, event.data.toString('utf8')]).toEqual([name, data])
})

test('M1: every byte of the data knows its place in the event', () => {
  const bytes = Buffer.from('\ufeffevent: x\r\ndata: ab\r\ndata:cé\r\ndata\r\ndata: d\r\n\r\n')
  const event = decodeEvent(bytes)
  for (let at = 0; at < event.data.length; at++) {
    if (event.data[at] !== 0x0a) expect(bytes[event.place(at)]).toBe(event.data[at])
  }
  expect(event.data.toString('utf8')).toBe('ab\ncé\n\nd')
  expect(bytes.toString('utf8', event.place(event.data.length))).toBe('\r\n\r\n')
})

test('S1: an event beyond the bound passes unread, whatever the split', () => {
  const stream = Buffer.from(`data: short\n\ndata: ${'x'.repeat(50)}\r\n\r\ndata: after\n\n`)
  const whole = split([stream], 20)
  expect(whole.events).toEqual(['data: short\n\n', 'data: after\n\n'])
  expect(whole.pieces).toEqual([`data: ${'x'.repeat(50)}\r\n\r\n`])
  for (let at = 0; at <= stream.length; at++) {
    expect(split([stream.subarray(0, at), stream.subarray(at)], 20)).toEqual(whole)
  }
  expect(
    split(
      Array.from(stream, (byte) => Buffer.of(byte)),
      20,
    ),
  ).toEqual(whole)
})

test('M4: the bytes of an event that was not read count as output', () => {
  const observer: StreamObserver = {
    observe: () => PASS,
    ended: false,
    end: () => 'cut',
    reading: () => ({ tokens: null, inputTokens: null, upstreamId: null, outputBytes: 3 }),
  }
  const meter = new EventMeter(observer, 16)
  const long = `data: ${'x'.repeat(100)}\n\n`
  expect(Buffer.from(meter.push(Buffer.from(`data: a\n\n${long}`))).toString()).toBe(
    `data: a\n\n${long}`,
  )
  expect(meter.reading().outputBytes).toBe(3 + long.length)
})

test('S3: no format throws or loses a byte on arbitrary streams', () => {
  const wild = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((json) => Buffer.from(`data: ${json}\n\n`)),
      fc
        .record(
          {
            type: fc.constantFrom(
              'message_start',
              'message_delta',
              'response.completed',
              'x.delta',
              'error',
            ),
            choices: fc.anything(),
            delta: fc.anything(),
            message: fc.anything(),
            response: fc.anything(),
            item: fc.anything(),
          },
          { requiredKeys: [] },
        )
        .map((event) => Buffer.from(`data: ${JSON.stringify(event, plain)}\n\n`)),
    ),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(wild, (chunks) => {
      for (const format of FORMATS) {
        const meter = format.meterStream({ clientWantsUsage: true, charge: () => units(1n) })
        const out = [...chunks.map((chunk) => meter.push(chunk)), meter.finish()]
        const text = Buffer.concat(out).toString('latin1')
        if (meter.reading().tokens === null) {
          expect(text).toBe(Buffer.concat(chunks).toString('latin1'))
        }
      }
    }),
    { numRuns: 500 },
  )
})

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

/**
 * M1: whatever pieces a stream arrives in, the client gets the same. A gateway that promises the provider's bytes is held
 * to bytes; any other one to what a client reads: texts, usage, failures and the end.
 */
import { isDeepStrictEqual } from 'node:util'
import { broken, type Check, type CheckSite, HELD } from '../check.ts'
import {
  callWith,
  chosen,
  inParallel,
  needsProvider,
  PLAIN_COUNTS,
  providerOf,
  type Served,
  servedStreams,
  shown,
  streamScript,
  working,
} from '../played-calls.ts'
import { type EventSpelling, readEvents, writeEvents } from '../provider/event-stream.ts'
import type { AnswerReading, StreamFormat } from '../provider/wire-format.ts'

/** One, two, three and four bytes a character. */
const PIECES = ['Zürich ☃', ' 𝄞.']
/** Calls at a time. */
const WIDTH = 8
/** Splits of a stream in a sample. */
const SAMPLED = 6

const SPELLINGS: readonly EventSpelling[] = [
  { newline: '\n', lastLineEnds: true },
  { newline: '\r\n', lastLineEnds: true },
  { newline: '\n', lastLineEnds: false },
  { newline: '\r\n', lastLineEnds: false },
]

export const splits: Check = {
  property: 'M1',
  title: 'streams that arrive in other pieces',
  applicable: needsProvider,
  async run(site) {
    for (const format of await working(site, servedStreams(site.target))) {
      for (const spelling of SPELLINGS) await checkSpelling(site, format, spelling)
      await checkSizes(site, format)
    }
  },
}

interface Received {
  readonly status: number
  readonly whole: boolean
  readonly bytes: Buffer
  readonly reading: AnswerReading
}

async function checkSpelling(
  site: CheckSite,
  format: Served<StreamFormat>,
  spelling: EventSpelling,
): Promise<void> {
  const usage = format.wire.usage(PLAIN_COUNTS)
  const stream = writeEvents(format.wire.events({ pieces: PIECES, usage }), spelling)
  const name = `${format.wire.format}, ${describe(spelling)}`
  const unsplit = await receive(site, format, [stream])
  const lost = lostIn(unsplit, PIECES.join(''), spelling.lastLineEnds)
  site.report(`${name}: in one piece`, lost === null ? HELD : broken(lost))
  if (lost !== null) return

  const compare = async (what: string, parts: readonly Uint8Array[]): Promise<void> => {
    const difference = differenceOf(site, unsplit, await receive(site, format, parts))
    site.report(`${name}: ${what}`, difference === null ? HELD : broken(difference))
  }
  const before = await site.target.money?.books()
  await compare('byte by byte', bytewise(stream))
  const places = Array.from({ length: stream.length - 1 }, (_, at) => at + 1)
  const cases = chosen(site, places, SAMPLED)
  await inParallel(cases, WIDTH, (at) =>
    compare(`split before byte ${at} (${around(stream, at)})`, [
      stream.subarray(0, at),
      stream.subarray(at),
    ]),
  )
  if (before !== undefined) {
    await checkCharges(site, `${name}: charges`, format, stream, before.spent, cases.length + 1)
  }
}

/** As many calls as before must have cost that many times what one costs. */
async function checkCharges(
  site: CheckSite,
  name: string,
  format: Served<StreamFormat>,
  stream: Buffer,
  spentBefore: bigint,
  calls: number,
): Promise<void> {
  const spent = async (): Promise<bigint> => (await site.target.money?.books())?.spent ?? 0n
  const split = (await spent()) - spentBefore
  await receive(site, format, [stream])
  const one = (await spent()) - spentBefore - split
  const outcome =
    split === one * BigInt(calls)
      ? HELD
      : broken(`${calls} split streams cost ${split} units, one that is not split ${one}`)
  site.report(name, outcome)
}

/** Events larger than any buffer, and many events in one piece. */
async function checkSizes(site: CheckSite, format: Served<StreamFormat>): Promise<void> {
  const usage = format.wire.usage(PLAIN_COUNTS)
  const long = 'Zürich ☃ 𝄞. '.repeat(20_000)
  const many = Array.from({ length: 500 }, (_, at) => `${at} `)
  for (const [what, pieces] of [
    ['an event of 440 KB', [long]],
    ['500 events in one piece', many],
  ] as const) {
    const stream = writeEvents(format.wire.events({ pieces, usage }))
    const lost = lostIn(await receive(site, format, [stream]), pieces.join(''), true)
    site.report(`${format.wire.format}: ${what}`, lost === null ? HELD : broken(lost))
  }
}

async function receive(
  site: CheckSite,
  format: Served<StreamFormat>,
  parts: readonly Uint8Array[],
): Promise<Received> {
  const play = providerOf(site).play(streamScript(parts))
  const ask = callWith(format, play.marker, { stream: true })
  const { status, whole, bytes: read } = await site.target.send(ask)
  play.end()
  const bytes = Buffer.from(read)
  return { status, whole, bytes, reading: format.wire.readEvents(readEvents(bytes)) }
}

/** What a client did not get of a whole answer; null: it got everything. An unfinished last line may be dropped. */
function lostIn(received: Received, text: string, lastLineEnds: boolean): string | null {
  const { status, whole, reading, bytes } = received
  if (status !== 200 || !whole) {
    return `the client got status ${status}${whole ? '' : ', and the answer was cut'}: ${shown(bytes.toString())}`
  }
  if (reading.text !== text) {
    return `the provider sent the text ${shown(text)}, the client got ${shown(reading.text)}`
  }
  if (lastLineEnds && !reading.ended) {
    return `the event that ends the stream did not come: ${shown(bytes.toString().slice(-160))}`
  }
  return null
}

function differenceOf(site: CheckSite, unsplit: Received, split: Received): string | null {
  if (split.status !== unsplit.status || split.whole !== unsplit.whole) {
    return `status ${split.status}${split.whole ? '' : ', cut'} instead of ${unsplit.status}`
  }
  if (!isDeepStrictEqual(split.reading, unsplit.reading)) {
    return `the client read ${shown(JSON.stringify(split.reading))} instead of ${shown(JSON.stringify(unsplit.reading))}`
  }
  const promisesBytes = site.target.money !== null
  if (promisesBytes && !split.bytes.equals(unsplit.bytes)) {
    const at = split.bytes.findIndex((byte, index) => byte !== unsplit.bytes[index])
    return `the bytes differ from ${at}: ${around(split.bytes, at)} instead of ${around(unsplit.bytes, at)}`
  }
  return null
}

function bytewise(stream: Buffer): Buffer[] {
  return Array.from(stream, (_, at) => stream.subarray(at, at + 1))
}

function around(bytes: Buffer, at: number): string {
  const text = (from: number, to: number): string =>
    JSON.stringify(bytes.subarray(Math.max(0, from), to).toString('latin1')).slice(1, -1)
  return `${text(at - 12, at)}|${text(at, at + 12)}`
}

function describe({ newline, lastLineEnds }: EventSpelling): string {
  return `${newline === '\n' ? 'LF' : 'CRLF'}${lastLineEnds ? '' : ', last line without end'}`
}

/**
 * S1: a reader that does not read slows the provider down; the gateway does not take the answer into its memory meanwhile.
 * What the operating systems buffer on the way is a few megabytes; the answer is much longer than that.
 */
import { broken, type Check, type CheckSite, HELD } from '../check.ts'
import type { Play, Script } from '../play.ts'
import {
  callWith,
  needsProvider,
  providerOf,
  type Served,
  servedStreams,
  working,
} from '../played-calls.ts'
import { writeEvents } from '../provider/event-stream.ts'
import { CONTENT_EVENTS, type StreamFormat } from '../provider/wire-format.ts'
import { openRaw, rawHead } from '../raw-connection.ts'
import { inTime, within } from '../waiting.ts'

const MB = 1_048_576
const PIECE_BYTES = 65_536
const PIECES = 1_024
const TAKEN_MB_MAX = 32
/** A provider that is not relieved of anything for so long is held back. */
const STILL_MS = 2_000
const BEGIN_MS_MAX = 30_000
const FLOW_MS_MAX = 60_000
const RESUME_MS_MAX = 30_000

export const slowReaders: Check = {
  property: 'S1',
  title: 'readers that do not read',
  applicable: needsProvider,
  async run(site) {
    for (const format of await working(site, servedStreams(site.target))) {
      await checkBackpressure(site, format)
    }
  },
}

async function checkBackpressure(site: CheckSite, format: Served<StreamFormat>): Promise<void> {
  const { target } = site
  const { script, bytes } = longAnswer(format.wire)
  const play = providerOf(site).play(script)
  const ask = await target.signed(callWith(format, play.marker, { stream: true }))
  const body = Buffer.from(ask.body ?? '')
  const connection = await openRaw(target.url)
  await connection.write(rawHead(target.url, ask, { 'content-length': String(body.length) }))
  await connection.write(body)
  const name = `${format.wire.format}: an answer of ${Math.round(bytes / MB)} MB that nobody reads`
  const begun = await inTime(BEGIN_MS_MAX, play.begun)
  const taken = await standsStill(site, play)
  if (begun === null || taken === 0) {
    site.skip(`${format.wire.format}: a long answer could not be begun`)
  } else site.report(name, outcomeOf(taken))
  if (taken > 0 && taken < bytes) {
    connection.read()
    const flows = await within(site, RESUME_MS_MAX, async () =>
      play.bytesTaken > taken ? true : null,
    )
    site.report(
      `${format.wire.format}: it goes on when it is read`,
      flows === null
        ? broken(
            `the client read ${connection.bytesRead} bytes, but the provider's answer, held back at ${taken} bytes, did not go on within 30 s`,
          )
        : HELD,
    )
  }
  connection.close()
  play.end()
}

function outcomeOf(taken: number) {
  return taken <= TAKEN_MB_MAX * MB
    ? HELD
    : broken(
        `the client read nothing, and the gateway took ${Math.round(taken / MB)} MB from the provider`,
      )
}

/** The same pieces again and again: the answer costs the provider no memory. */
function longAnswer(wire: StreamFormat): { script: Script; bytes: number } {
  const [first = '', piece = ''] = ['x', 'x'.repeat(PIECE_BYTES)]
  const events = wire.events({ pieces: [first, piece], usage: undefined })
  const at = events.findIndex(({ data }) => data.includes(piece))
  const head = writeEvents(events.slice(0, at))
  const repeated = writeEvents(events.slice(at, at + 1))
  const acts = [head, ...Array.from({ length: PIECES }, () => repeated)].map(
    (bytes) => ({ kind: 'write', bytes }) as const,
  )
  const bytes = head.length + PIECES * repeated.length
  return {
    script: { status: 200, headers: CONTENT_EVENTS, acts: [...acts, { kind: 'stall' }] },
    bytes,
  }
}

/** The bytes that the provider got rid of by the time that it got rid of no more. */
async function standsStill(site: CheckSite, play: Play): Promise<number> {
  const deadline = site.now() + FLOW_MS_MAX
  for (let taken = -1; taken !== play.bytesTaken && site.now() < deadline; ) {
    taken = play.bytesTaken
    await site.pause(STILL_MS)
  }
  return play.bytesTaken
}

/** M4: a client that leaves, at any moment: the provider is let go within a second, and the call is settled once. */

import { chargeOf, hasPrices } from '../charges.ts'
import { broken, type Check, type CheckSite, HELD } from '../check.ts'
import type { Play, Script } from '../play.ts'
import {
  callWith,
  chosen,
  inParallel,
  moneyOf,
  needsProvider,
  PLAIN_COUNTS,
  providerOf,
  type Served,
  servedStreams,
  streamScript,
  working,
} from '../played-calls.ts'
import { writeEvents } from '../provider/event-stream.ts'
import { CONTENT_EVENTS, type StreamFormat } from '../provider/wire-format.ts'
import type { Ask } from '../target.ts'
import { inTime, quietBooks, within } from '../waiting.ts'

const PIECES = ['one ', 'two ', 'three ']
/** Calls at a time. */
const WIDTH = 12
/** Moments of a format in a sample. */
const SAMPLED = 3
const ABORT_MS_MAX = 1_000
/** How long is waited for an abort that is late. */
const PATIENCE_MS = 2_000
/** What was sent last may still be on its way to the client. */
const ARRIVAL_MS = 30
const BEGIN_MS_MAX = 10_000

export const leaving: Check = {
  property: 'M4',
  title: 'clients that leave',
  applicable: needsProvider,
  async run(site) {
    for (const format of await working(site, servedStreams(site.target))) {
      await checkMoments(site, format, chosen(site, momentsOf(format.wire), SAMPLED))
    }
  },
}

/** How far the provider has come when the client leaves. */
interface Moment {
  readonly name: string
  readonly script: Script
  /** Bytes of the body by then. */
  readonly bytes: number
  /** Tokens that were delivered by then: a piece is a token at least. */
  readonly outputTokens: number
}

function momentsOf(wire: StreamFormat): Moment[] {
  const events = wire.events({ pieces: PIECES, usage: wire.usage(PLAIN_COUNTS) })
  const parts = events.map((event) => writeEvents([event]))
  const inside = parts.map((_, sent) => {
    const upTo = events.slice(0, sent)
    return {
      name: `after ${sent} of ${parts.length} events`,
      script: streamScript(parts.slice(0, sent), [{ kind: 'stall' }]),
      bytes: parts.slice(0, sent).reduce((sum, part) => sum + part.length, 0),
      outputTokens: PIECES.filter((piece) => wire.readEvents(upTo).text.includes(piece)).length,
    }
  })
  const silent: Script = { status: 0, headers: CONTENT_EVENTS, acts: [{ kind: 'stall' }] }
  return [{ name: 'before the answer', script: silent, bytes: 0, outputTokens: 0 }, ...inside]
}

/**
 * One after another where the books are watched: what changes in them is this call's. Else several at a time, and those that
 * were late once more by themselves: a gateway is not held to a second while it has much to do.
 */
async function checkMoments(
  site: CheckSite,
  format: Served<StreamFormat>,
  moments: readonly Moment[],
): Promise<void> {
  const report = (moment: Moment, wrong: string | null): void =>
    site.report(`${format.wire.format}: ${moment.name}`, wrong === null ? HELD : broken(wrong))
  const again: Moment[] = []
  const width = site.target.money === null ? WIDTH : 1
  await inParallel(moments, width, async (moment) => {
    const wrong = await wrongWhen(site, format, moment)
    if (wrong !== null && width > 1) again.push(moment)
    else report(moment, wrong)
  })
  for (const moment of again) report(moment, await wrongWhen(site, format, moment))
}

/** What goes wrong when the client leaves at that moment, or null. */
async function wrongWhen(
  site: CheckSite,
  format: Served<StreamFormat>,
  moment: Moment,
): Promise<string | null> {
  const play = providerOf(site).play(moment.script)
  const leave = new AbortController()
  const ask = callWith(format, play.marker, { stream: true, signal: leave.signal })
  const books = site.target.money === null ? null : await booksWatch(site, format, ask)
  const asked = site.target.stream(ask, () => 'go')
  if ((await inTime(BEGIN_MS_MAX, play.begun)) === null) {
    leave.abort()
    await asked
    play.end()
    return 'the call did not reach the provider within 10 s'
  }
  await within(site, BEGIN_MS_MAX, async () => (play.bytesTaken >= moment.bytes ? true : null))
  await site.pause(ARRIVAL_MS)
  const left = site.now()
  leave.abort()
  const wrong = (await letGo(site, play, left)) ?? (await books?.(moment)) ?? null
  await asked
  play.end()
  return wrong
}

async function letGo(site: CheckSite, play: Play, left: number): Promise<string | null> {
  const aborted = await inTime(PATIENCE_MS, play.aborted)
  if (aborted === null) {
    return `${site.now() - left} ms after the client closed its connection the gateway still kept the one to the provider`
  }
  if (aborted - left > ABORT_MS_MAX) {
    return `the provider was let go ${aborted - left} ms after the client closed its connection`
  }
  const attempts = play.requests.length
  return attempts === 1 ? null : `the provider was asked ${attempts} times`
}

type BooksWatch = (moment: Moment) => Promise<string | null>

/** Notes the books before a call; the watch says what is wrong with them after it. */
async function booksWatch(
  site: CheckSite,
  { wire, model }: Served<StreamFormat>,
  ask: Ask,
): Promise<BooksWatch> {
  const money = moneyOf(site)
  const before = await money.books()
  const journal = new Set((await money.journal(20)).map(({ id }) => id))
  const hold = await money.worstCase(String(ask.body))
  const pricing = await money.pricing()
  return async ({ name, outputTokens }) => {
    const after = await quietBooks(site, money, before.held)
    if (after === null) return `${name}: the hold did not end`
    const debits = (await money.journal(20)).filter((row) => {
      return row.type === 'DEBIT' && !journal.has(row.id)
    })
    const [debit] = debits
    if (debit === undefined || debits.length > 1) {
      return `the call has ${debits.length} debits in the journal instead of one`
    }
    if (hold !== null && debit.amount > hold) {
      return `charged ${debit.amount} units, above the worst case of ${hold}`
    }
    const floor = hasPrices(pricing, model)
      ? chargeOf(pricing, model, delivered(wire, outputTokens))
      : 1n
    return debit.amount >= floor
      ? null
      : `charged ${debit.amount} units though ${outputTokens} tokens of output had been delivered: ${floor} at least`
  }
}

/** The least that a call costs of which this much output was delivered. */
function delivered(wire: StreamFormat, outputTokens: number) {
  const { input, cachedInput } = PLAIN_COUNTS
  const read =
    wire.format === 'anthropic-messages' ? { input, cachedInput } : { input: 1, cachedInput: 0 }
  return { ...PLAIN_COUNTS, ...read, output: outputTokens, reasoning: 0 }
}

/** M3: whatever a provider says of usage, or does not say: what was delivered costs something, and never more than was held. */
import { chargeOf } from '../charges.ts'
import { broken, type Check, type CheckSite, HELD } from '../check.ts'
import { answerText } from '../evidence.ts'
import type { Script } from '../play.ts'
import {
  bodyScript,
  callWith,
  inParallel,
  moneyOf,
  needsMoney,
  PLAIN_COUNTS,
  plainCall,
  providerOf,
  type Served,
  served,
  servedStreams,
  streamScript,
  working,
} from '../played-calls.ts'
import { writeEvents } from '../provider/event-stream.ts'
import { ODD_STREAMS, oddUsages } from '../provider/odd-usage.ts'
import { chargedFor } from '../settled.ts'

const PIECES = ['one ', 'two ', 'three ']
const WIDTH = 4

export const oddUsage: Check = {
  property: 'M3',
  title: 'usage that is missing, misplaced or odd',
  applicable: needsMoney,
  async run(site) {
    const formats = await working(site, served(site.target))
    const pricing = await moneyOf(site).pricing()
    await inParallel(formats.flatMap(casesOf), WIDTH, (one) => check(site, pricing, one))
    for (const format of formats) {
      const { status } = await plainCall(site, format)
      const name = `${format.wire.format}: the next call is served`
      site.report(name, status === 200 ? HELD : broken(`status ${status}`))
    }
  },
}

interface Case {
  readonly name: string
  readonly format: Served
  readonly stream: boolean
  readonly script: Script
  /** Whether the charge follows from what the provider stated. */
  readonly isClear: boolean
  /** Whether anything was generated that must not be free. */
  readonly delivers: boolean
}

function casesOf(format: Served): Case[] {
  const { wire } = format
  const usages = oddUsages(wire, PLAIN_COUNTS)
  const stream = servedStreams({ models: new Map([[wire.format, format.model]]) })
  const bodies = usages.map(([name, usage]) => ({
    name: `${wire.format}: ${name}`,
    format,
    stream: false,
    script: bodyScript(wire.body({ text: 'Well.', usage })),
    isClear: false,
    delivers: true,
  }))
  const error = {
    message: 'The server had an error.',
    type: 'server_error',
    param: null,
    code: null,
  }
  const failed = {
    name: `${wire.format}: an error in a 200`,
    format,
    stream: false,
    script: bodyScript({ type: 'error', error }),
    isClear: false,
    delivers: false,
  }
  const streams = stream.flatMap(({ wire }) => [
    ...usages.map(([name, usage]) => ({
      name,
      isClear: false,
      events: wire.events({ pieces: PIECES, usage }),
    })),
    ...(ODD_STREAMS.get(wire)?.(PIECES, PLAIN_COUNTS) ?? []),
  ])
  const streamed = streams.map(({ name, isClear, events }) => ({
    name: `${wire.format}, streamed: ${name}`,
    format,
    stream: true,
    script: streamScript([writeEvents(events)]),
    isClear,
    delivers: true,
  }))
  return [...bodies, failed, ...streamed]
}

async function check(site: CheckSite, pricing: unknown, one: Case): Promise<void> {
  const { format, stream } = one
  const play = providerOf(site).play(one.script)
  const ask = callWith(format, play.marker, { stream })
  const hold = await moneyOf(site).worstCase(String(ask.body))
  const answer = await site.target.send(ask)
  play.end()
  const report = (wrong: string | null): void =>
    site.report(one.name, wrong === null ? HELD : broken(`${wrong}: ${answerText(answer)}`))
  if (answer.status !== 200) {
    return report(answer.status === 502 ? null : `status ${answer.status}`)
  }
  const charged = await chargedFor(site, answer)
  if (charged === null) return report('it was delivered, and no debit is in the journal')
  if (one.delivers && charged <= 0n) return report(`charged ${charged} units`)
  if (hold !== null && charged > hold) return report(`charged ${charged} units, held ${hold}`)
  const due = chargeOf(pricing, format.model, PLAIN_COUNTS)
  return report(
    one.isClear && charged !== due ? `charged ${charged} units, by the stated usage ${due}` : null,
  )
}

/** M2: every token is in one class and is charged once: the charge is worked out anew from the published prices. */

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
  providerOf,
  type Served,
  served,
  servedStreams,
  streamScript,
  working,
} from '../played-calls.ts'
import { anthropicMessages, delta, opening, STOP } from '../provider/anthropic-messages.ts'
import { writeEvents } from '../provider/event-stream.ts'
import type { TokenCounts } from '../provider/wire-format.ts'
import { chargedFor } from '../settled.ts'

const WIDTH = 4
/** The hold must leave room for every class: it bounds tokens by bytes, and the output by the cap. */
const PROMPT = 'x'.repeat(6_000)
const CAP = 1_000

const COUNTS: readonly TokenCounts[] = [
  { input: 500, cachedInput: 0, cacheWrite: 0, cacheWriteHour: 0, output: 300, reasoning: 0 },
  { input: 500, cachedInput: 1_500, cacheWrite: 0, cacheWriteHour: 0, output: 300, reasoning: 200 },
  { input: 101, cachedInput: 1_009, cacheWrite: 499, cacheWriteHour: 0, output: 77, reasoning: 77 },
  { input: 0, cachedInput: 2_003, cacheWrite: 0, cacheWriteHour: 0, output: 1, reasoning: 0 },
  { input: 0, cachedInput: 0, cacheWrite: 1_999, cacheWriteHour: 0, output: 999, reasoning: 500 },
]
/** Only Anthropic keeps writes for an hour. */
const HOUR: TokenCounts = {
  input: 11,
  cachedInput: 1_024,
  cacheWrite: 512,
  cacheWriteHour: 256,
  output: 33,
  reasoning: 0,
}

export const tokenClasses: Check = {
  property: 'M2',
  title: 'charges worked out anew',
  applicable: needsMoney,
  async run(site) {
    const pricing = await moneyOf(site).pricing()
    const formats = await working(site, served(site.target))
    await inParallel(formats.flatMap(casesOf), WIDTH, (one) => check(site, pricing, one))
  },
}

interface Case {
  readonly name: string
  readonly format: Served
  readonly stream: boolean
  readonly script: Script
  readonly counts: TokenCounts
}

function casesOf(format: Served): Case[] {
  const { wire } = format
  const isAnthropic = wire === anthropicMessages
  const isEmbeddings = wire.format === 'openai-embeddings'
  const all = isAnthropic ? [...COUNTS, HOUR] : COUNTS
  const bodies = all.map((stated, at) => {
    const total = stated.input + stated.cachedInput + stated.cacheWrite
    const counts = isEmbeddings ? { ...NONE, input: total } : stated
    const script = bodyScript(wire.body({ text: 'Well.', usage: wire.usage(counts) }))
    return { name: `${wire.format}: counts ${at + 1}`, format, stream: false, script, counts }
  })
  const streams = servedStreamsOf(format).flatMap(({ wire }) =>
    all.map((counts, at) => {
      const events = wire.events({ pieces: ['Well.'], usage: wire.usage(counts) })
      const script = streamScript([writeEvents(events)])
      return {
        name: `${wire.format}, streamed: counts ${at + 1}`,
        format,
        stream: true,
        script,
        counts,
      }
    }),
  )
  return [...bodies, ...streams, ...(isAnthropic ? cumulativeCases(format) : [])]
}

const NONE: TokenCounts = {
  input: 0,
  cachedInput: 0,
  cacheWrite: 0,
  cacheWriteHour: 0,
  output: 0,
  reasoning: 0,
}

function servedStreamsOf({ wire, model }: Served) {
  return servedStreams({ models: new Map([[wire.format, model]]) })
}

/** Later counts replace earlier ones, and null says nothing. */
function cumulativeCases(format: Served): Case[] {
  const { wire } = format
  const full = wire.usage(HOUR)
  const begun = opening(['Well.'], { ...full, output_tokens: 3 })
  const silent = { input_tokens: null, cache_read_input_tokens: null, cache_creation: null }
  const again = { ...full, output_tokens: HOUR.output }
  const deltas: readonly [string, readonly object[]][] = [
    ['three deltas', [{ output_tokens: 5 }, { output_tokens: 20 }, { output_tokens: HOUR.output }]],
    ['inputs that are null in the delta', [{ ...silent, output_tokens: HOUR.output }]],
    [
      'an output that is null in the last delta',
      [{ output_tokens: HOUR.output }, { output_tokens: null }],
    ],
    ['inputs that are said again in the delta', [again]],
  ]
  return deltas.map(([what, usages]) => {
    const events = [...begun, ...usages.map((usage) => delta(usage)), STOP]
    const script = streamScript([writeEvents(events)])
    return { name: `${wire.format}, streamed: ${what}`, format, stream: true, script, counts: HOUR }
  })
}

async function check(site: CheckSite, pricing: unknown, one: Case): Promise<void> {
  const { name, format, stream, script, counts } = one
  const play = providerOf(site).play(script)
  const ask = callWith(format, play.marker, { stream, prompt: PROMPT, cap: CAP })
  const answer = await site.target.send(ask)
  play.end()
  const due = chargeOf(pricing, format.model, counts)
  const charged = answer.status === 200 ? await chargedFor(site, answer) : null
  const stated = answer.header('x-charge')
  const tokens = JSON.stringify(counts)
  const report = (wrong: string | null): void =>
    site.report(name, wrong === null ? HELD : broken(`${wrong}; the provider stated ${tokens}`))
  if (charged === null) return report(`no debit for ${answerText(answer)}`)
  if (charged !== due) return report(`charged ${charged} units, by the price list it is ${due}`)
  if (!stream && stated !== String(due)) return report(`X-Charge says ${stated}, due is ${due}`)
  return report(null)
}

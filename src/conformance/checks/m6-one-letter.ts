/**
 * M6: one letter, 80,000 times, does not stall the calls beside it. A call beside it is held to a second and to ten times
 * the slowest call of a quiet moment in the same run: a slow or busy machine is no stall.
 */
import { broken, type Check, type CheckSite, HELD } from '../check.ts'
import type { Script } from '../play.ts'
import {
  bodyScript,
  callWith,
  needsProvider,
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
import type { StreamFormat } from '../provider/wire-format.ts'

const LETTERS = 'a'.repeat(80_000)
const STALL_MS = 1_000
const TIMES_QUIET = 10
const QUIET_CALLS = 20
/** A stall shows each time: the quickest of these decides. */
const REPEATS = 3

export const oneLetter: Check = {
  property: 'M6',
  title: 'one letter, 80,000 times',
  applicable: needsProvider,
  async run(site) {
    const formats = await working(site, served(site.target))
    const streams = servedStreams(site.target).filter(({ wire }) => {
      return formats.some((format) => format.wire === wire)
    })
    const [beside] = formats
    if (beside === undefined) return
    const quiet = await quietMs(site, beside)
    const heavies = [...formats.map(inThePrompt), ...streams.map(inTheAnswer)]
    for (const heavy of heavies) await checkStall(site, beside, heavy, quiet)
  },
}

/** A call that gives a tokenizer much to do. */
interface Heavy {
  readonly name: string
  readonly format: Served
  readonly stream: boolean
  readonly prompt: string
  readonly script: Script
}

function inThePrompt(format: Served): Heavy {
  const { wire } = format
  const usage = wire.usage(PLAIN_COUNTS)
  const script = bodyScript(wire.body({ text: 'Well.', usage }))
  return { name: `${wire.format}: in the prompt`, format, stream: false, prompt: LETTERS, script }
}

/** Without usage: a gateway that wants to know the tokens has to count them. */
function inTheAnswer(format: Served<StreamFormat>): Heavy {
  const { wire } = format
  const events = wire.events({ pieces: [LETTERS], usage: undefined })
  const script = streamScript([writeEvents(events)])
  const name = `${wire.format}: in an answer without usage`
  return { name, format, stream: true, prompt: 'Say a.', script }
}

async function quietMs(site: CheckSite, beside: Served): Promise<number> {
  let slowest = 0
  for (let call = 0; call < QUIET_CALLS; call += 1) {
    slowest = Math.max(slowest, await msOf(site, () => plainCall(site, beside)))
  }
  return slowest
}

async function checkStall(
  site: CheckSite,
  beside: Served,
  heavy: Heavy,
  quiet: number,
): Promise<void> {
  const bound = Math.max(STALL_MS, TIMES_QUIET * quiet)
  const repeats = site.depth === 'whole' ? REPEATS : 1
  let quickest = Number.POSITIVE_INFINITY
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    quickest = Math.min(quickest, await slowestBeside(site, beside, heavy))
  }
  site.report(
    heavy.name,
    quickest <= bound
      ? HELD
      : broken(
          `a plain call beside it took ${quickest} ms in the best of ${repeats} runs, ${quiet} ms at most in a quiet moment`,
        ),
  )
}

/** The slowest plain call while the heavy one is worked on. */
async function slowestBeside(site: CheckSite, beside: Served, heavy: Heavy): Promise<number> {
  const { format, stream, prompt, script } = heavy
  const play = providerOf(site).play(script)
  let working = true
  const heavyCall = site.target
    .send(callWith(format, play.marker, { stream, prompt }))
    .finally(() => {
      working = false
    })
  let slowest = 0
  while (working) slowest = Math.max(slowest, await msOf(site, () => plainCall(site, beside)))
  await heavyCall
  play.end()
  // What is counted after the answer stalls as well.
  return Math.max(slowest, await msOf(site, () => plainCall(site, beside)))
}

async function msOf({ now }: CheckSite, work: () => Promise<unknown>): Promise<number> {
  const start = now()
  await work()
  return now() - start
}

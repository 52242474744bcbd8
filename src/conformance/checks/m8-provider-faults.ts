/** M8: a provider that fails: finitely many attempts, none once output was passed on, no fake success, no hold left. */
import { broken, type Check, type CheckSite, HELD } from '../check.ts'
import { answerText } from '../evidence.ts'
import { parseJson } from '../json-values.ts'
import type { Act, Play, Script } from '../play.ts'
import {
  bodyScript,
  callWith,
  inParallel,
  needsProvider,
  PLAIN_COUNTS,
  plainCall,
  providerOf,
  type Served,
  served,
  servedStreams,
  streamScript,
  working,
  write,
} from '../played-calls.ts'
import { readEvents, writeEvents } from '../provider/event-stream.ts'
import {
  type AnswerReading,
  CONTENT_EVENTS,
  CONTENT_JSON,
  type StreamFormat,
} from '../provider/wire-format.ts'
import type { Answer } from '../target.ts'
import { quietBooks, within } from '../waiting.ts'

/** More than any policy of retries comes to; what is asked for more often is asked for without end. */
const ATTEMPTS_MAX = 10
const WIDTH = 6
const REST_MS_MAX = 60_000
/** How long is waited for a gateway to give up on a silent provider. Its own time limit may be longer. */
const STALL_MS = 20_000
/** What a gateway has not passed on by then, it collects. */
const HELD_BACK_MS = 5_000
const CUT: Act = { kind: 'cut' }
const STALL: Act = { kind: 'stall' }
const WAIT: Act = { kind: 'wait' }

export const providerFaults: Check = {
  property: 'M8',
  title: 'providers that fail',
  applicable: needsProvider,
  async run(site) {
    const formats = await working(site, served(site.target))
    const streams = servedStreams(site.target).filter(({ wire }) => {
      return formats.some((format) => format.wire === wire)
    })
    const faults = [...formats.flatMap(bodyFaults), ...streams.flatMap(streamFaults)].filter(
      ({ isSilent }) => site.depth === 'whole' || !isSilent,
    )
    const heldBefore = (await site.target.money?.books())?.held ?? 0n
    const spentBefore = (await site.target.money?.books())?.spent
    await inParallel(
      faults.filter(({ isFree }) => isFree),
      WIDTH,
      (fault) => check(site, fault),
    )
    if (spentBefore !== undefined) await nothingCharged(site, spentBefore)
    await inParallel(
      faults.filter(({ isFree }) => !isFree),
      WIDTH,
      (fault) => check(site, fault),
    )
    await holdsEnded(site, heldBefore)
    for (const format of formats) await stillServes(site, format)
  },
}

interface Fault {
  readonly name: string
  readonly format: Served
  readonly stream: boolean
  readonly script: Script
  /** Whether output came before it: once the client has some, it may not be asked for again. */
  readonly afterOutput: boolean
  /** Whether nothing of an answer was there to be charged. */
  readonly isFree: boolean
  readonly read: (answer: Answer) => AnswerReading
  /** Whether the provider itself said, inside its answer, that it failed. */
  readonly isSaid: boolean
  /** Whether a gateway with a long time limit may still be waiting. */
  readonly isSilent: boolean
}

const NOTHING_SPECIAL = { afterOutput: false, isFree: true, isSaid: false, isSilent: false }

function bodyFaults(format: Served): Fault[] {
  const { wire } = format
  const error = {
    message: 'The server had an error.',
    type: 'server_error',
    param: null,
    code: null,
  }
  const failed = (status: number) => bodyScript({ type: 'error', error }, status)
  const whole = Buffer.from(
    JSON.stringify(wire.body({ text: 'Well.', usage: wire.usage(PLAIN_COUNTS) })),
  )
  const headers = { ...CONTENT_JSON, 'content-length': String(whole.length) }
  const half = whole.subarray(0, whole.length >> 1)
  const scripts: readonly [string, Script][] = [
    ['status 500', failed(500)],
    ['status 503', failed(503)],
    ['status 429', failed(429)],
    ['cut before the answer', { status: 0, headers: {}, acts: [] }],
    ['body cut in its middle', { status: 200, headers, acts: [write(half), CUT] }],
  ]
  const read = ({ bytes }: Answer) => wire.readBody(parseJson(Buffer.from(bytes).toString()))
  return scripts.map(([what, script]) => ({
    ...NOTHING_SPECIAL,
    name: `${wire.format}: ${what}`,
    format,
    stream: false,
    script,
    read,
  }))
}

function streamFaults(format: Served<StreamFormat>): Fault[] {
  const { wire } = format
  const events = wire.events({ pieces: ['one ', 'two ', 'three '], usage: undefined })
  const upTo = events.findIndex(({ data }) => data.includes('three '))
  const begun = events.slice(0, upTo).map((event) => writeEvents([event]))
  const read = ({ bytes }: Answer) => wire.readEvents(readEvents(bytes))
  const fault = (what: string, script: Script, special: Partial<Fault>): Fault => ({
    ...NOTHING_SPECIAL,
    name: `${wire.format}, streamed: ${what}`,
    format,
    stream: true,
    script,
    read,
    isFree: false,
    ...special,
  })
  const failure = writeEvents([wire.failure()])
  return [
    fault('cut before the answer', { status: 0, headers: {}, acts: [] }, { isFree: true }),
    fault('cut before the first event', { status: 200, headers: CONTENT_EVENTS, acts: [CUT] }, {}),
    fault('cut after two pieces', streamScript(begun, [WAIT, CUT]), { afterOutput: true }),
    fault('cut inside an event', streamScript(begun, [WAIT, write(failure.subarray(0, 40)), CUT]), {
      afterOutput: true,
    }),
    fault('an error event after two pieces', streamScript(begun, [WAIT, write(failure)]), {
      afterOutput: true,
      isSaid: true,
    }),
    fault('silence after two pieces', streamScript(begun, [STALL]), {
      afterOutput: true,
      isSilent: true,
    }),
  ]
}

async function check(site: CheckSite, fault: Fault): Promise<void> {
  const play = providerOf(site).play(fault.script)
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), fault.isSilent ? STALL_MS : STALL_MS * 3)
  const { answer, passedOn } = await asked(site, fault, play, late.signal)
  clearTimeout(timer)
  const attempts = play.requests.length
  play.end()
  if (late.signal.aborted && fault.isSilent) {
    return site.skip(`${fault.name}: the gateway waits longer than ${STALL_MS / 1_000} s`)
  }
  const wrong = late.signal.aborted
    ? `no end within ${(STALL_MS * 3) / 1_000} s; ${attempts} attempts`
    : wrongIn(fault, answer, attempts, passedOn)
  site.report(fault.name, wrong === null ? HELD : broken(wrong))
}

/** Lets the fault happen once the client has some of the output, or will not have any before the end. */
async function asked(
  site: CheckSite,
  { format, stream }: Fault,
  play: Play,
  signal: AbortSignal,
): Promise<{ answer: Answer; passedOn: boolean }> {
  const chunks: Uint8Array[] = []
  let passedOn = false
  const goOn = (): void => {
    for (let attempt = 0; attempt <= ATTEMPTS_MAX; attempt += 1) play.go()
  }
  const held = setTimeout(goOn, HELD_BACK_MS)
  const answer = await site.target.stream(
    callWith(format, play.marker, { stream, signal }),
    (chunk) => {
      chunks.push(chunk)
      if (!passedOn) goOn()
      passedOn = true
      return 'go'
    },
  )
  clearTimeout(held)
  return { answer: { ...answer, bytes: Buffer.concat(chunks) }, passedOn }
}

/** What the gateway made of the fault that it may not make of it. */
function wrongIn(fault: Fault, answer: Answer, attempts: number, passedOn: boolean): string | null {
  if (attempts > ATTEMPTS_MAX) return `the provider was asked ${attempts} times`
  if (fault.afterOutput && passedOn && attempts !== 1) {
    return `the provider was asked ${attempts} times though the client had output of the first`
  }
  const isError = answer.status < 200 || answer.status >= 300 || !answer.whole
  if (isError) return null
  const reading = fault.read(answer)
  if (reading.failed) return null
  const got = `the client got ${answerText(answer)}, ended as a whole answer`
  if (!fault.stream) return got
  if (reading.ended) return `${got}, with the event that says that it is complete`
  return fault.isSaid ? `${got}, without the error that the provider sent` : null
}

async function nothingCharged(site: CheckSite, spentBefore: bigint): Promise<void> {
  const money = site.target.money
  if (money === null) return
  const { spent } = await money.books()
  site.report(
    'failures before an answer are free',
    spent === spentBefore ? HELD : broken(`spent went from ${spentBefore} to ${spent}`),
  )
}

async function holdsEnded(site: CheckSite, heldBefore: bigint): Promise<void> {
  const money = site.target.money
  if (money === null) return
  const books = await quietBooks(site, money, heldBefore)
  site.report(
    'no hold is left',
    books === null ? broken(`${(await money.books()).held} units are still held`) : HELD,
  )
}

/** A gateway may rest a provider that failed; it may not give it up. */
async function stillServes(site: CheckSite, format: Served): Promise<void> {
  const served = await within(site, REST_MS_MAX, async () => {
    return (await plainCall(site, format)).status === 200 ? true : null
  })
  site.report(
    `${format.wire.format}: calls are served again`,
    served === null ? broken(`a plain call is not answered ${REST_MS_MAX / 1_000} s later`) : HELD,
  )
}

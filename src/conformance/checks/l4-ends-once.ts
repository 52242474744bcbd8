/** L4: however a call ends, its hold ends, and exactly one debit comes of it, or none where nothing was delivered. */
import { broken, type Check, type CheckSite, HELD } from '../check.ts'
import { askText } from '../evidence.ts'
import { failure, plainBody, plainStream } from '../plain-calls.ts'
import type { Act, Script } from '../play.ts'
import {
  callWith,
  moneyOf,
  needsMoney,
  providerOf,
  type Served,
  served,
  streamScript,
} from '../played-calls.ts'
import { writeEvents } from '../provider/event-stream.ts'
import type { StreamFormat } from '../provider/wire-format.ts'
import { HOLD_ENDS_MS, inTime, quietBooks } from '../waiting.ts'

const BEGUN_MS = 10_000
/** Debits that are read after each case: a case makes one. */
const DEBITS_READ = 10
/** What comes late comes within this: longer than any retry, shorter than a crash takes to heal. */
const LATE_MS = 3_000

export const endsOnce: Check = {
  property: 'L4',
  title: 'debits of calls that end in every way',
  applicable: needsMoney,
  async run(site) {
    const spentBefore = (await moneyOf(site).books()).spent
    let charged = 0n
    for (const format of served(site.target)) {
      for (const ending of endings(format)) charged += await checkEnding(site, format, ending)
    }
    await site.pause(LATE_MS)
    const spent = (await moneyOf(site).books()).spent - spentBefore
    const evidence = `the debits of these calls made up ${charged} units when they ended; ${LATE_MS} ms later spent has risen by ${spent}`
    site.report('nothing is charged late', spent === charged ? HELD : broken(evidence))
  },
}

interface Ending {
  readonly name: string
  readonly stream: boolean
  readonly script: Script
  /** When the client closes its connection: never, when the provider was asked, or at the first byte of the answer. */
  readonly leaves: 'never' | 'when asked' | 'at the first byte'
  /** Whether the provider cuts its answer at the moment when the client leaves. */
  readonly cutsThen?: true
  /** Debits that may come of it. */
  readonly debits: readonly number[]
}

const ONE = [1]
const NONE = [0]
/** Nothing had reached the client: a gateway may charge what the provider was asked for, or nothing. */
const AT_MOST_ONE = [0, 1]

function endings({ wire }: Served): Ending[] {
  const body = plainBody(wire)
  const waits = plainBody(wire, { waits: true })
  const { 'content-length': _, ...headers } = body.headers
  const half: Script = { ...body, headers, acts: [...halfOf(body.acts), { kind: 'cut' }] }
  const calm = { stream: false, leaves: 'never' } as const
  return [
    { ...calm, name: 'a body that ends', script: body, debits: ONE },
    { ...calm, name: 'a body that is cut', script: half, debits: AT_MOST_ONE },
    { ...calm, name: 'no answer: cut', script: { status: 0, headers: {}, acts: [] }, debits: NONE },
    ...[400, 401, 429, 500, 503].map((status) => ({
      ...calm,
      name: `status ${status}`,
      script: failure(status),
      debits: NONE,
    })),
    {
      ...calm,
      name: 'the client leaves before the body',
      script: waits,
      leaves: 'when asked',
      debits: AT_MOST_ONE,
    },
    ...('events' in wire ? streamEndings(wire as StreamFormat) : []),
  ]
}

function streamEndings(wire: StreamFormat): Ending[] {
  const whole = plainStream(wire)
  const begun = halfOf(whole.acts)
  const failed = writeEvents([wire.failure()])
  const with_ = (acts: readonly Act[]): Script => ({ ...streamScript([]), acts })
  const cut = { kind: 'cut' } as const
  const wait = { kind: 'wait' } as const
  const stall = { kind: 'stall' } as const
  const calm = { stream: true, leaves: 'never', debits: ONE } as const
  const leaving = { stream: true, leaves: 'at the first byte', debits: ONE } as const
  return [
    { ...calm, name: 'a stream that ends', script: whole },
    { ...calm, name: 'a stream that is cut', script: with_([...begun, cut]) },
    { ...calm, name: 'a stream that is cut after its end', script: with_([...whole.acts, cut]) },
    {
      ...calm,
      name: 'a stream with an error inside',
      script: with_([...begun, { kind: 'write', bytes: failed }]),
    },
    { ...leaving, name: 'the client leaves a stream', script: with_([...begun, stall]) },
    {
      ...leaving,
      name: 'the client leaves and the provider cuts',
      script: with_([...begun, wait, cut]),
      cutsThen: true,
    },
    {
      ...leaving,
      name: 'the client leaves and the stream ends',
      script: with_([...begun, wait, ...whole.acts.slice(begun.length)]),
      cutsThen: true,
    },
    {
      ...leaving,
      name: 'the client leaves before the stream',
      script: with_([stall]),
      leaves: 'when asked',
      debits: AT_MOST_ONE,
    },
  ]
}

/** The first half of the bytes: of a stream that is in the middle of an event. */
function halfOf(acts: readonly Act[]): Act[] {
  return acts.map((act) =>
    act.kind === 'write'
      ? { ...act, bytes: act.bytes.subarray(0, Math.ceil(act.bytes.length / 2)) }
      : act,
  )
}

/** The units that were charged. */
async function checkEnding(site: CheckSite, format: Served, ending: Ending): Promise<bigint> {
  const money = moneyOf(site)
  const before = await money.books()
  const known = new Set((await money.debits(DEBITS_READ)).map(({ requestId }) => requestId))
  const play = providerOf(site).play(ending.script)
  const leave = new AbortController()
  const { stream, leaves } = ending
  const ask = { ...callWith(format, play.marker, { stream }), signal: leave.signal }
  const answered = site.target.stream(ask, () => {
    if (leaves !== 'at the first byte') return 'go'
    if (ending.cutsThen === true) play.go()
    return 'stop'
  })
  if (leaves === 'when asked') {
    await inTime(BEGUN_MS, play.begun)
    leave.abort()
  }
  const { status } = await answered
  // A client that has left knows nothing of the end: the books say when it came.
  const after = await quietBooks(site, money, before.held)
  play.end()
  const name = `${format.wire.format}, ${ending.name}`
  const how = `${askText(ask)} (status ${status}, the provider was asked ${play.requests.length} times)`
  if (after === null) {
    const evidence = `the hold did not end within ${HOLD_ENDS_MS} ms. ${how}`
    site.report(name, broken(evidence))
    return 0n
  }
  const debits = (await money.debits(DEBITS_READ)).filter(({ requestId }) => !known.has(requestId))
  const charged = debits.reduce((sum, { charge }) => sum + charge, 0n)
  const wrong = wrongDebits(ending, debits.length, charged, after.spent - before.spent)
  site.report(name, wrong === null ? HELD : broken(`${wrong}. ${how}`))
  return charged
}

function wrongDebits(
  { debits: allowed }: Ending,
  count: number,
  charged: bigint,
  spent: bigint,
): string | null {
  if (!allowed.includes(count)) {
    return `${count} debits of ${charged} units came of one call, ${allowed.join(' or ')} may`
  }
  return charged === spent ? null : `its debits make up ${charged} units, spent rose by ${spent}`
}

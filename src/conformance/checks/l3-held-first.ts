/**
 * L3: when the provider sees a call, its hold shows in the books already; and whatever usage the provider then invents, the
 * charge is never above that hold.
 */
import { broken, type Check, type CheckSite, HELD } from '../check.ts'
import { answerText, askText } from '../evidence.ts'
import { plainBody, plainStream } from '../plain-calls.ts'
import type { Script } from '../play.ts'
import {
  callWith,
  chosen,
  moneyOf,
  needsMoney,
  providerOf,
  type Served,
  served,
} from '../played-calls.ts'
import type { StreamFormat, TokenCounts, WireFormat } from '../provider/wire-format.ts'
import type { Books } from '../target.ts'
import { inTime, quietBooks } from '../waiting.ts'

const BEGUN_MS = 10_000
/** Inventions of a format in a sample. */
const SAMPLED = 3

export const heldFirst: Check = {
  property: 'L3',
  title: 'holds while the provider is asked, charges for invented usage',
  applicable: needsMoney,
  async run(site) {
    for (const format of served(site.target)) {
      for (const invention of chosen(site, inventions(format.wire), SAMPLED)) {
        await checkOne(site, format, invention)
      }
    }
  },
}

/** What a provider may write where a count of tokens belongs. JSON texts: some are no value of JavaScript. */
const COUNTS: readonly [name: string, json: string][] = [
  ['a huge count', '1000000000000000'],
  ['a count beyond exact integers', '9007199254740993'],
  ['a count beyond any number', '1e400'],
  ['a negative count', '-1000000'],
  ['a fraction', '12.5'],
  ['a string', '"1000000000"'],
  ['null', 'null'],
  ['a boolean', 'true'],
  ['a list', '[1000000000]'],
  ['an object', '{"tokens":1000000000}'],
]

interface Invention {
  readonly name: string
  readonly stream: boolean
  readonly script: Script
}

/** Stands for every count until the answer is text; its double is a total. */
const PLACEHOLDER = 77_777_777
const PLACED = /77777777|155555554/g
const INVENTED_COUNTS: TokenCounts = {
  input: PLACEHOLDER,
  cachedInput: 0,
  cacheWrite: 0,
  cacheWriteHour: 0,
  output: PLACEHOLDER,
  reasoning: 0,
}

function inventions(wire: WireFormat): Invention[] {
  const invented = (name: string, usage: unknown, count = ''): Invention[] => {
    const answer = { usage, waits: true }
    const replaced = (text: string) => text.replace(PLACED, count)
    const body = edited(plainBody(wire, answer), replaced)
    const inBody = { name: `${wire.format}, a body with ${name}`, stream: false, script: body }
    if (!hasStreams(wire)) return [inBody]
    const script = edited(plainStream(wire, answer), replaced)
    return [inBody, { name: `${wire.format}, a stream with ${name}`, stream: true, script }]
  }
  return [
    ...COUNTS.flatMap(([name, json]) => invented(name, wire.usage(INVENTED_COUNTS), json)),
    ...invented('no usage', undefined),
    ...invented('usage null', null),
    ...invented('usage that is a string', 'much'),
    ...invented('usage without a member', {}),
  ]
}

function hasStreams(wire: WireFormat): wire is StreamFormat {
  return 'events' in wire
}

/** The script with another text; its length is not announced. */
function edited(script: Script, replaced: (text: string) => string): Script {
  const { 'content-length': _, ...headers } = script.headers
  const acts = script.acts.map((act) =>
    act.kind === 'write'
      ? { ...act, bytes: Buffer.from(replaced(Buffer.from(act.bytes).toString())) }
      : act,
  )
  return { ...script, headers, acts }
}

async function checkOne(site: CheckSite, format: Served, invention: Invention): Promise<void> {
  const { name, stream, script } = invention
  const money = moneyOf(site)
  const before = await money.books()
  const play = providerOf(site).play(script)
  const ask = callWith(format, play.marker, { stream })
  const answered = site.target.send(ask)
  const begun = await inTime(BEGUN_MS, Promise.race([play.begun, answered.then(() => null)]))
  if (begun === null) {
    const answer = await answered
    play.end()
    return site.skip(`the call was not forwarded: ${answerText(answer)}`)
  }
  const during = await money.books()
  play.go()
  const answer = await answered
  play.end()
  const after = await quietBooks(site, money, before.held)
  const hold = during.held - before.held
  const how = `${askText(ask)}; the provider answers ${sent(script)}; the client got ${answerText(answer)}`
  site.report(
    `${name}: the hold`,
    hold > 0n
      ? HELD
      : broken(
          `when the provider saw the call, held was ${during.held}, before it ${before.held}. ${how}`,
        ),
  )
  if (after === null) {
    return site.report(`${name}: the charge`, broken(`money stayed held after the call. ${how}`))
  }
  const wrong = wrongCharge(before, after, hold)
  site.report(`${name}: the charge`, wrong === null ? HELD : broken(`${wrong}. ${how}`))
}

function wrongCharge(before: Books, after: Books, hold: bigint): string | null {
  const charged = after.spent - before.spent
  if (charged < 0n) return `spent fell from ${before.spent} to ${after.spent}`
  return charged <= hold ? null : `${charged} units were charged, ${hold} were held`
}

function sent({ acts }: Script): string {
  const bytes = acts.flatMap((act) => (act.kind === 'write' ? [act.bytes] : []))
  const text = Buffer.concat(bytes).toString()
  const usage = text.indexOf('"usage":')
  return `200 ${usage < 0 ? 'without usage' : `…${text.slice(usage, usage + 240)}`}`
}

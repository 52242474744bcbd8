/**
 * S3, what is inside a request: documents that are none, or that two parsers read differently. The played provider refuses
 * each of them as a provider does, so a gateway that leaves the judgement to it passes the refusal on.
 */
import { broken, type Check, type CheckSite, HELD } from '../check.ts'
import { answerText } from '../evidence.ts'
import {
  bodyScript,
  callWith,
  needsProvider,
  plainCall,
  providerOf,
  type Served,
  served,
  stands,
  working,
} from '../played-calls.ts'
import type { Ask } from '../target.ts'
import { quietBooks } from '../waiting.ts'

const ANSWER_MS_MAX = 15_000
const LEVELS = 100_000

export const hostileBodies: Check = {
  property: 'S3',
  title: 'bodies that are no calls',
  applicable: needsProvider,
  async run(site) {
    const formats = await working(site, served(site.target))
    const { money } = site.target
    const before = await money?.books()
    for (const format of site.depth === 'whole' ? formats : formats.slice(0, 1)) {
      for (const hostile of HOSTILE) await checkBody(site, format, hostile)
    }
    if (money !== null && before !== undefined) {
      const after = await quietBooks(site, money, before.held)
      const same = after?.spent === before.spent && after.available === before.available
      const changed = `available ${before.available} → ${after?.available}, spent ${before.spent} → ${after?.spent}`
      site.report('nothing is debited', same ? HELD : broken(changed))
    }
    for (const format of formats) {
      const answer = await plainCall(site, format)
      const name = `${format.wire.format}: the next call is served`
      site.report(name, answer.status === 200 ? HELD : broken(answerText(answer)))
    }
  },
}

interface Hostile {
  readonly name: string
  /** Makes of a good body, as JSON, a bad one. */
  readonly spoil: (good: string) => string | Uint8Array
}

const HOSTILE: readonly Hostile[] = [
  { name: 'half a document', spoil: (good) => good.slice(0, -1) },
  { name: 'something after the document', spoil: (good) => `${good}}` },
  { name: 'an array', spoil: (good) => `[${good}]` },
  { name: 'a string', spoil: (good) => JSON.stringify(good) },
  { name: 'null instead of a document', spoil: () => 'null' },
  { name: 'an empty body', spoil: () => '' },
  { name: 'bytes that are no UTF-8', spoil: (good) => inserted(good, [0xff, 0xfe, 0xc0, 0x80]) },
  { name: 'a control character in a string', spoil: (good) => inserted(good, [0x00]) },
  { name: 'a key twice', spoil: (good) => good.replace('{', '{"model":"played-other",') },
  { name: 'the key __proto__', spoil: (good) => good.replace('{', '{"__proto__":{"stream":1},') },
  { name: 'the key constructor', spoil: (good) => good.replace('{', '{"constructor":{"x":1},') },
  {
    name: `${LEVELS} levels of arrays`,
    spoil: (good) => good.replace('{', `{"deep":${'['.repeat(LEVELS)}${']'.repeat(LEVELS)},`),
  },
  { name: 'a model that is a number', spoil: (good) => replaced(good, { model: 1 }) },
  { name: 'no model', spoil: (good) => replaced(good, { model: undefined }) },
  {
    name: 'the model __proto__',
    spoil: (good) => good.replace(/"model":"[^"]*"/, '"model":"__proto__"'),
  },
]

/** Puts bytes into the prompt, in front of the space that ends the marker. */
function inserted(good: string, bytes: readonly number[]): Uint8Array {
  const at = good.indexOf(' Say')
  return Buffer.concat([
    Buffer.from(good.slice(0, at)),
    Buffer.from(bytes),
    Buffer.from(good.slice(at)),
  ])
}

function replaced(good: string, members: object): string {
  return JSON.stringify({ ...JSON.parse(good), ...members })
}

async function checkBody(site: CheckSite, format: Served, { name, spoil }: Hostile): Promise<void> {
  const error = { type: 'invalid_request_error', message: 'We could not parse the body.' }
  const script = bodyScript({ type: 'error', error: { ...error, param: null, code: null } }, 400)
  const play = providerOf(site).play(script)
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), ANSWER_MS_MAX)
  const good = callWith(format, play.marker, { stream: false, signal: late.signal })
  const ask: Ask = { ...good, body: spoil(String(good.body)) }
  const answer = await site.target.send(ask)
  clearTimeout(timer)
  const forwarded = play.requests.length
  play.end()
  const isRefused = answer.status >= 400 && answer.status < 500
  const report = (wrong: string | null): void =>
    site.report(`${format.wire.format}: ${name}`, wrong === null ? HELD : broken(wrong))
  if (late.signal.aborted) return report(`no answer within ${ANSWER_MS_MAX / 1_000} s`)
  if (!isRefused) return report(`answered ${answerText(answer)}`)
  const promisesToRefuse = site.target.money !== null
  return report(
    promisesToRefuse && forwarded > 0 ? 'it was forwarded to the provider' : await stands(site),
  )
}

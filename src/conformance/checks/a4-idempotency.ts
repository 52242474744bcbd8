/**
 * A4: one idempotency key, one charge, however many retries. Another gateway never promised what such a key does there.
 * Source: wire contract, `Idempotency-Key`.
 */
import { broken, type Check, type CheckSite, HELD, notApplicable } from '../check.ts'
import { answerText, askText } from '../evidence.ts'
import { failure, plainBody, plainStream } from '../plain-calls.ts'
import type { Play, Script } from '../play.ts'
import {
  callWith,
  moneyOf,
  needsProvider,
  providerOf,
  type Served,
  served,
} from '../played-calls.ts'
import type { StreamFormat } from '../provider/wire-format.ts'
import type { Answer, Ask } from '../target.ts'
import { inTime, quietBooks, within } from '../waiting.ts'

const RETRIES = 3
const AT_ONCE = 20
const SETTLED_MS = 10_000
/** Who waits for the first to end is not refused in this time. */
const REFUSED_MS = 2_000
const DEBITS_READ = 50

export const idempotency: Check = {
  property: 'A4',
  title: 'retries with one idempotency key',
  applicable: (site) =>
    site.target.money === null
      ? notApplicable('only the level5 contract says what an Idempotency-Key does')
      : needsProvider(site),
  async run(site) {
    for (const format of served(site.target)) {
      const { wire } = format
      await checkRetries(site, format, 'a body', plainBody(wire), false)
      if ('events' in wire) {
        await checkRetries(site, format, 'a stream', plainStream(wire as StreamFormat), true)
      }
      await checkAtOnce(site, format)
      await checkOtherBody(site, format)
      await checkFreed(site, format)
    }
    await checkForms(site)
  },
}

interface Keyed {
  readonly ask: Ask
  readonly play: Play
  readonly key: string
}

function keyed(site: CheckSite, format: Served, script: Script, stream = false): Keyed {
  const play = providerOf(site).play(script)
  const key = site.fresh()
  const ask = callWith(format, play.marker, { stream })
  return { play, key, ask: withKey(ask, key) }
}

function withKey(ask: Ask, key: string): Ask {
  return { ...ask, headers: { ...ask.headers, 'idempotency-key': key } }
}

/** How often was charged since the site was looked at. */
async function lookAt(site: CheckSite) {
  const money = moneyOf(site)
  const known = new Set((await money.debits(DEBITS_READ)).map(({ requestId }) => requestId))
  return async () => {
    await quietBooks(site, money, 0n)
    const debits = await money.debits(DEBITS_READ)
    return debits.filter(({ requestId }) => !known.has(requestId)).length
  }
}

/** After an answer the same key brings the same bytes, and nobody is asked or charged again. */
async function checkRetries(
  site: CheckSite,
  format: Served,
  what: string,
  script: Script,
  stream: boolean,
): Promise<void> {
  const debitsSince = await lookAt(site)
  const { ask, play } = keyed(site, format, script, stream)
  const first = await site.target.send(ask)
  for (let retry = 1; retry <= RETRIES; retry += 1) {
    const again = await repeated(site, ask)
    const wrong = [
      ...oneCharge(play, await debitsSince()),
      again.status === first.status && sameBytes(first, again)
        ? null
        : `the retry was answered ${answerText(again)} instead of ${answerText(first)}`,
    ].filter((line) => line !== null)
    report(site, `${format.wire.format}, ${what}, retry ${retry}`, wrong, ask)
  }
  play.end()
}

/** Sends again; what says that the first still runs is asked again until it does not. */
async function repeated(site: CheckSite, ask: Ask): Promise<Answer> {
  let last = await site.target.send(ask)
  await within(site, SETTLED_MS, async () => {
    if (last.status !== 409) return true
    last = await site.target.send(ask)
    return null
  })
  return last
}

/** Many at the same time: the provider is asked once; each gets that answer, or is told that it is on its way. */
async function checkAtOnce(site: CheckSite, format: Served): Promise<void> {
  const debitsSince = await lookAt(site)
  const { ask, play } = keyed(site, format, plainBody(format.wire, { waits: true }))
  const sent = Array.from({ length: AT_ONCE }, () => site.target.send(ask))
  await inTime(SETTLED_MS, play.begun)
  // Whoever is refused is answered now; whoever waits for the first needs it to end.
  await inTime(REFUSED_MS, Promise.race(sent))
  for (let pass = 0; pass < AT_ONCE; pass += 1) play.go()
  const answers = await Promise.all(sent)
  const good = answers.find(({ status }) => status === 200)
  const other = answers.find((answer) => {
    if (answer.status === 200) return good === undefined || !sameBytes(good, answer)
    return answer.status !== 409
  })
  const wrong = [
    ...oneCharge(play, await debitsSince()),
    good === undefined ? 'none of them was answered' : null,
    other === undefined ? null : `one was answered ${answerText(other)}`,
  ].filter((line) => line !== null)
  report(site, `${format.wire.format}, ${AT_ONCE} at once`, wrong, ask)
  play.end()
}

/** The key belongs to the first request. */
async function checkOtherBody(site: CheckSite, format: Served): Promise<void> {
  const debitsSince = await lookAt(site)
  const { ask, play, key } = keyed(site, format, plainBody(format.wire))
  await site.target.send(ask)
  const other = withKey(callWith(format, play.marker, { stream: false, prompt: 'Else.' }), key)
  const answer = await site.target.send(other)
  const wrong = [
    ...oneCharge(play, await debitsSince()),
    answer.status === 409 ? null : `another body was answered ${answerText(answer)}, not 409`,
    answer.status !== 409 || answer.header('x-should-retry') === 'false'
      ? null
      : 'the 409 does not say x-should-retry: false',
  ].filter((line) => line !== null)
  report(site, `${format.wire.format}, another body`, wrong, other)
  play.end()
}

/** What was not charged is not remembered: the retry asks the provider anew. */
async function checkFreed(site: CheckSite, format: Served): Promise<void> {
  const debitsSince = await lookAt(site)
  const failed = keyed(site, format, failure(500))
  const first = await site.target.send(failed.ask)
  const askedFirst = failed.play.requests.length
  const second = await repeated(site, failed.ask)
  const debits = await debitsSince()
  const wrong = [
    failed.play.requests.length > askedFirst
      ? null
      : `after ${answerText(first)} the retry did not reach the provider: ${answerText(second)}`,
    debits === 0 ? null : `${debits} debits came of failures`,
  ].filter((line) => line !== null)
  report(site, `${format.wire.format}, after a failure`, wrong, failed.ask)
  failed.play.end()
}

/** Keys of another form are no keys. */
async function checkForms(site: CheckSite): Promise<void> {
  const [format] = served(site.target)
  if (format === undefined) return
  for (const [name, key] of [
    ['15 characters', 'a'.repeat(15)],
    ['129 characters', 'a'.repeat(129)],
    ['another character', `${'a'.repeat(20)}!`],
  ] as const) {
    const { ask, play } = keyed(site, format, plainBody(format.wire))
    const answer = await site.target.send(withKey(ask, key))
    const wrong = [
      answer.status === 400 ? null : `it was answered ${answerText(answer)}, not 400`,
      play.requests.length === 0 ? null : 'the provider was asked',
    ].filter((line) => line !== null)
    report(site, `a key of ${name}`, wrong, withKey(ask, key))
    play.end()
  }
}

function oneCharge(play: Play, debits: number): (string | null)[] {
  const asked = play.requests.length
  return [
    asked <= 1 ? null : `the provider was asked ${asked} times`,
    debits === 1 ? null : `${debits} debits came of it`,
  ]
}

function sameBytes(one: Answer, other: Answer): boolean {
  return Buffer.from(one.bytes).equals(other.bytes)
}

function report(site: CheckSite, name: string, wrong: readonly string[], ask: Ask): void {
  site.report(name, wrong.length === 0 ? HELD : broken(`${wrong.join(', ')}: ${askText(ask)}`))
}

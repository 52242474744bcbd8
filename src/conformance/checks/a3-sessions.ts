/** A3: a session's token ends at once when it is revoked or expires, stays within its terms, and never spends above its limit. */
import { APPLICABLE, broken, type Check, type CheckSite, HELD, notApplicable } from '../check.ts'
import { answerText, askText } from '../evidence.ts'
import { plainCall, plainFormat } from '../plain-calls.ts'
import { moneyOf, type Served } from '../played-calls.ts'
import { type OpenSession, openSession, withToken } from '../sessions.ts'
import type { Answer, Ask, Identity } from '../target.ts'
import { quietBooks, within } from '../waiting.ts'

const READ: Ask = { method: 'GET', target: '/v1/balance' }
const AT_ONCE = 20
/** Calls that a limit covers, and that are sent. */
const COVERED = 4n
const SENT = 40
const EXPIRES_MS = 15_000

export const sessions: Check = {
  property: 'A3',
  title: 'session tokens beyond their terms, limits under parallel calls',
  applicable: ({ target }) =>
    target.identity === null
      ? notApplicable('only a keypair can open and revoke sessions')
      : APPLICABLE,
  async run(site) {
    const { identity } = site.target
    if (identity === null) return
    await checkToken(site, identity)
    await checkForeign(site, identity)
    await checkExpiry(site, identity)
    const format = plainFormat(site.target)
    if (format === null) return
    await checkRevoked(site, identity, format)
    await checkModels(site, identity, format)
    await checkLimit(site, identity, format)
  },
}

/** A token reads the books, cannot list sessions, is shown once, and none other does the same. */
async function checkToken(site: CheckSite, identity: Identity): Promise<void> {
  const session = await openSession(site.target, identity, {})
  const used = await session.send(READ)
  expectStatus(site, 'a live token', READ, used, (status) => status === 200)
  const list: Ask = { method: 'GET', target: '/v1/sessions' }
  const listed = await session.send(list)
  expectStatus(site, 'a token lists sessions', list, listed, isRefused)
  const shown = Buffer.from((await site.target.send(list)).bytes).toString()
  const once = `GET /v1/sessions shows the token of ${session.id} again`
  site.report('a token is shown once', shown.includes(session.token) ? broken(once) : HELD)
  const { token } = session
  for (const [name, wrong] of [
    ['another last character', `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`],
    ['one character less', token.slice(0, -1)],
    ['one character more', `${token}A`],
    ['its id instead', session.id],
    ['in upper case', token.toUpperCase()],
  ] as const) {
    const answer = await site.target.sendBare(withToken(READ, wrong))
    expectStatus(site, `a token with ${name}`, READ, answer, (status) => status === 401)
  }
  await session.revoke()
}

/** A token ends no other session. */
async function checkForeign(site: CheckSite, identity: Identity): Promise<void> {
  const mine = await openSession(site.target, identity, {})
  const other = await openSession(site.target, identity, {})
  const ask: Ask = { method: 'DELETE', target: `/v1/sessions/${other.id}` }
  expectStatus(site, 'a token ends another session', ask, await mine.send(ask), isRefused)
  const still = await other.send(READ)
  expectStatus(site, 'the other session lives', READ, still, (status) => status === 200)
  await mine.revoke()
  await other.revoke()
}

async function checkExpiry(site: CheckSite, identity: Identity): Promise<void> {
  const session = await openSession(site.target, identity, { ttl_seconds: 1 })
  const ended = await within(site, EXPIRES_MS, async () => {
    const answer = await session.send(READ)
    return answer.status === 401 ? answer : null
  })
  const evidence = `${EXPIRES_MS} ms after a session was opened with ttl_seconds 1 its token still opens GET /v1/balance`
  site.report('a token whose time is over', ended === null ? broken(evidence) : HELD)
}

/** From the moment at which the revocation is answered, the token opens nothing. */
async function checkRevoked(site: CheckSite, identity: Identity, format: Served): Promise<void> {
  const session = await openSession(site.target, identity, {})
  await session.send(READ)
  const revoked = await session.revoke()
  const { ask, play } = plainCall(site, format)
  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, at) => session.send(at % 2 === 0 ? ask : READ)),
  )
  const forwarded = play?.requests.length ?? 0
  play?.end()
  const open = answers.find(({ status }) => status !== 401)
  const how = `DELETE /v1/sessions/${session.id} answered ${answerText(revoked)}; the token then, ${AT_ONCE} times at once: ${askText(ask)}`
  const wrong =
    open === undefined && forwarded === 0
      ? null
      : `${forwarded} were forwarded; one was answered ${open === undefined ? 401 : answerText(open)}`
  site.report('a revoked token', wrong === null ? HELD : broken(`${wrong}. ${how}`))
}

async function checkModels(site: CheckSite, identity: Identity, format: Served): Promise<void> {
  const session = await openSession(site.target, identity, { models: ['no-such-model'] })
  const { ask, play } = plainCall(site, format)
  const answer = await session.send(ask)
  const forwarded = play?.requests.length ?? 0
  play?.end()
  await session.revoke()
  const isHeld = isRefused(answer.status) && forwarded === 0
  const evidence = `a session for the model no-such-model alone got ${answerText(answer)} (forwarded ${forwarded} times) for ${askText(ask)}`
  site.report('a model that a session is not for', isHeld ? HELD : broken(evidence))
}

/** The provider claims that each call used more than anyone could pay: each costs its whole hold. */
async function checkLimit(site: CheckSite, identity: Identity, format: Served): Promise<void> {
  const money = moneyOf(site)
  const counts = { cachedInput: 0, cacheWrite: 0, cacheWriteHour: 0, reasoning: 0 }
  const usage = format.wire.usage({ ...counts, input: 1_000_000, output: 1_000_000 })
  const { ask, play } = plainCall(site, format, { usage })
  const hold = await money.worstCase(String(ask.body))
  if (hold === null || hold === 0n)
    return site.skip('POST /v1/quote does not say what a call holds')
  const limit = hold * COVERED + hold - 1n
  const session = await openSession(site.target, identity, { spend_limit: String(limit) })
  const before = await money.books()
  await Promise.all(Array.from({ length: SENT }, () => session.send(ask)))
  const after = await quietBooks(site, money, before.held)
  play?.end()
  const spent = (after?.spent ?? 0n) - before.spent
  const how = `${SENT} times at once in a session with spend_limit ${limit}: ${askText(ask)}`
  const evidence = after === null ? 'money stayed held' : `${spent} units were charged`
  const isHeld = after !== null && spent <= limit
  site.report('the limit under parallel calls', isHeld ? HELD : broken(`${evidence}. ${how}`))
  await checkListed(site, session, limit)
  await session.revoke()
}

async function checkListed(site: CheckSite, session: OpenSession, limit: bigint): Promise<void> {
  const ask: Ask = { method: 'GET', target: `/v1/sessions/${session.id}` }
  const answer = await site.target.send(ask)
  const shown = Buffer.from(answer.bytes).toString()
  const [, digits] = /"spent":"(\d+)"/.exec(shown) ?? []
  if (answer.status !== 200 || digits === undefined) return
  const evidence = `GET /v1/sessions/${session.id} says spent ${digits}, its limit is ${limit}`
  site.report('what a session says it spent', BigInt(digits) <= limit ? HELD : broken(evidence))
}

function isRefused(status: number): boolean {
  return status >= 400 && status < 500
}

function expectStatus(
  site: CheckSite,
  name: string,
  ask: Ask,
  answer: Answer,
  isRight: (status: number) => boolean,
): void {
  const evidence = `${askText(ask)} with ${name} was answered ${answerText(answer)}`
  site.report(name, isRight(answer.status) ? HELD : broken(evidence))
}

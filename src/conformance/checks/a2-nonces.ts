/** A2: a signed request counts once, whatever it was answered: again, at the same time, or for something else. */
import { createHash } from 'node:crypto'
import { requestText } from '../../identity/signed-text.ts'
import { APPLICABLE, broken, type Check, type CheckSite, HELD, notApplicable } from '../check.ts'
import { answerText, askText } from '../evidence.ts'
import { plainCall, plainFormat } from '../plain-calls.ts'
import type { Play } from '../play.ts'
import { moneyOf, type Served } from '../played-calls.ts'
import { CONTENT_JSON } from '../provider/wire-format.ts'
import type { Answer, Ask, Identity } from '../target.ts'
import { quietBooks } from '../waiting.ts'

const REPLAYS = 3
const AT_ONCE = 20

export const nonces: Check = {
  property: 'A2',
  title: 'whole requests sent again',
  applicable: ({ target }) =>
    target.identity === null ? notApplicable('requests carry no nonce') : APPLICABLE,
  async run(site) {
    const { identity } = site.target
    if (identity === null) return
    const read = { method: 'GET', target: '/v1/balance' }
    await checkAgain(site, 'a read', await site.target.signed(read), null)
    const quote = { method: 'POST', target: '/v1/quote', headers: CONTENT_JSON, body: '{"no":1}' }
    await checkAgain(site, 'a refused request', await site.target.signed(quote), null)
    const format = plainFormat(site.target)
    if (format === null) return
    await checkCalls(site, format)
    await checkOtherRequest(site, format, identity)
  },
}

async function checkCalls(site: CheckSite, format: Served): Promise<void> {
  const { target } = site
  const paid = plainCall(site, format)
  await checkAgain(site, 'a call', await target.signed(paid.ask), paid.play)
  paid.play?.end()

  const { model: _, ...rest } = JSON.parse(String(paid.ask.body)) as Record<string, unknown>
  const body = JSON.stringify({ ...rest, model: 'no-such-model' })
  await checkAgain(site, 'a refused call', await target.signed({ ...paid.ask, body }), null)

  const left = plainCall(site, format, { waits: true })
  const leave = new AbortController()
  const abandoned = await target.signed(left.ask)
  const gone = target.sendBare({ ...abandoned, signal: leave.signal })
  if (left.play !== null) await Promise.race([left.play.begun, gone])
  leave.abort()
  await gone
  // A replay that is forwarded must be found, not waited for.
  for (let pass = 0; pass <= REPLAYS; pass += 1) left.play?.go()
  await checkReplays(site, 'a call whose client left', abandoned, left.play)
  left.play?.end()

  const parallel = plainCall(site, format)
  await checkAtOnce(site, await target.signed(parallel.ask), parallel.play)
  parallel.play?.end()
}

/** Sends once, and then again. */
async function checkAgain(
  site: CheckSite,
  name: string,
  ask: Ask,
  play: Play | null,
): Promise<void> {
  const first = await site.target.sendBare(ask)
  if (first.status === 0 || first.status === 401) {
    const evidence = `it was answered ${answerText(first)} the first time: ${askText(ask)}`
    return site.report(`${name}, again`, broken(evidence))
  }
  await checkReplays(site, name, ask, play)
}

/** What was sent once already is answered 401 each time, and nothing comes of it. */
async function checkReplays(
  site: CheckSite,
  name: string,
  ask: Ask,
  play: Play | null,
): Promise<void> {
  const money = moneyOf(site)
  const before = await quietBooks(site, money, 0n)
  const asked = play?.requests.length ?? 0
  for (let replay = 1; replay <= REPLAYS; replay += 1) {
    const answer = await site.target.sendBare(ask)
    const spent = (await money.books()).spent - (before?.spent ?? 0n)
    const wrong = wrongReplay(
      answer,
      before === null ? 0n : spent,
      (play?.requests.length ?? 0) - asked,
    )
    const evidence = `${wrong}: the same bytes once more: ${askText(ask)}`
    site.report(`${name}, again (${replay})`, wrong === null ? HELD : broken(evidence))
  }
}

function wrongReplay(answer: Answer, charged: bigint, forwarded: number): string | null {
  const wrong = [
    answer.status === 401 ? null : `it was answered ${answerText(answer)} and not with a 401`,
    charged === 0n ? null : `${charged} units were charged`,
    forwarded <= 0 ? null : `the provider was asked ${forwarded} times more`,
  ].filter((line) => line !== null)
  return wrong.length === 0 ? null : wrong.join(', ')
}

/** Of many with one nonce at the same time one counts at most. */
async function checkAtOnce(site: CheckSite, ask: Ask, play: Play | null): Promise<void> {
  const money = moneyOf(site)
  const before = await money.journal(1)
  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, () => site.target.sendBare(ask)),
  )
  await quietBooks(site, money, 0n)
  const after = await money.journal(AT_ONCE)
  const known = after.findIndex(({ id }) => id === before[0]?.id)
  const debits = known < 0 ? after.length : known
  const taken = answers.filter(({ status }) => status !== 401).length
  const forwarded = play?.requests.length ?? 0
  const how = `${AT_ONCE} times the same bytes at once: ${askText(ask)}`
  const wrong =
    taken <= 1 && debits <= 1 && forwarded <= 1
      ? null
      : `${taken} were not refused, ${forwarded} were forwarded, ${debits} debits came of them`
  site.report('a call, many times at once', wrong === null ? HELD : broken(`${wrong}. ${how}`))
}

/** The nonce of a call is spent for everything else, too. */
async function checkOtherRequest(
  site: CheckSite,
  format: Served,
  identity: Identity,
): Promise<void> {
  const { ask, play } = plainCall(site, format)
  const signed = await site.target.signed(ask)
  await site.target.sendBare(signed)
  play?.end()
  const nonce = signed.headers?.['x-agent-nonce'] ?? ''
  const other = await readWithNonce(site, identity, nonce)
  const answer = await site.target.sendBare(other)
  const evidence = `the nonce of a call before was taken once more, the answer was ${answerText(answer)}: ${askText(other)}`
  const outcome = answer.status === 401 ? HELD : broken(evidence)
  site.report('the nonce of a call, for another request', outcome)
}

async function readWithNonce(site: CheckSite, identity: Identity, nonce: string): Promise<Ask> {
  const { origin, chain, pubkey } = identity
  const issuedAt = new Date(site.now()).toISOString()
  const target = '/v1/balance'
  const bodySha256 = createHash('sha256').update('').digest()
  const parts = { origin, chain, pubkey, method: 'GET', target, nonce, issuedAt, bodySha256 }
  const signature = await identity.sign(Buffer.from(requestText(parts)))
  return {
    method: 'GET',
    target,
    headers: {
      'x-agent-pubkey': pubkey,
      'x-agent-nonce': nonce,
      'x-agent-issued-at': issuedAt,
      'x-agent-signature': Buffer.from(signature).toString('base64'),
    },
  }
}

/**
 * L2: of N parallel calls with funds for K, at most K are admitted. The funds are a session's limit, or all that the agent
 * has, taken in slices as large as one call can hold; the played provider keeps every admitted call open, so that none of
 * them gives money back to another.
 */
import { APPLICABLE, broken, type Check, type CheckSite, HELD, notApplicable } from '../check.ts'
import { answerText, askText, booksText } from '../evidence.ts'
import { plainBody, plainCall, plainFormat } from '../plain-calls.ts'
import type { Play } from '../play.ts'
import { callWith, moneyOf, type Served } from '../played-calls.ts'
import { openSession } from '../sessions.ts'
import type { Answer, Ask, Identity, Money } from '../target.ts'
import { quietBooks, within } from '../waiting.ts'
import { imbalance } from './l1-books-balance.ts'

/** Calls that a session's limit covers, and how many are sent for each of them. */
const COVERED = 3n
const PRESSURE = 6
/** More calls at once than this would test the machine. */
const COVERED_MAX = 60n
/** What a chat call may ask for at most, in answers. */
const CHOICES_MAX = 100n
const ADMITTED_MS = 10_000

export const noOverspending: Check = {
  property: 'L2',
  title: 'parallel calls with funds for some of them',
  applicable: ({ target }) =>
    target.money === null ? notApplicable('the gateway shows no charges') : APPLICABLE,
  async run(site) {
    const format = plainFormat(site.target)
    if (format === null) return site.skip('the gateway serves no model that generates')
    const { identity } = site.target
    if (identity === null) site.skip('only a keypair can open a session with a limit')
    else await pressSession(site, format, identity)
    if (site.provider !== null) await pressBalance(site, format)
  },
}

/** Funds, and calls that ask for more than those. */
interface Press {
  readonly name: string
  readonly covered: bigint
  /** Units that all of them together may cost. */
  readonly funds: bigint
  readonly ask: Ask
  readonly play: Play | null
  readonly send: (ask: Ask) => Promise<Answer>
}

async function pressSession(site: CheckSite, format: Served, identity: Identity): Promise<void> {
  const { target, provider } = site
  const { ask, play } = plainCall({ provider }, format, { waits: true })
  const hold = await moneyOf(site).worstCase(String(ask.body))
  if (hold === null || hold === 0n)
    return site.skip('POST /v1/quote does not say what a call holds')
  const funds = hold * COVERED + hold - 1n
  const session = await openSession(target, identity, { spend_limit: String(funds) })
  const name = `a session with a limit of ${funds} units, calls that hold ${hold}`
  await press(site, { name, covered: COVERED, funds, ask, play, send: session.send })
  await session.revoke()
}

/** Asks for so many long answers in one call that the agent's whole balance covers only a few. */
async function pressBalance(site: CheckSite, format: Served): Promise<void> {
  const { target, provider } = site
  const money = moneyOf(site)
  const play = provider?.play(plainBody(format.wire, { waits: true })) ?? null
  const { available } = await money.books()
  const dear = await dearCall(money, format, play?.marker ?? '', available)
  if (dear === null) return site.skip('the agent has too much money for a few calls to use it up')
  const covered = available / dear.hold
  const name = `a balance of ${available} units, calls that hold ${dear.hold}`
  await press(site, { name, covered, funds: available, ask: dear.ask, play, send: target.send })
}

/** A call that holds a slice of the balance large enough for few of them to use it up. */
async function dearCall(
  money: Money,
  format: Served,
  marker: string,
  available: bigint,
): Promise<{ readonly ask: Ask; readonly hold: bigint } | null> {
  const sized = async (cap: number, choices: bigint) => {
    const more = choices === 1n ? {} : { n: Number(choices) }
    const ask = callWith(format, marker, { stream: false, cap, more })
    const hold = await money.worstCase(String(ask.body))
    return hold === null ? null : { ask, hold }
  }
  let best: { readonly ask: Ask; readonly hold: bigint } | null = null
  for (let cap = 256; cap <= 65_536; cap *= 2) {
    const one = await sized(cap, 1n)
    if (one === null || one.hold === 0n || one.hold * 2n > available) break
    best = one
    const wanted = available / COVERED / one.hold
    const many = wanted > 1n && format.wire.format === 'openai-chat'
    if (!many) continue
    const several = await sized(cap, wanted < CHOICES_MAX ? wanted : CHOICES_MAX)
    if (several !== null && several.hold * 2n <= available) best = several
    if (wanted <= CHOICES_MAX) break
  }
  return best === null || available / best.hold > COVERED_MAX ? null : best
}

async function press(site: CheckSite, { name, covered, funds, ask, play, send }: Press) {
  const money = moneyOf(site)
  const before = await money.books()
  const calls = Number(covered) * PRESSURE
  const answers: Answer[] = []
  const sent = Array.from({ length: calls }, async () => {
    let answer = await send(ask)
    // Who is refused while the others still hold tries again at once.
    if (play !== null && answer.status === 402) answer = await send(ask)
    answers.push(answer)
  })
  // Everything has been admitted or refused when what is open and what is answered make up all of them.
  await within(site, ADMITTED_MS, async () =>
    play === null || play.requests.length + answers.length >= calls ? true : null,
  )
  const admitted = play?.requests.length ?? null
  const during = await money.books()
  for (let passes = 0; passes < calls * 2; passes += 1) play?.go()
  await Promise.all(sent)
  play?.end()
  const after = await quietBooks(site, money, before.held)
  const how = `${calls} times at once, each with its own credentials: ${askText(ask)}`
  if (admitted !== null) {
    const refused = answers.find(({ status }) => status !== 200)
    if (admitted === 0) {
      return site.skip(`nothing was admitted: ${refused === undefined ? '' : answerText(refused)}`)
    }
    const within_ = BigInt(admitted) <= covered
    const evidence = `${name}: ${admitted} calls reached the provider, at most ${covered} may. ${how}`
    site.report(`${name}: admitted`, within_ ? HELD : broken(evidence))
  }
  const wrong = imbalance(during)
  const shown = `while they ran GET /v1/balance said ${booksText(during)}`
  site.report(`${name}: the books`, wrong === null ? HELD : broken(`${wrong}: ${shown}. ${how}`))
  if (after === null) {
    return site.report(
      `${name}: charges`,
      broken(`money stayed held after the calls ended. ${how}`),
    )
  }
  const charged = after.spent - before.spent
  const evidence = `${charged} units were charged, ${funds} were there. ${how}`
  site.report(`${name}: charges`, charged <= funds ? HELD : broken(evidence))
}

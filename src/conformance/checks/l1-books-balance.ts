/** L1: the books balance at every instant, and the journal and the receipts re-sum to them. */
import { APPLICABLE, broken, type Check, type CheckSite, HELD, notApplicable } from '../check.ts'
import { booksText } from '../evidence.ts'
import { memberOf } from '../json-values.ts'
import { plainCall, plainFormat } from '../plain-calls.ts'
import { type Books, type Money, Unseen } from '../target.ts'
import { quietBooks } from '../waiting.ts'

const READINGS_PAUSE_MS = 150
const PARALLEL_CALLS = 20
/** A journal that somebody else adds to is read again. */
const ATTEMPTS = 3

export const booksBalance: Check = {
  property: 'L1',
  title: 'the books balance through the whole run, and re-sum from the journal',
  applicable: ({ target }) =>
    target.money === null ? notApplicable('the gateway shows no books') : APPLICABLE,
  async run(site) {
    const { money } = site.target
    if (money === null) return
    await resum(site, money, 'before')
    await balanceUnderCalls(site, money)
    await resum(site, money, 'after parallel calls')
  },
  async accompany(site, stopped) {
    const { money } = site.target
    if (money === null) return
    for (let reading = 1; !stopped.aborted; reading += 1) {
      await readOnce(site, money, `reading ${reading} beside the other checks`)
      await site.pause(READINGS_PAUSE_MS)
    }
    await resum(site, money, 'after everything')
  },
}

/** Names what does not add up in one reading of the books, or null. Pure. */
export function imbalance(books: Books): string | null {
  const { available, held, frozen, spent, deposited, withdrawn, owed } = books
  const negative = Object.entries(books).find(([, amount]) => amount < 0n)
  if (negative !== undefined) return `${negative[0]} is negative`
  const sum = available + held + frozen + spent + withdrawn - owed
  if (sum === deposited) return null
  return `available + held + frozen + spent + withdrawn − owed = ${sum}, deposited = ${deposited}`
}

async function readOnce(site: CheckSite, money: Money, name: string): Promise<void> {
  try {
    report(site, name, await money.books())
  } catch (cause) {
    // While other checks press the gateway, it may refuse a reading; a wrong one it may not give.
    if (!(cause instanceof Unseen)) throw cause
  }
}

function report({ report: tell }: CheckSite, name: string, books: Books): void {
  const wrong = imbalance(books)
  const shown = `GET /v1/balance: ${booksText(books)}`
  tell(name, wrong === null ? HELD : broken(`${wrong}. ${shown}`))
}

async function balanceUnderCalls(site: CheckSite, money: Money): Promise<void> {
  const { target } = site
  const format = plainFormat(target)
  if (format === null) return
  const { ask, play } = plainCall(site, format)
  let running = PARALLEL_CALLS
  const calls = Array.from({ length: PARALLEL_CALLS }, async () => {
    await target.send(ask)
    running -= 1
  })
  for (let reading = 1; running > 0; reading += 1) {
    await readOnce(site, money, `reading ${reading} beside parallel calls`)
  }
  await Promise.all(calls)
  play?.end()
}

/** Holds journal and receipts against the books, at a moment when nothing is held. */
async function resum(site: CheckSite, money: Money, when: string): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const before = await quietBooks(site, money, 0n)
    if (before === null) return site.skip('calls that are not of this run keep money held')
    const sums = await journalSums(money)
    const receipts = await receiptsSum(money)
    const after = await money.books()
    if (booksText(before) !== booksText(after)) continue
    const { deposited, spent, withdrawn } = after
    const wrong = [
      difference('Σ DEPOSIT of the journal', sums.deposited, 'deposited', deposited),
      difference('Σ DEBIT of the journal', sums.debited, 'spent', spent),
      difference('Σ WITHDRAWAL of the journal', sums.withdrawn, 'withdrawn', withdrawn),
      receipts === null ? null : difference('Σ charge of the receipts', receipts, 'spent', spent),
    ].filter((line) => line !== null)
    report(site, `the books ${when}`, after)
    const shown = `GET /v1/transactions, /v1/receipts, /v1/balance: ${booksText(after)}`
    site.report(
      `the journal re-sums ${when}`,
      wrong.length === 0 ? HELD : broken(`${wrong.join('; ')}. ${shown}`),
    )
    return
  }
  site.skip('somebody else uses this agent at the same time: its journal never stood still')
}

async function journalSums(money: Money) {
  const sums = { deposited: 0n, debited: 0n, withdrawn: 0n }
  for (const { type, amount } of await money.journal()) {
    if (type === 'DEPOSIT') sums.deposited += amount
    if (type === 'DEBIT') sums.debited += amount
    if (type === 'WITHDRAWAL') sums.withdrawn += amount
  }
  return sums
}

/** Null where the gateway writes none. */
async function receiptsSum(money: Money): Promise<bigint | null> {
  const all = await money.receipts(0)
  if (all === null) return null
  const charges = all.map((delivered) => memberOf(memberOf(delivered, 'receipt'), 'charge'))
  return charges.reduce<bigint>((sum, charge) => {
    return sum + (typeof charge === 'string' && /^-?\d{1,30}$/.test(charge) ? BigInt(charge) : 0n)
  }, 0n)
}

function difference(name: string, found: bigint, field: string, stated: bigint): string | null {
  return found === stated ? null : `${name} = ${found}, but ${field} = ${stated}`
}

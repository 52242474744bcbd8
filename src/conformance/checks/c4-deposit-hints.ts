/** C4: presenting a deposit's signature again, many times and at once, credits nothing: a hint is never a proof. */
import { APPLICABLE, broken, type Check, type CheckSite, HELD, notApplicable } from '../check.ts'
import { askText } from '../evidence.ts'
import { moneyOf } from '../played-calls.ts'
import { CONTENT_JSON } from '../provider/wire-format.ts'
import type { Ask, Money } from '../target.ts'

const AT_ONCE = 10
const SIGNATURES_MAX = 3
/** Longer than a watcher takes from a hint to a credit of what is final already. */
const CREDITED_MS = 3_000
/** A signature of nothing. */
const NOBODYS = '1'.repeat(64)

export const depositHints: Check = {
  property: 'C4',
  title: 'the signatures of earlier deposits, presented again',
  applicable: ({ target }) =>
    target.money === null ? notApplicable('the gateway shows no deposits') : APPLICABLE,
  async run(site) {
    const money = moneyOf(site)
    const before = await depositsOf(money)
    const signatures = [...before.keys()].slice(0, SIGNATURES_MAX)
    if (signatures.length === 0) return site.skip('the agent has no deposit')
    const ask = (signature: string): Ask => ({
      method: 'POST',
      target: '/v1/deposits',
      headers: CONTENT_JSON,
      body: JSON.stringify({ signature }),
    })
    const hints = [...signatures, NOBODYS].flatMap((signature) =>
      Array.from({ length: AT_ONCE }, () => site.target.send(ask(signature))),
    )
    await Promise.all(hints)
    await site.pause(CREDITED_MS)
    const after = await depositsOf(money)
    for (const signature of [...signatures, NOBODYS]) {
      report(site, ask(signature), before.get(signature) ?? NONE, after.get(signature) ?? NONE)
    }
  },
}

interface Credited {
  readonly times: number
  /** Units. */
  readonly amount: bigint
}

const NONE: Credited = { times: 0, amount: 0n }

/** What each signature has credited. One transaction may hold several deposits. */
async function depositsOf(money: Money): Promise<ReadonlyMap<string, Credited>> {
  const credited = new Map<string, Credited>()
  for (const { type, signature, amount } of await money.journal()) {
    if (type !== 'DEPOSIT' || signature === null) continue
    const { times, amount: so } = credited.get(signature) ?? NONE
    credited.set(signature, { times: times + 1, amount: so + amount })
  }
  return credited
}

function report(site: CheckSite, ask: Ask, before: Credited, after: Credited): void {
  const evidence = `${AT_ONCE} times at once: ${askText(ask)}; its deposits were ${before.times} of ${before.amount} units, then ${after.times} of ${after.amount}`
  const isHeld = before.times === after.times && before.amount === after.amount
  site.report(askText(ask), isHeld ? HELD : broken(evidence))
}

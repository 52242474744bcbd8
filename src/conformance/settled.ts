/** What a call was charged, as the journal says. */
import type { CheckSite } from './check.ts'
import { moneyOf } from './played-calls.ts'
import type { Answer } from './target.ts'
import { HOLD_ENDS_MS, within } from './waiting.ts'

/** Further back a call of this moment is not. */
const ROWS = 200

/** The charge of the call that was answered, in units, as soon as it is there; null: it is not charged. */
export async function chargedFor(
  site: CheckSite,
  answer: Pick<Answer, 'header'>,
): Promise<bigint | null> {
  const requestId = answer.header('x-request-id')
  if (requestId === undefined) return null
  const found = await within(site, HOLD_ENDS_MS, async () => {
    const debits = await moneyOf(site).debits(ROWS)
    const mine = debits.filter((debit) => debit.requestId === requestId)
    return mine.length === 0 ? null : mine
  })
  if (found === null) return null
  return found.reduce((sum, { charge }) => sum + charge, 0n)
}

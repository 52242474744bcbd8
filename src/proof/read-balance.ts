/** What the gateway says of the agent's money now. Source: wire contract, `GET /v1/balance`. */
import { z } from 'zod'
import type { Answered } from './evidence.ts'
import type { Finding } from './finding.ts'
import { problemsOf } from './read-receipt.ts'

/** Unsigned, and of this moment only. Units. */
export interface Claims {
  readonly target: string
  readonly available: bigint
  readonly held: bigint
  readonly frozen: bigint
  readonly spent: bigint
  readonly deposited: bigint
  /** Withdrawn although it was held or spent: it is in the vault no more. */
  readonly owed: bigint
}

const amount = z
  .string()
  .regex(/^(0|[1-9]\d{0,19})$/, 'not a decimal string of units')
  .transform(BigInt)
const Balance = z.object({
  available: amount,
  held: amount,
  frozen: amount,
  spent: amount,
  deposited: amount,
  owed: amount.optional(),
})

/** The claims, or the finding that there are none. */
export function readBalance(
  answer: Answered,
):
  | { readonly kind: 'read'; readonly claims: Claims }
  | { readonly kind: 'none'; readonly finding: Finding } {
  const { target } = answer
  const rule = { source: 'computed', rule: 'an agent can read its balance', states: {} } as const
  if (answer.kind === 'unanswered') {
    const but = { source: 'answer', target, states: { problem: answer.problem } } as const
    const message = `the balance is not shown: ${answer.problem}`
    return { kind: 'none', finding: { kind: 'unanswered', message, says: rule, but } }
  }
  const read = Balance.safeParse(answer.body)
  if (!read.success) {
    const problem = problemsOf(read.error.issues)
    const says = { source: 'answer', target, states: { problem } } as const
    const message = `what ${target} answers is no balance: ${problem}`
    return { kind: 'none', finding: { kind: 'malformed', message, says, but: rule } }
  }
  return { kind: 'read', claims: { target, ...read.data, owed: read.data.owed ?? 0n } }
}

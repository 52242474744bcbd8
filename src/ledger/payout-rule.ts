/** Whether a payout that the chain tells of can be booked. Values in, a decision out. Source: chain contract, "The mirror". */
import type { Units } from '../money.ts'
import type { PayoutFact, PayoutOutcome } from './chain-ledger.ts'

/** What is on the books under the fact's vault and cumulative, or under its signature and path. */
export interface BookedPayout {
  readonly vault: string
  readonly amount: bigint
  readonly cumulative: bigint
  readonly signature: string
  readonly instructionPath: string
}

/** The books of the fact's vault. */
export interface PayoutBooks {
  readonly agent: string
  /** Total of the kind. */
  readonly total: Units
  /** Up to where the total may go, and the name of that bound. */
  readonly most: Units
  readonly mostIs: string
}

/** Null: it is the next one and can be booked. */
export function payoutObjection(
  fact: PayoutFact,
  books: PayoutBooks | null,
  booked: BookedPayout | null,
): PayoutOutcome | null {
  if (booked !== null) return compare(fact, booked)
  if (books === null) return impossible(`vault ${fact.vault} is not known`)
  if (books.agent !== fact.agent) return impossible(`the vault is ${books.agent}'s on the books`)
  const { amount, cumulative } = fact
  if (amount < 1n) return impossible(`a payout of ${amount} units`)
  const before = cumulative - amount
  if (before > books.total) return { kind: 'gap', booked: books.total }
  if (before < books.total) {
    return impossible(`${amount} units up to ${cumulative} overlap the ${books.total} on the books`)
  }
  if (cumulative > books.most) {
    return impossible(`a total of ${cumulative} is beyond ${books.mostIs} of ${books.most}`)
  }
  return null
}

function compare(fact: PayoutFact, booked: BookedPayout): PayoutOutcome {
  const fields = ['vault', 'amount', 'cumulative', 'signature', 'instructionPath'] as const
  const name = fields.find((field) => fact[field] !== booked[field])
  if (name === undefined) return { kind: 'exists' }
  return impossible(`${name}: ${booked[name]} on the books, ${fact[name]} on chain`)
}

function impossible(detail: string): PayoutOutcome {
  return { kind: 'impossible', detail }
}

/**
 * What a check of an agent's history can find: a closed list, each with the two facts that contradict each other, as
 * plain JSON that a third party can check. Amounts are decimal strings of units.
 * Source: proof contract, "What `level5 verify` finds"; docs/proof.md explains each.
 */

/** What JSON can carry. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json }

/** The members of a document that matter here, under their own names. */
export type Stated = Readonly<Record<string, Json>>

/** A receipt says it; `delivered` is the document as it came, signature included. */
export interface ReceiptFact {
  readonly source: 'receipt'
  readonly states: Stated
  readonly delivered: unknown
}

/** A price list says it; `delivered` is the document as it came, signature included. */
export interface PriceListFact {
  readonly source: 'price_list'
  readonly states: Stated
  readonly delivered: unknown
}

/** What the agent signed to open a session says it, as the gateway shows it. */
export interface SessionFact {
  readonly source: 'session'
  readonly states: Stated
  readonly delivered: unknown
}

/** The gateway answered it, unsigned. */
export interface AnswerFact {
  readonly source: 'answer'
  readonly target: string
  readonly states: Stated
}

/** The chain says it: a transaction, or an account at a finalized slot. */
export interface ChainFact {
  readonly source: 'chain'
  readonly states: Stated
  readonly slot: number
  readonly transaction?: string
  readonly account?: string
}

/** It follows by computation from the other fact, or from a rule of the contract. */
export interface ComputedFact {
  readonly source: 'computed'
  readonly rule: string
  readonly states: Stated
}

/** The agent itself says it: its configuration, or what it kept. */
export interface AgentFact {
  readonly source: 'agent'
  readonly states: Stated
}

export type Fact =
  | ReceiptFact
  | PriceListFact
  | SessionFact
  | AnswerFact
  | ChainFact
  | ComputedFact
  | AgentFact

interface Contradiction<Kind extends string, Says extends Fact, But extends Fact> {
  readonly kind: Kind
  /** One sentence. */
  readonly message: string
  readonly says: Says
  readonly but: But
}

export type Finding =
  /** The gateway does not answer what the contract promises. */
  | Contradiction<'unanswered', ComputedFact, AnswerFact>
  /** An answer is not of the contract's form. */
  | Contradiction<'malformed', AnswerFact, ComputedFact>
  /** A number is missing among the receipts, or the last ones are. */
  | Contradiction<'receipt_gap', ReceiptFact | AnswerFact, ReceiptFact | ComputedFact>
  /** Two receipts of one number. */
  | Contradiction<'receipt_fork', ReceiptFact, ReceiptFact>
  /** `prev` does not name the receipt before. */
  | Contradiction<'chain_broken', ReceiptFact, ReceiptFact | ComputedFact>
  /** The receipt is another agent's, or another gateway's. */
  | Contradiction<'wrong_party', ReceiptFact, AgentFact>
  /** The signature is no key's that the gateway ever named: the receipt was altered, or made by somebody else. */
  | Contradiction<'wrong_signature', ReceiptFact, ChainFact>
  /** The signature is of a key that the gateway named at another time. */
  | Contradiction<'key_out_of_time', ReceiptFact, ChainFact>
  /** One request was charged twice. */
  | Contradiction<'request_repeated', ReceiptFact, ReceiptFact>
  /** One signature of the agent was charged twice. */
  | Contradiction<'nonce_reused', ReceiptFact, ReceiptFact>
  /** Times that run backwards, or lie ahead. */
  | Contradiction<'times_impossible', ReceiptFact, ReceiptFact | ComputedFact | AgentFact>
  /** The charge does not follow from tokens and prices. */
  | Contradiction<'charge_differs', ReceiptFact, PriceListFact | ComputedFact>
  /** The list that a charge names is not shown. */
  | Contradiction<'price_list_missing', ReceiptFact, AnswerFact>
  /** A list is not what its version names, or two lists go under one version. */
  | Contradiction<'price_list_changed', PriceListFact, PriceListFact | ComputedFact>
  /** A list that no key of the gateway signed. */
  | Contradiction<'price_list_unsigned', PriceListFact, ChainFact>
  /** The agent did not sign for this call. */
  | Contradiction<'not_asked_for', ReceiptFact, ComputedFact>
  /** The agent signed for another price list. */
  | Contradiction<'other_price_list', ReceiptFact, ReceiptFact>
  /** `spent` is not the sum of the charges. */
  | Contradiction<'spent_differs', ReceiptFact | AnswerFact, ReceiptFact | ComputedFact>
  /** `balance_after + spent` is no partial sum of the chain's deposits and withdrawals. */
  | Contradiction<'balance_differs', ReceiptFact, ChainFact>
  | Contradiction<'deposit_not_credited', ReceiptFact | AnswerFact, ChainFact>
  /** The operator settled more than was spent. */
  | Contradiction<'settled_beyond_spent', ReceiptFact | ComputedFact, ChainFact>
  /** A correction that corrects nothing, or too much. */
  | Contradiction<'correction_invalid', ReceiptFact, ReceiptFact | ComputedFact>
  /** What is shown for a session is not what the agent signed for this gateway. */
  | Contradiction<'session_invalid', SessionFact, ComputedFact | SessionFact | AgentFact>
  /** Charged to a session beyond the terms that the agent signed. */
  | Contradiction<'session_exceeded', ReceiptFact, SessionFact>
  /** A session that nothing proves, and that the agent did not open or the gateway does not list. */
  | Contradiction<'session_unknown', ReceiptFact, AgentFact | AnswerFact>
  /** The vault holds less than the gateway says is there. */
  | Contradiction<'insolvent', AnswerFact, ChainFact>

/** What is no contradiction and yet worth knowing. */
export type Note =
  /** Charges of a session for which the gateway shows no proof; `charged` in units. */
  | {
      readonly kind: 'session_unproven'
      readonly session: string
      readonly receipts: number
      readonly charged: string
      readonly why: string
    }
  /** Somebody may still replace the program. */
  | { readonly kind: 'upgrade_authority'; readonly program: string; readonly authority: string }
  /** Program and gateway are not configured: they were taken from the gateway's first answer. */
  | { readonly kind: 'unpinned'; readonly program: string; readonly gateway: string }
  /** The RPC node is the one that the gateway names: who doubts the gateway asks another. */
  | { readonly kind: 'node_of_the_gateway'; readonly rpc_url: string }
  /** The node does not have all of the chain's history: `skipped` could not be checked. */
  | { readonly kind: 'history_incomplete'; readonly why: string; readonly skipped: string }

/** What was looked at. Amounts are decimal strings of units. */
export interface Checked {
  readonly receipts: number
  readonly corrections: number
  /** Sum of the charges, corrections included. */
  readonly charged: string
  readonly spent: string
  readonly deposits: number
  readonly deposited: string
  readonly withdrawn: string
  readonly settlements: number
  readonly settled: string
  readonly price_lists: number
  readonly receipt_keys: number
  readonly sessions: number
  /** Signatures that were verified: of receipts, price lists, calls and sessions. */
  readonly signatures: number
  /** The finalized slot at which vault and tokens were read. */
  readonly slot: number
}

/** The outcome of a check. */
export interface Verdict {
  /** No finding. */
  readonly ok: boolean
  readonly findings: readonly Finding[]
  readonly notes: readonly Note[]
  readonly checked: Checked
}

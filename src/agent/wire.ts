/**
 * What the money routes answer, under the wire's own names. Amounts are decimal strings of units, prices decimal strings
 * of units per 1,000,000 tokens. Source: wire contract, "Money routes" and "Errors".
 */
import type { ChainName } from '../identity/signed-text.ts'
import type { SignedReceipt } from '../proof/receipt.ts'

/** `GET /v1/deposit`: how to pay. Addresses are base58. */
export interface DepositTerms {
  readonly network: ChainName
  readonly program: string
  readonly gateway: string
  readonly vault: string
  readonly deposit_address: string
  readonly mint: string
  readonly asset: 'USDC'
  readonly decimals: 6
  readonly commitment: 'finalized'
  readonly rpc_url: string | null
}

/** What a 402 carries beside `error`. */
export interface Payment extends DepositTerms {
  /** With `authorization_required`: the total that a voucher must reach for this call, and the highest one held. */
  readonly authorize?: {
    readonly vault: string
    readonly cumulative: string
    readonly signed: string
  }
  readonly required: string
  readonly available: string
  readonly shortfall: string
  readonly affordable_max_tokens: number
}

/** `GET /v1/balance`. */
export interface Balance {
  readonly agent: string
  readonly asset: 'USDC'
  readonly decimals: 6
  readonly available: string
  readonly held: string
  readonly frozen: string
  readonly spent: string
  readonly deposited: string
  readonly settled: string
  readonly withdrawn: string
  /** Withdrawn beyond what was free, and to be paid before the next call. */
  readonly owed: string
  readonly pending: readonly {
    readonly signature: string
    readonly amount: string
    readonly status: string
  }[]
}

/** One model of `GET /v1/pricing`. */
export interface ModelPrices {
  readonly provider: string
  readonly input: string
  readonly cached_input: string
  readonly cache_write: string
  readonly cache_write_1h?: string
  readonly output: string
  readonly long_context?: {
    readonly above: number
    readonly input: string
    readonly cached_input: string
    readonly cache_write: string
    readonly output: string
  }
  readonly context_window: number
  readonly max_output_tokens: number
}

/** `GET /v1/pricing`. */
export interface Prices {
  readonly asset: 'USDC'
  readonly decimals: 6
  readonly per: 1_000_000
  readonly version: string
  readonly effective_at: string
  readonly models: Readonly<Record<string, ModelPrices>>
}

/** `POST /v1/quote`. */
export interface Quote {
  readonly price_version: string
  readonly worst_case: string
  readonly expected: string
  readonly affordable: boolean
  /** Tokens. */
  readonly affordable_max_tokens: number
}

/** One row of `GET /v1/transactions`; the type gives the direction. */
export interface TransactionRow {
  readonly id: string | number
  readonly type: string
  readonly amount: string
  readonly balance_after: string
  readonly timestamp: string
  readonly request_id?: string
  readonly usage?: Readonly<Record<string, unknown>>
  readonly signature?: string
}

/** `GET /v1/transactions`, newest first. */
export interface TransactionPage {
  readonly data: readonly TransactionRow[]
  readonly next_cursor: string | null
}

/** `GET /v1/receipts`, ascending. */
export interface ReceiptPage {
  readonly data: readonly SignedReceipt[]
  readonly next_cursor: string | null
}

/** `POST /v1/vouchers`. */
export interface KeptVoucher {
  readonly vault: string
  readonly signed: string
  readonly spent: string
  readonly settled: string
}

/** `POST /v1/sessions`: the token is shown once. */
export interface OpenedSession {
  readonly id: string
  readonly token: string
  readonly expires_at: string
  readonly spend_limit: string | null
}

/**
 * The closed table of errors: code → status → retryable → what to do next.
 * Codes are never reused and never renamed. Source: wire contract, "Errors". Imports nothing.
 */

interface ErrorRow {
  readonly status: number
  /** Whether a client that sends the same request again by itself, signed anew, can succeed soon without anybody changing anything. */
  readonly retryable: boolean
  /** What the caller does next; ends every message. */
  readonly next: string
}

export const ERRORS = {
  invalid_json: { status: 400, retryable: false, next: 'Send a body of valid UTF-8 JSON.' },
  invalid_request: { status: 400, retryable: false, next: 'Correct the request and sign it anew.' },
  unsupported_parameter: {
    status: 400,
    retryable: false,
    next: 'Remove the parameter, or use the value that the message allows.',
  },
  invalid_voucher: { status: 400, retryable: false, next: 'Sign a voucher for this vault anew.' },
  missing_credentials: {
    status: 401,
    retryable: false,
    next: 'Sign the request (X-Agent-* headers) or open a session with POST /v1/sessions/challenge.',
  },
  invalid_signature: {
    status: 401,
    retryable: false,
    next: "Sign the exact method, target and body for the gateway's public URL.",
  },
  stale_request: {
    status: 401,
    retryable: false,
    next: 'Set the clock and sign again: X-Agent-Issued-At may differ by 60 s at most.',
  },
  replayed_nonce: { status: 401, retryable: false, next: 'Sign again with a fresh nonce.' },
  invalid_session: {
    status: 401,
    retryable: false,
    next: 'Open a new session with POST /v1/sessions/challenge.',
  },
  insufficient_balance: {
    status: 402,
    retryable: false,
    next: 'Deposit at least `payment.shortfall` units to `payment.deposit_address`, or lower the output cap to `payment.affordable_max_tokens`.',
  },
  session_limit_reached: {
    status: 402,
    retryable: false,
    next: 'Open a session with a higher spend_limit, or sign the request.',
  },
  authorization_required: {
    status: 402,
    retryable: false,
    next: 'Sign a voucher for `payment.authorize.cumulative` and send it as X-Agent-Voucher.',
  },
  forbidden: {
    status: 403,
    retryable: false,
    next: 'Use a key that may do this: the message says why this one may not.',
  },
  policy_denied: { status: 403, retryable: false, next: 'Ask the owner to change the policy.' },
  approval_required: { status: 403, retryable: false, next: 'Ask the owner to approve the call.' },
  not_found: { status: 404, retryable: false, next: 'Check the path and the id.' },
  model_not_found: { status: 404, retryable: false, next: 'Pick a model of GET /v1/models.' },
  idempotency_conflict: {
    status: 409,
    retryable: false,
    next: 'To ask anew, and be charged anew, use a new Idempotency-Key.',
  },
  request_in_progress: {
    status: 409,
    retryable: false,
    next: 'Wait for it to end, then send the same again: it is answered as the first was.',
  },
  price_changed: {
    status: 409,
    retryable: false,
    next: 'Read GET /v1/pricing and sign for the version in force.',
  },
  request_too_large: { status: 413, retryable: false, next: 'Send a smaller body.' },
  rate_limited: { status: 429, retryable: true, next: 'Wait for Retry-After seconds.' },
  budget_exceeded: { status: 429, retryable: true, next: 'Wait for Retry-After seconds.' },
  internal_error: {
    status: 500,
    retryable: true,
    next: 'Try again; if it persists, report the request id to the operator.',
  },
  upstream_error: { status: 502, retryable: true, next: 'Try again or pick another model.' },
  overloaded: { status: 503, retryable: true, next: 'Wait for Retry-After seconds.' },
  ledger_unavailable: { status: 503, retryable: true, next: 'Try again in a few seconds.' },
  upstream_timeout: { status: 504, retryable: true, next: 'Try again or pick another model.' },
} as const satisfies Record<string, ErrorRow>

/** A code of the closed table. */
export type ErrorCode = keyof typeof ERRORS

/** An expected refusal: travels as a value, is rendered in the caller's dialect at the edge. */
export interface Refusal {
  readonly code: ErrorCode
  /** What was wrong, with the values that show it. The table's `next` is appended when rendered. */
  readonly message: string
  /** The parameter at fault, where one is. */
  readonly param?: string
  readonly retryAfterSeconds?: number
}

/** Makes a refusal; `param` names the parameter at fault. */
export function refusal(code: ErrorCode, message: string, param?: string): Refusal {
  return param === undefined ? { code, message } : { code, message, param }
}

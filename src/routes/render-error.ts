/** Errors as the caller's dialect shapes them. Source: wire contract, "Errors". */
import { ERRORS, type ErrorCode, type Refusal } from '../errors.ts'
import type { Dialect } from '../formats/format.ts'

const OPENAI_TYPES: Partial<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'invalid_request_error',
  413: 'invalid_request_error',
  429: 'rate_limit_error',
}

const ANTHROPIC_TYPES: Partial<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'invalid_request_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

export interface RenderedError {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
}

/** The shape that the answers of this path have. */
export function dialectOf(path: string): Dialect {
  return path === '/v1/messages' || path.startsWith('/v1/messages/') ? 'anthropic' : 'openai'
}

/** `payment` is the wire's object of a 402. */
export function renderError(
  refusal: Refusal,
  dialect: Dialect,
  requestId: string,
  payment: object | null,
): RenderedError {
  const { status } = ERRORS[refusal.code]
  const body =
    dialect === 'anthropic'
      ? anthropicError(refusal, status, requestId)
      : openAiError(refusal, status)
  return {
    status,
    headers: errorHeaders(refusal, status),
    body: payment === null ? body : { ...body, payment },
  }
}

function openAiError(refusal: Refusal, status: number): Record<string, unknown> {
  const type = OPENAI_TYPES[status] ?? 'server_error'
  const { code, param } = refusal
  return { error: { message: fullMessage(refusal), type, param: param ?? null, code } }
}

function anthropicError(
  refusal: Refusal,
  status: number,
  requestId: string,
): Record<string, unknown> {
  const type = ANTHROPIC_TYPES[status] ?? 'api_error'
  const { code, param } = refusal
  const error = { type, message: fullMessage(refusal), code, param: param ?? null }
  return { type: 'error', error, request_id: requestId }
}

/** What was wrong, and what to do next. */
function fullMessage({ code, message }: Refusal): string {
  return `${message} ${ERRORS[code].next}`
}

/** SDKs retry 409 and 5xx on their own: they are told where that can't help. */
function errorHeaders(refusal: Refusal, status: number): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (!isRetryable(refusal.code)) headers['x-should-retry'] = 'false'
  if (status === 402) headers['cache-control'] = 'no-store'
  if (refusal.retryAfterSeconds !== undefined) {
    headers['retry-after'] = refusal.retryAfterSeconds.toString()
  }
  return headers
}

function isRetryable(code: ErrorCode): boolean {
  return ERRORS[code].retryable
}

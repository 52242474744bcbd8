/** What the gateway's own routes answer, and how it leaves: JSON, or an error in the dialect of the path. */
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type Refusal, refusal } from '../errors.ts'
import { LedgerUnavailable } from '../ledger/ledger.ts'
import { dialectOf, renderError } from './render-error.ts'

export type Reply =
  | { readonly kind: 'json'; readonly status: 200 | 201 | 202; readonly body: object }
  | { readonly kind: 'empty' }
  /** `payment`: the wire's object of a 402. */
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly payment?: object }

export function json(body: object, status: 200 | 201 | 202 = 200): Reply {
  return { kind: 'json', status, body }
}

export function refused(reason: Refusal, payment?: object): Reply {
  return { kind: 'refused', refusal: reason, ...(payment === undefined ? {} : { payment }) }
}

export function send(context: Context, requestId: string, reply: Reply): Response {
  context.header('x-request-id', requestId)
  switch (reply.kind) {
    case 'json':
      return context.json(reply.body, reply.status)
    case 'empty':
      return context.body(null, 204)
    case 'refused': {
      const dialect = dialectOf(context.req.path)
      const { refusal: reason, payment = null } = reply
      const { status, headers, body } = renderError(reason, dialect, requestId, payment)
      return context.json(body, status as ContentfulStatusCode, { ...headers })
    }
  }
}

/** The refusal that an unexpected error becomes; null where it is a defect and must be reported. */
export function expectedFailure(error: unknown): Refusal | null {
  return error instanceof LedgerUnavailable
    ? refusal('ledger_unavailable', 'The ledger cannot be written now.')
    : null
}

/** Seconds after which a receipt key that does not sign is asked again. */
const UNSIGNED_RETRY_SECONDS = 5

/** Told where what was asked for has no signature yet. */
export function unsigned(): Refusal {
  const message = 'The receipt key does not sign now.'
  return { code: 'overloaded', message, retryAfterSeconds: UNSIGNED_RETRY_SECONDS }
}

export function internalError(): Refusal {
  return refusal('internal_error', 'The gateway failed.')
}

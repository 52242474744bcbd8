/** What the gateway's own routes answer, and how it leaves: JSON, or an error in the dialect of the path. */
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type Refusal, refusal } from '../errors.ts'
import { LedgerUnavailable } from '../ledger/ledger.ts'
import { dialectOf, renderError } from './render-error.ts'

export type Reply =
  | { readonly kind: 'json'; readonly status: 200 | 201 | 202; readonly body: object }
  | { readonly kind: 'empty' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

export function json(body: object, status: 200 | 201 | 202 = 200): Reply {
  return { kind: 'json', status, body }
}

export function refused(reason: Refusal): Reply {
  return { kind: 'refused', refusal: reason }
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
      const { status, headers, body } = renderError(reply.refusal, dialect, requestId, null)
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

export function internalError(): Refusal {
  return refusal('internal_error', 'The gateway failed.')
}

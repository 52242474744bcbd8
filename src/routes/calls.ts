/** The billed calls, and the free ones: one route a format, served straight into Node's response. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Hono } from 'hono'
import type { Format } from '../formats/format.ts'
import { serveFreeCall } from '../request/free-call.ts'
import { serveCall } from '../request/path.ts'
import { type Env, incomingOf } from './context.ts'
import { Departure } from './departure.ts'
import { NodeClient } from './node-client.ts'
import type { RouteParts } from './parts.ts'
import { paymentBody } from './payment.ts'
import { closeUnread } from './read-body.ts'
import { renderError } from './render-error.ts'
import { expectedFailure, internalError } from './reply.ts'
import { withPaymentRequired } from './x402-headers.ts'

/** One request and what answers it. */
interface Exchange {
  readonly requestId: string
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

export function addCalls(app: Hono<Env>, parts: RouteParts, formats: readonly Format[]): void {
  for (const format of formats) {
    app.post(format.target, async ({ var: { requestId }, env: { incoming, outgoing } }) => {
      await serve({ requestId, incoming, outgoing }, parts, format)
      return RESPONSE_ALREADY_SENT
    })
  }
}

/** What a Host header looks like that makes a URL; others are left to the router to refuse. */
const PLAIN_HOST = /^[a-z0-9.-]{1,255}(:\d{1,5})?$/i

/**
 * The same calls for requests that name their target as it is documented, which nearly all do: what would be built for
 * them to be routed costs more than reading them. Returns false for all others, which the routes above serve.
 */
export function directCalls(
  parts: RouteParts,
  formats: readonly Format[],
  nextRequestId: () => string,
): (incoming: IncomingMessage, outgoing: ServerResponse) => boolean {
  const byTarget = new Map(formats.map((format) => [format.target, format]))
  return (incoming, outgoing) => {
    const format = incoming.method === 'POST' ? byTarget.get(incoming.url ?? '') : undefined
    if (format === undefined || parts.stopping()) return false
    if (!PLAIN_HOST.test(incoming.headers.host ?? '')) return false
    const requestId = nextRequestId()
    serve({ requestId, incoming, outgoing }, parts, format)
      .catch((error: unknown) => {
        parts.reportFailure(requestId, error)
        outgoing.destroy()
      })
      .finally(() => closeUnread(incoming))
    return true
  }
}

/** Answers; rejects only where not even a refusal can be made. */
async function serve(exchange: Exchange, parts: RouteParts, format: Format): Promise<void> {
  const { requestId, incoming, outgoing } = exchange
  const departure = new Departure()
  parts.live.add(departure)
  const client = new NodeClient(outgoing, requestId, departure, (refusal, payment) => {
    const body = payment === undefined ? null : paymentBody(parts, payment)
    const rendered = renderError(refusal, format.dialect, requestId, body)
    const { x402 } = parts
    const pays = payment !== undefined && refusal.code === 'insufficient_balance'
    if (x402 === null || !pays) return rendered
    const url = `${parts.path.audience.origin}${incoming.url}`
    return withPaymentRequired(x402, rendered, refusal, payment, url)
  })
  const run = format.billed ? serveCall : serveFreeCall
  try {
    await run(parts.path, format, incomingOf(requestId, incoming, parts), client)
  } catch (error) {
    const expected = expectedFailure(error)
    if (expected === null) parts.reportFailure(requestId, error)
    if (outgoing.headersSent) client.cut()
    else await client.refuse(expected ?? internalError())
  } finally {
    parts.live.remove(departure)
  }
}

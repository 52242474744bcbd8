/** The billed calls, and the free ones: one route a format, served straight into Node's response. */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Hono } from 'hono'
import type { Format } from '../formats/format.ts'
import { serveFreeCall } from '../request/free-call.ts'
import { serveCall } from '../request/path.ts'
import { type Env, incomingOf, type RouteContext } from './context.ts'
import { nodeClient } from './node-client.ts'
import type { RouteParts } from './parts.ts'
import { paymentBody } from './payment.ts'
import { renderError } from './render-error.ts'
import { expectedFailure, internalError } from './reply.ts'
import { withPaymentRequired } from './x402-headers.ts'

export function addCalls(app: Hono<Env>, parts: RouteParts, formats: readonly Format[]): void {
  for (const format of formats) {
    app.post(format.target, (context) => serve(context, parts, format))
  }
}

async function serve(context: RouteContext, parts: RouteParts, format: Format): Promise<Response> {
  const { requestId } = context.var
  const controller = new AbortController()
  const leave = parts.live.add(controller)
  const { incoming, outgoing } = context.env
  const client = nodeClient(outgoing, requestId, controller, (refusal, payment) => {
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
    await run(parts.path, format, incomingOf(context, parts), client)
  } catch (error) {
    const expected = expectedFailure(error)
    if (expected === null) parts.reportFailure(requestId, error)
    if (outgoing.headersSent) client.cut()
    else await client.refuse(expected ?? internalError())
  } finally {
    leave()
  }
  return RESPONSE_ALREADY_SENT
}

/** The HTTP surface: every route, and what answers where there is none. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Context, Hono } from 'hono'
import { refusal } from '../errors.ts'
import type { Format } from '../formats/format.ts'
import { gatewayStops } from '../request/gateway-stops.ts'
import { addAdmin } from './admin.ts'
import { addCalls, directCalls } from './calls.ts'
import type { Env } from './context.ts'
import { addDeposits } from './deposits.ts'
import { addDev } from './dev.ts'
import { addHealth } from './health.ts'
import { addMoney } from './money.ts'
import type { RouteParts } from './parts.ts'
import { addPrices } from './prices.ts'
import { addReceipts } from './receipts.ts'
import { expectedFailure, internalError, refused, send } from './reply.ts'
import { createRequestIds } from './request-ids.ts'
import { addSessions } from './sessions.ts'
import { addVouchers } from './vouchers.ts'
import { addX402 } from './x402.ts'

export interface App {
  fetch(request: Request, bindings: unknown): Response | Promise<Response>
  /** Serves a call past the router; false where the request is not one, or not plainly one. */
  serveCall(incoming: IncomingMessage, outgoing: ServerResponse): boolean
}

export function createApp(parts: RouteParts, formats: readonly Format[]): App {
  const app = new Hono<Env>()
  const nextRequestId = createRequestIds(parts.random, parts.path.now)
  app.use(async function nameRequest(context, next) {
    context.set('requestId', nextRequestId())
    if (!parts.stopping()) return next()
    context.header('connection', 'close')
    return send(context, context.var.requestId, refused(gatewayStops()))
  })
  addHealth(app, parts)
  addCalls(app, parts, formats)
  addPrices(app, parts, formats)
  addMoney(app, parts)
  addDeposits(app, parts)
  addVouchers(app, parts)
  addReceipts(app, parts)
  addSessions(app, parts)
  addAdmin(app, parts)
  if (parts.x402 !== null) addX402(app, parts, parts.x402)
  if (parts.dev !== null) addDev(app, parts, parts.dev)
  app.notFound((context) => {
    const message = `There is no ${context.req.method} ${context.req.path} here.`
    return send(context, context.get('requestId'), refused(refusal('not_found', message)))
  })
  app.onError((error, context: Context<Env>) => {
    const expected = expectedFailure(error)
    if (expected === null) parts.reportFailure(context.var.requestId, error)
    return send(context, context.var.requestId, refused(expected ?? internalError()))
  })
  return {
    fetch: (request, bindings) => app.fetch(request, bindings as Env['Bindings']),
    serveCall: directCalls(parts, formats, nextRequestId),
  }
}

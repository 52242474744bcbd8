/** A request as the routes see it: its id, its raw line and headers, its body. */
import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import { type Refusal, refusal } from '../errors.ts'
import { type Asked, ask, keepVoucher } from '../request/ask.ts'
import type { Caller } from '../request/authenticate.ts'
import type { Incoming } from '../request/exchange.ts'
import type { RouteParts } from './parts.ts'
import { readBody } from './read-body.ts'
import { type Reply, refused, send } from './reply.ts'

export interface Env {
  Bindings: HttpBindings
  Variables: { requestId: string }
}

export type RouteContext = Context<Env>

/** The request of a route's context. */
export function incomingIn({ var: { requestId }, env }: RouteContext, parts: RouteParts): Incoming {
  return incomingOf(requestId, env.incoming, parts)
}

export function incomingOf(
  requestId: string,
  incoming: IncomingMessage,
  parts: RouteParts,
): Incoming {
  return {
    requestId,
    method: incoming.method ?? '',
    target: incoming.url ?? '',
    header: (name) => {
      const value = incoming.headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
    readBody: () => readBody(incoming, parts.bodies),
  }
}

export type { Asked }

/** Who asks; a voucher that came with the request is kept, whatever the request is answered with. */
export async function askAndKeep(
  parts: RouteParts,
  incoming: Incoming,
): Promise<Asked | { readonly kind: 'refused'; readonly refusal: Refusal }> {
  const asked = await ask(parts.path, incoming, 'other')
  if (asked.kind === 'asked') await keepVoucher(parts.path, asked)
  return asked
}

/** A route of the gateway's own that only a caller with credentials may use. */
export function authenticated(
  parts: RouteParts,
  handle: (asked: Asked, context: RouteContext) => Promise<Reply>,
) {
  return async (context: RouteContext): Promise<Response> => {
    const asked = await askAndKeep(parts, incomingIn(context, parts))
    const reply = asked.kind === 'refused' ? refused(asked.refusal) : await handle(asked, context)
    return send(context, context.var.requestId, reply)
  }
}

/** A route of the gateway's own that anyone may use. */
export function open(handle: (context: RouteContext) => Reply | Promise<Reply>) {
  return async (context: RouteContext): Promise<Response> =>
    send(context, context.var.requestId, await handle(context))
}

/** A refusal unless the caller signed the request itself: a session token may not do this. */
export function refuseToken(caller: Caller): Refusal | null {
  return caller.session === null
    ? null
    : refusal('forbidden', 'This takes a signed request, not a session token.')
}

export type JsonBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Parses the body of one of the gateway's own routes. */
export function parseJson(body: Uint8Array): JsonBody {
  try {
    return { kind: 'json', value: JSON.parse(utf8.decode(body)) as unknown }
  } catch {
    return { kind: 'refused', refusal: refusal('invalid_json', 'The body is not JSON.') }
  }
}

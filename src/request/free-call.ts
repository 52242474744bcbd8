/** A call that costs nothing (`count_tokens`): authenticated and forwarded, never held, never estimated. */
import { refusal } from '../errors.ts'
import type { Format } from '../formats/format.ts'
import { admit } from './admit.ts'
import { ask, keepVoucher } from './ask.ts'
import { collect } from './collect.ts'
import { type Client, type Incoming, leaveReason } from './exchange.ts'
import { forward } from './forward.ts'
import { gatewayStops } from './gateway-stops.ts'
import { type PathParts, providerOf } from './path.ts'

/** The largest answer that is passed on. */
const ANSWER_BYTES_MAX = 1_048_576

export async function serveFreeCall(
  parts: PathParts,
  format: Format,
  incoming: Incoming,
  client: Client,
): Promise<void> {
  const asked = await ask(parts, incoming, 'other')
  if (asked.kind === 'refused') return client.refuse(asked.refusal)
  await keepVoucher(parts, asked)

  const admitted = admit(parts.prices(), format, incoming.header, asked.caller, asked.body)
  if (admitted.kind === 'refused') return client.refuse(admitted.refusal)

  const { plan, model, headers } = admitted.call
  const request = {
    path: format.upstreamPath,
    body: plan.forward(plan.output.cap ?? 0),
    headers,
    timeouts: parts.timeouts,
    signal: client.signal,
  }
  const forwarded = await forward(providerOf(parts.providers, model.provider), request, parts.now)
  switch (forwarded.kind) {
    case 'refused':
      return client.refuse(forwarded.refusal)
    case 'rejected':
      return client.answer(forwarded.status, typed(forwarded.contentType), forwarded.bytes)
    case 'abandoned':
      return tellStopping(client)
    case 'answered':
      break
  }
  const collected = await collect(forwarded.body, ANSWER_BYTES_MAX)
  switch (collected.kind) {
    case 'whole':
      return client.answer(forwarded.status, typed(forwarded.contentType), collected.bytes)
    case 'aborted':
      return tellStopping(client)
    case 'stalled':
      return client.refuse(refusal('upstream_timeout', 'The provider stopped inside its answer.'))
    case 'broken':
    case 'too_large':
      return client.refuse(refusal('upstream_error', 'The provider’s answer was cut.'))
  }
}

function typed(contentType: string): Record<string, string> {
  return { 'content-type': contentType, 'x-charge': '0' }
}

async function tellStopping(client: Client): Promise<void> {
  if (leaveReason(client.signal) === 'gateway_stops') await client.refuse(gatewayStops())
}

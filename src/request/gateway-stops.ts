/** What a client is told whose call can not begin, or not end, because this gateway stops. Property S2. */
import type { Refusal } from '../errors.ts'

/** Seconds after which a gateway that stops has likely been replaced. */
const RESTART_SECONDS = 5

export function gatewayStops(): Refusal {
  const message = 'The gateway is being restarted.'
  return { code: 'overloaded', message, retryAfterSeconds: RESTART_SECONDS }
}

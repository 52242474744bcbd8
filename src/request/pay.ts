/**
 * Between admission and hold: a payment that came with the call is settled first, so that what it brings can be held.
 * Whether it was, and why not, goes with the answer; the call goes on as any other, on what the agent has then.
 * Source: wire contract, the last paragraph of "Errors".
 */
import type { StopSignal } from '../providers/provider.ts'
import { type Client, type Incoming, leaveReason, type ResponseHeaders } from './exchange.ts'
import { gatewayStops } from './gateway-stops.ts'

/** Settles payments; what is told of one goes with the answer. Never throws for what a client sent. */
export interface Payments {
  collect(agent: string, payment: string): Promise<ResponseHeaders>
}

/** False where nobody waits for the answer any more. */
export async function pay(
  payments: Payments,
  payment: string,
  agent: string,
  client: Client,
): Promise<boolean> {
  const told = await untilGone(payments.collect(agent, payment), client.signal)
  if (told !== null) client.tell(told)
  if (!client.signal.aborted) return true
  if (leaveReason(client.signal) === 'gateway_stops') await client.refuse(gatewayStops())
  return false
}

/** The header that carries a payment. */
export function paymentOf({ header }: Incoming): string | undefined {
  return header('payment-signature')
}

/** Null when the signal came first. What was begun goes on. */
async function untilGone<T>(begun: Promise<T>, signal: StopSignal): Promise<T | null> {
  if (signal.aborted) return null
  let stop = (): void => {}
  const gone = new Promise<null>((resolve) => {
    stop = () => resolve(null)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([begun, gone])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

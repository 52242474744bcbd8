/** The headers of x402, where answers get them. Source: wire contract, "Errors"; x402 v2, HTTP transport. */
import type { Refusal } from '../errors.ts'
import type { PaymentNeeded } from '../request/exchange.ts'
import type { Payments } from '../request/pay.ts'
import { encodeHeader, type SettlementResponse } from '../x402/wire.ts'
import type { X402 } from '../x402/x402.ts'
import type { RenderedError } from './render-error.ts'

/** Settles the payments that come with calls. */
export function paymentsOf(x402: X402): Payments {
  return {
    async collect(agent, payment) {
      return settlementHeaders(await x402.settle({ agent, asker: agent, payment }))
    },
  }
}

export function settlementHeaders(response: SettlementResponse): Record<string, string> {
  return { 'payment-response': encodeHeader(response) }
}

/** Adds how to pay to a 402 for which a payment helps, where the agent's vault is open. */
export async function withPaymentRequired(
  x402: X402,
  rendered: RenderedError,
  { code }: Refusal,
  { agent, shortfall }: PaymentNeeded,
  url: string,
): Promise<RenderedError> {
  const value = await x402.ask(agent, shortfall, url, code)
  if (value === null) return rendered
  return { ...rendered, headers: { ...rendered.headers, 'payment-required': value } }
}

/** The `payment` object of a 402. Source: wire contract, "Errors"; proof contract, "Vouchers on the wire". */
import type { PaymentNeeded } from '../request/exchange.ts'
import type { RouteParts } from './parts.ts'

export function paymentBody(
  { depositInstructions }: Pick<RouteParts, 'depositInstructions'>,
  payment: PaymentNeeded,
): object {
  const instructions = depositInstructions(payment.agent)
  const { authorize } = payment
  return {
    required: payment.required.toString(),
    available: payment.available.toString(),
    shortfall: payment.shortfall.toString(),
    affordable_max_tokens: payment.affordableMaxTokens,
    ...(authorize === undefined
      ? {}
      : {
          authorize: {
            vault: instructions.vault,
            cumulative: authorize.cumulative.toString(),
            signed: authorize.signed.toString(),
          },
        }),
    ...instructions,
  }
}

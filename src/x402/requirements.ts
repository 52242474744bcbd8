/** What a client is asked to pay, and whether what it agreed to is that. Pure. */
import { most, parseUnits, type Units } from '../money.ts'
import type { PaymentTerms } from './payment-rules.ts'
import type { PaymentPayload, PaymentRequired, PaymentRequirements } from './wire.ts'

/** Where payments of one gateway go. Addresses are base58. */
export interface PaymentSite {
  /** CAIP-2. */
  readonly network: string
  readonly mint: string
  readonly decimals: number
  /** The operator's key: pays the network's fee. */
  readonly feePayer: string
  /** Smaller payments are not asked for, nor taken. */
  readonly minimum: Units
}

/** Where one agent's payments go. */
export interface PaymentPlace {
  readonly vault: string
  readonly depositAddress: string
}

/** How long a paid request may wait for its payment to be final and credited. */
export const MAX_TIMEOUT_SECONDS = 120

/** The terms of a payment of `asked` units, or of the minimum where that is more. */
export function requirements(
  { network, mint, feePayer, minimum }: PaymentSite,
  { vault }: PaymentPlace,
  asked: Units,
): PaymentRequirements {
  return {
    scheme: 'exact',
    network,
    amount: most(asked, minimum).toString(),
    asset: mint,
    payTo: vault,
    maxTimeoutSeconds: MAX_TIMEOUT_SECONDS,
    extra: { feePayer },
  }
}

/** `url` is what is asked for, `error` why it was not given. */
export function paymentRequired(
  accepts: PaymentRequirements,
  url: string,
  error: string,
): PaymentRequired {
  const description = 'Prepaid inference: what is paid goes to your own vault.'
  const resource = { url, description, mimeType: 'application/json' }
  return { x402Version: 2, error, resource, accepts: [accepts] }
}

export type AgreedTerms =
  | { readonly kind: 'agreed'; readonly terms: PaymentTerms }
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string }

/** The terms that a transaction is checked against: the client's, as far as they are ours. */
export function agreedTerms(
  site: PaymentSite,
  { vault, depositAddress }: PaymentPlace,
  { accepted }: PaymentPayload,
): AgreedTerms {
  if (accepted.scheme !== 'exact') return refused('unsupported_scheme', 'The scheme is exact.')
  if (accepted.network !== site.network) {
    return refused('invalid_network', `The network is ${site.network}.`)
  }
  const same =
    accepted.asset === site.mint && accepted.payTo === vault && accepted.feePayer === site.feePayer
  if (!same) {
    const message = `asset, payTo and feePayer are ${site.mint}, ${vault} and ${site.feePayer}.`
    return refused('invalid_payment_requirements', message)
  }
  const amount = parseUnits(accepted.amount)
  if (amount === null || amount < site.minimum) {
    const message = `A payment is of at least ${site.minimum} units.`
    return refused('invalid_payment_requirements', message)
  }
  const { feePayer, mint, decimals } = site
  return { kind: 'agreed', terms: { feePayer, mint, decimals, depositAddress, amount } }
}

function refused(reason: string, message: string): AgreedTerms {
  return { kind: 'refused', reason, message }
}

/**
 * What a call is charged, for every way it can end: the published policy (docs/billing.md) as pure decisions.
 * Properties L3, M3, M4.
 */
import type { UsageReading } from '../formats/format.ts'
import type { Outcome, RecoveryTerms } from '../ledger/ledger.ts'
import { least, type Tokens, type Units } from '../money.ts'

/** What was agreed when the call was held. */
export interface ChargeTerms {
  /** The hold: no charge exceeds it. */
  readonly held: Units
  /** The input bound as tokens, all of them input. */
  readonly inputBound: Tokens
  /** Output tokens that the call can be billed for at most. */
  readonly outputMax: number
  /** The charge for these tokens at the prices of the hold. */
  priceOf(tokens: Tokens): Units
}

/** How the exchange with the provider ended, once it had answered with a 200. */
export type Ending =
  /** The provider finished, and nothing it sent says otherwise. */
  | 'finished'
  /** An error or a cut inside the answer. */
  | 'failed'
  | 'stalled'
  | 'client_left'
  /** This gateway had to stop before the provider had finished. */
  | 'gateway_stops'

export interface Price {
  readonly outcome: Outcome
  readonly tokens: Tokens
  readonly charge: Units
}

/** The charge for tokens that the provider reported. */
export function chargeFor(terms: ChargeTerms, tokens: Tokens): Units {
  return least(terms.priceOf(tokens), terms.held)
}

/** Outcome, tokens and charge of a call that ended; `reading` is what the provider said up to then. */
export function priceEnding(terms: ChargeTerms, ending: Ending, reading: UsageReading): Price {
  const tokens = reading.tokens ?? boundedTokens(terms, reading)
  const outcome = outcomeOf(ending, reading.tokens !== null)
  return { outcome, tokens, charge: chargeFor(terms, tokens) }
}

/** What a call would be charged if the gateway died now. */
export function recoveryTerms(terms: ChargeTerms, reading: UsageReading | null): RecoveryTerms {
  const tokens = reading?.tokens ?? boundedTokens(terms, reading)
  return { tokens, charge: chargeFor(terms, tokens) }
}

/** The input that the provider reported, or its bound; and the bytes that were delivered as output tokens. */
function boundedTokens(terms: ChargeTerms, reading: UsageReading | null): Tokens {
  const input = reading?.inputTokens ?? terms.inputBound
  return { ...input, output: Math.min(reading?.outputBytes ?? 0, terms.outputMax) }
}

function outcomeOf(ending: Ending, hasUsage: boolean): Outcome {
  switch (ending) {
    case 'finished':
      return hasUsage ? 'completed' : 'usage_missing'
    case 'failed':
      return 'provider_failed'
    case 'stalled':
      return 'provider_stalled'
    case 'client_left':
      return 'client_left'
    case 'gateway_stops':
      return 'recovered'
  }
}

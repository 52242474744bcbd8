/**
 * Step 6: ends the hold, exactly once: settled at its charge, or released. Properties L3, L4, M4.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { LedgerUnavailable, type SettleOutcome, type SpendLedger } from '../ledger/ledger.ts'
import { type Price, priceEnding } from './billing.ts'
import type { HeldCall } from './hold.ts'
import type { Metered } from './meter.ts'
import type { ReceiptDesk } from './receipts.ts'

/** A ledger that is away for a moment must not cost the operator a charge, nor the agent a release. */
const ATTEMPTS = 8
const PAUSE_MS = 1_000

export type Settled =
  | {
      readonly kind: 'settled'
      readonly price: Price
      readonly remainder: Uint8Array
      /** As it is delivered; null where the answer is a stream, which has no place for it, or where it is not signed yet. */
      readonly receipt: string | null
    }
  /** Resolved by the sweeper before: that charge stands. */
  | { readonly kind: 'already_ended'; readonly price: Price; readonly remainder: Uint8Array }
  /** The sweeper will resolve it by its recovery terms. */
  | { readonly kind: 'unavailable'; readonly price: Price }

export interface SettleParts {
  readonly ledger: Pick<SpendLedger, 'settle'>
  readonly receipts: Pick<ReceiptDesk, 'deliver'>
  readonly now: () => number
}

/** Charges a metered call; its receipt is written with the charge, and signed before this resolves where the answer carries it. */
export async function settle(
  { ledger, receipts, now }: SettleParts,
  { requestId, terms }: Pick<HeldCall, 'requestId' | 'terms'>,
  metered: Metered,
): Promise<Settled> {
  const price = priceEnding(terms, metered.ending, metered.reading)
  const remainder = metered.remainder(price.charge)
  const settlement = {
    requestId,
    outcome: price.outcome,
    tokens: price.tokens,
    charge: price.charge,
    upstreamId: metered.reading.upstreamId,
    responseDigest: metered.digestWith(remainder),
    answer: metered.kept(remainder),
    at: now(),
  }
  const outcome = await insist((): Promise<SettleOutcome> => ledger.settle(settlement))
  if (outcome === null) return { kind: 'unavailable', price }
  if (outcome.kind === 'already_ended') return { kind: 'already_ended', price, remainder }
  const receipt = metered.streamed ? null : await receipts.deliver(outcome.receipt)
  return { kind: 'settled', price, remainder, receipt }
}

/** Gives a hold back; `reason` is the code that the client is answered with. Resolves when it is durable or given up. */
export async function release(
  ledger: Pick<SpendLedger, 'release'>,
  requestId: string,
  reason: string,
  now: () => number,
): Promise<void> {
  await insist(() => ledger.release({ requestId, at: now(), reason }))
}

/** Tries again while the ledger is unavailable; null when it stays so. */
async function insist<T>(write: () => Promise<T>): Promise<T | null> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write()
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error
      if (attempt === ATTEMPTS) return null
      await pause(PAUSE_MS)
    }
  }
}

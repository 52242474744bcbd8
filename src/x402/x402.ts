/** The gateway's side of x402: what is asked for, and what comes in. Null where the operator has it switched off. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Units } from '../money.ts'
import { OpenVaults, type VaultBooks } from './open-vaults.ts'
import { paymentRequired, requirements } from './requirements.ts'
import { type Presented, type SettlementParts, Settlements } from './settlements.ts'
import { encodeHeader, type SettlementResponse } from './wire.ts'

export interface X402 {
  /** CAIP-2. */
  readonly network: string
  /** The least that is asked for and taken, in units. */
  readonly minimum: Units
  /**
   * The value of `PAYMENT-REQUIRED` that asks an agent for this many units, or the minimum where that is more; null
   * where its vault is not open: what is paid to a vault that is not there cannot be recognised.
   */
  ask(agent: string, asked: Units, url: string, error: string): Promise<string | null>
  /** Settles a payment, within `MAX_TIMEOUT_SECONDS`; what went wrong is in the answer. */
  settle(presented: Presented): Promise<SettlementResponse>
}

export interface X402Parts extends Omit<SettlementParts, 'credited'> {
  readonly ledger: VaultBooks
  /** Has the watcher look at the chain. */
  readonly wake: () => void
  /** Ends what is waited for. */
  readonly signal: AbortSignal
}

/**
 * The least that is worth two fees of the operator's, for the payment and for recognising it: 0.10 USDC, some thirty
 * times what they come to.
 */
export const TOP_UP_MIN = 100_000n as Units

const LOOK_MS = 200
/** A woken watcher goes on looking each second by itself. */
const LOOKS_PER_WAKE = 5
/** Recognising a transfer takes a second transaction and its finality; whoever waits has been answered by then. */
const CREDITED_WITHIN_MS = 180_000

export function createX402(parts: X402Parts): X402 {
  const { site, placeOf, ledger, now } = parts
  const vaults = new OpenVaults(ledger, now)
  const credited = (agent: string, total: Units) => untilCredited(parts, agent, total)
  const settlements = new Settlements({ ...parts, credited })
  return {
    network: site.network,
    minimum: site.minimum,
    async ask(agent, asked, url, error) {
      if (!(await vaults.has(agent))) return null
      return encodeHeader(paymentRequired(requirements(site, placeOf(agent), asked), url, error))
    },
    settle: (presented) => settlements.settle(presented),
  }
}

async function untilCredited(
  { ledger, wake, now, signal }: X402Parts,
  agent: string,
  total: Units,
): Promise<void> {
  const until = now() + CREDITED_WITHIN_MS
  for (let looks = 0; now() < until && !signal.aborted; looks += 1) {
    if ((await ledger.balance(agent)).deposited >= total) return
    if (looks % LOOKS_PER_WAKE === 0) wake()
    await pause(LOOK_MS)
  }
}

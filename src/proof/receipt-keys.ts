/**
 * Which key may sign when: a key is valid from the block time of the event that named it until the next one, give or
 * take a minute. Source: proof contract, "Receipts" (valid keys).
 */
import { verifyStrict } from '../identity/ed25519.ts'
import { decodePublicKey } from '../identity/public-key.ts'
import type { ChainHistory } from './evidence.ts'
import type { ChainFact } from './finding.ts'

/** How far the clocks of chain, gateway and agent may be apart. */
export const CLOCK_TOLERANCE_MS = 60_000

/** A key and its time, in Unix milliseconds; infinite where it is open. */
export interface KeyWindow {
  /** Base58. */
  readonly receiptKey: string
  readonly bytes: Uint8Array
  readonly from: number
  readonly until: number
  readonly fact: ChainFact
}

export type KeyOutcome =
  | { readonly kind: 'valid' }
  /** It is of this key, whose time is another. */
  | { readonly kind: 'out_of_time'; readonly window: KeyWindow }
  | { readonly kind: 'no_key' }

/** The windows of a gateway's keys, in the order of the chain. */
export function keyWindows(chain: ChainHistory): KeyWindow[] {
  const named = chain.receiptKeys.flatMap(
    ({ receiptKey, timeSeconds, slot, transaction }, index) => {
      const next = chain.receiptKeys[index + 1]
      const from = milliseconds(timeSeconds) ?? Number.NEGATIVE_INFINITY
      const until = milliseconds(next?.timeSeconds ?? null) ?? Number.POSITIVE_INFINITY
      return keyWindow(receiptKey, from, until, { slot, transaction })
    },
  )
  if (named.some(({ receiptKey }) => receiptKey === chain.receiptKey)) return named
  // The node's history lacks the event that named it: the account itself names the key.
  const { receiptKey, slot, gateway: account } = chain
  const [from, until] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  return [...named, ...keyWindow(receiptKey, from, until, { slot, account })]
}

/** Whose signature it is, and whether that key was named at `at` (Unix milliseconds). */
export function signerOf(
  windows: readonly KeyWindow[],
  message: Uint8Array,
  signature: Uint8Array,
  at: number,
): KeyOutcome {
  const timely = windows.filter((window) => isTimely(window, at))
  const tried = new Set<string>()
  for (const window of [...timely, ...windows]) {
    if (tried.has(window.receiptKey)) continue
    tried.add(window.receiptKey)
    if (!verifyStrict(window.bytes, message, signature)) continue
    return timely.includes(window) ? { kind: 'valid' } : { kind: 'out_of_time', window }
  }
  return { kind: 'no_key' }
}

/** Whether a signature of `at` may be of a key that the node has forgotten. */
export function isForgotten(
  chain: ChainHistory,
  windows: readonly KeyWindow[],
  at: number,
): boolean {
  const firstKnown = Math.min(...windows.map(({ from }) => from))
  return !chain.keysComplete && at < firstKnown + CLOCK_TOLERANCE_MS
}

/** What the chain says of the keys, where none of them fits. */
export function namedKeysFact(windows: readonly KeyWindow[], chain: ChainHistory): ChainFact {
  const keys = windows.map(({ fact }) => fact.states)
  return {
    source: 'chain',
    states: { receipt_keys: keys },
    account: chain.gateway,
    slot: chain.slot,
  }
}

function isTimely({ from, until }: KeyWindow, at: number): boolean {
  return at >= from - CLOCK_TOLERANCE_MS && at <= until + CLOCK_TOLERANCE_MS
}

function keyWindow(
  receiptKey: string,
  from: number,
  until: number,
  place: { readonly slot: number; readonly transaction?: string; readonly account?: string },
): KeyWindow[] {
  const bytes = decodePublicKey(receiptKey)
  if (bytes === null) return []
  const states = { receipt_key: receiptKey, from: instant(from), until: instant(until) }
  return [{ receiptKey, bytes, from, until, fact: { source: 'chain', states, ...place } }]
}

function milliseconds(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000
}

/** RFC 3339; null where the time is open. */
function instant(at: number): string | null {
  return Number.isFinite(at) ? new Date(at).toISOString() : null
}

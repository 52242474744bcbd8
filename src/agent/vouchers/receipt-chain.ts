/**
 * The agent's receipts as it has verified them, one after the other: what it lets be called `spent`. Source: proof
 * contract, "Receipts".
 */
import { checkAuthProof } from '../../identity/auth-proof.ts'
import type { Audience } from '../../identity/signed-text.ts'
import { type Units, units, ZERO } from '../../money.ts'
import { type ReadReceipt, readReceipt } from '../../proof/read-receipt.ts'
import { FIRST_PREV } from '../../proof/receipt.ts'
import { isBilled } from './call-bound.ts'

/** Whose receipts these must be. Addresses are base58. */
export interface ReceiptParty extends Audience {
  readonly gateway: string
  readonly agent: string
}

/** The last receipt that verified. */
export interface Link {
  readonly seq: number
  readonly digest: string
  readonly spent: Units
}

export const NO_RECEIPTS: Link = { seq: 0, digest: FIRST_PREV, spent: ZERO }

/** What the agent remembers of its own about a call: a bound for it, and the list that it agreed to. */
export interface OwnCall {
  readonly bound: Units
  readonly priceVersion: string
}

/** What a receipt says happened. */
export type Charged =
  | { readonly kind: 'call'; readonly nonce: string; readonly charge: bigint }
  | { readonly kind: 'session'; readonly session: string; readonly charge: bigint }
  | { readonly kind: 'correction'; readonly charge: bigint }

export type Linked =
  | {
      readonly kind: 'linked'
      readonly link: Link
      readonly charged: Charged
      readonly receipt: ReadReceipt
    }
  /** Everything fits but the signature: of another key. `at` is when the call ended, Unix milliseconds. */
  | { readonly kind: 'other_key'; readonly reason: string; readonly at: number }
  | { readonly kind: 'broken'; readonly reason: string }

export interface LinkRules {
  readonly party: ReceiptParty
  /** Whether a key of the gateway has signed the bytes, one that was named at that time (Unix milliseconds). */
  readonly isSigned: (bytes: Uint8Array, signature: Uint8Array, at: number) => boolean
  /** Nonces that receipts have charged for already. */
  readonly used: ReadonlySet<string>
  readonly ownCall: (nonce: string) => OwnCall | undefined
}

/** Holds a delivered receipt against the one before. Pure. */
export function linkReceipt(last: Link, delivered: unknown, rules: LinkRules): Linked {
  const reading = readReceipt(delivered)
  if (reading.kind === 'malformed') return broken(`a receipt is none: ${reading.problem}`)
  const { receipt } = reading
  const misfit = misfitOf(last, receipt, rules)
  if (misfit !== null) return broken(`receipt ${receipt.seq}: ${misfit}`)
  const charged = chargedBy(receipt, rules)
  if (typeof charged === 'string') return broken(`receipt ${receipt.seq}: ${charged}`)
  const { signedBytes, signature, endedAt: at } = receipt
  if (!rules.isSigned(signedBytes, signature, at)) {
    const reason = `receipt ${receipt.seq}: not signed by the key that the Gateway account names`
    return { kind: 'other_key', reason, at }
  }
  const { seq, digest, spent } = receipt
  return { kind: 'linked', link: { seq, digest, spent: units(spent) }, charged, receipt }
}

function misfitOf(last: Link, receipt: ReadReceipt, { party }: LinkRules): string | null {
  const { seq, prev, agent, gateway, spent, charge } = receipt
  if (agent !== party.agent || gateway !== party.gateway) return 'of another agent or gateway'
  if (seq !== last.seq + 1) return `it should be receipt ${last.seq + 1}`
  if (prev !== last.digest) return 'it does not name the one before'
  if (spent === last.spent + charge) return null
  return `spent goes from ${last.spent} to ${spent} by a charge of ${charge}`
}

/** Who asked for it; a text says why it was not this agent. */
function chargedBy(receipt: ReadReceipt, rules: LinkRules): Charged | string {
  const { about, charge } = receipt
  if (about.kind === 'correction') {
    return charge > 0n ? 'a correction that charges' : { kind: 'correction', charge }
  }
  const { auth, requestDigest, priceVersion } = about.call
  if ('session' in auth) return { kind: 'session', session: auth.session, charge }
  const { method, target, nonce } = auth
  if (!isBilled(method, new URL(target, rules.party.origin).pathname)) {
    return `${method} ${target} is not charged for`
  }
  if (rules.used.has(nonce)) return 'one signed request is charged for twice'
  const proof = checkAuthProof(rules.party, { agent: rules.party.agent, auth, requestDigest })
  if (proof.kind === 'unproven') return proof.reason
  if (auth.price_version !== undefined && auth.price_version !== priceVersion) {
    return `charged at the price list ${priceVersion}, signed for ${auth.price_version}`
  }
  const own = rules.ownCall(nonce)
  if (own !== undefined && priceVersion !== own.priceVersion) {
    return `charged at the price list ${priceVersion}, agreed to ${own.priceVersion}`
  }
  if (own !== undefined && charge > own.bound) {
    return `charges ${charge} for a call that costs at most ${own.bound}`
  }
  return { kind: 'call', nonce, charge }
}

function broken(reason: string): Linked {
  return { kind: 'broken', reason }
}

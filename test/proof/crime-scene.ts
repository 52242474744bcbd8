/** One honest history of everything that happens, and what is found once it is forged. */
import { expect } from 'vitest'
import type { Evidence } from '../../src/proof/evidence.ts'
import type { Finding } from '../../src/proof/finding.ts'
import { verifyHistory } from '../../src/proof/verify-history.ts'
import { type Change, forge, type Hiding } from './forge.ts'
import { type Delivered, type Document, HonestGateway, signed } from './honest-gateway.ts'

export const MINUTES = 60_000

/** Calls of every kind under two price lists, two deposits, a withdrawal, a settlement, a correction. */
function history(): HonestGateway {
  const gateway = new HonestGateway()
  const tokens = { input: 300, cached_input: 100, output: 200 }
  gateway.deposit(5_000_000n)
  gateway.credit()
  gateway.openSession(2_000n)
  gateway.call({ model: 'small', tokens, asking: 'signature' })
  gateway.pass(2 * MINUTES)
  gateway.call({ model: 'small', tokens, asking: 'price-bound signature' })
  gateway.call({ model: 'small', tokens, asking: 'session' })
  gateway.pass(2 * MINUTES)
  gateway.deposit(3_000_000n)
  gateway.credit()
  gateway.call({ model: 'large', tokens: { input: 900, cache_write_1h: 200 }, asking: 'signature' })
  gateway.pass(2 * MINUTES)
  gateway.settle(gateway.unsettled)
  gateway.pass(2 * MINUTES)
  gateway.reprice()
  gateway.call({ model: 'large', tokens, asking: 'message signature', capped: 20n })
  gateway.withdraw(1_000_000n)
  gateway.pass(2 * MINUTES)
  gateway.call({ model: 'small', tokens, asking: 'signature' })
  gateway.correct(6)
  gateway.call({ model: 'small', tokens: { output: 500 }, asking: 'session' })
  gateway.pass(2 * MINUTES)
  return gateway
}

export const honest = history()
export const evidence = honest.evidence()
export const receipts = evidence.receipts as readonly Delivered[]
export const LAST = receipts.length

/** The document of receipt `seq`. */
export function document(seq: number): Document {
  const delivered = receipts[seq - 1]
  if (delivered === undefined) throw new Error(`there is no receipt ${seq}`)
  return delivered.receipt
}

/** What is found when some of the evidence is another. */
export function found(changed: Partial<Evidence>): readonly Finding[] {
  const { ok, findings } = verifyHistory({ ...evidence, ...changed })
  expect(ok).toBe(findings.length === 0)
  // Every finding is a document that can be handed on.
  expect(JSON.parse(JSON.stringify(findings))).toEqual(findings)
  return findings
}

export function kinds(changed: Partial<Evidence>): string[] {
  return [...new Set(found(changed).map(({ kind }) => kind))].sort()
}

/** The kinds that are found when receipt `seq` is forged. */
export function forged(seq: number, change: Change, hiding: Hiding): string[] {
  return kinds({ receipts: forge(receipts, honest.key, seq, change, hiding) })
}

/** The only finding. */
export function one(changed: Partial<Evidence>): Finding {
  const [finding, ...more] = found(changed)
  if (finding === undefined) throw new Error('nothing was found')
  expect(more).toEqual([])
  return finding
}

export function set(members: Document): Change {
  return (document) => ({ ...document, ...members })
}

/** Raises an amount. */
export function more(name: string, by: bigint): Change {
  return (document) => ({
    ...document,
    [name]: (BigInt(String(document[name])) + by).toString(),
  })
}

/** Receipt 1 with other members, signed anew. */
export function changedReceipt(members: Document): Delivered {
  return signed({ ...document(1), ...members }, honest.key)
}

export function tokens(members: Document = {}): Document {
  return { input: 0, cached_input: 0, cache_write: 0, cache_write_1h: 0, output: 0, ...members }
}

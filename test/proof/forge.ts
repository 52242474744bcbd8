/** What a hostile operator, who holds the receipt key, does to the documents it delivers. */
import {
  FIRST_PREV,
  type Receipt,
  receiptBytes,
  receiptDigest,
  receiptText,
} from '../../src/proof/receipt.ts'
import { type Delivered, type Document, signed } from './honest-gateway.ts'
import type { TestKey } from './keys.ts'

/** A change of one document; it may return a new one or change the one that it is given. */
export type Change = (document: Document) => Document | undefined

/**
 * How far the operator goes to hide a change: not at all, signing the changed receipt anew, linking and signing all that
 * follow, or reckoning their totals anew as well.
 */
export type Hiding = 'none' | 'signed' | 'linked' | 'reckoned'

/** Changes receipt `seq`; everything else is as it was, as far as the hiding allows. */
export function forge(
  delivered: readonly Delivered[],
  key: TestKey,
  seq: number,
  change: Change,
  hiding: Hiding = 'none',
): Delivered[] {
  const changed = delivered.map((item, index) => {
    if (index !== seq - 1) return structuredClone(item)
    const document = structuredClone(item.receipt)
    const receipt = change(document) ?? document
    return hiding === 'none' ? { ...item, receipt } : signed(receipt, key)
  })
  if (hiding === 'none' || hiding === 'signed') return changed
  return relink(changed, key, hiding === 'reckoned', seq)
}

/** Numbers, links and signs all receipts from `from` on, so that they are one chain. */
export function relink(
  delivered: readonly Delivered[],
  key: TestKey,
  reckoned: boolean,
  from = 1,
): Delivered[] {
  const linked = delivered.slice(0, from - 1).map((item) => structuredClone(item))
  for (const { receipt } of delivered.slice(from - 1)) {
    const before = linked.at(-1)?.receipt
    const document: Document = { ...structuredClone(receipt) }
    const isFirst = linked.length === from - 1
    if (!isFirst) document['prev'] = before === undefined ? FIRST_PREV : digestOfDocument(before)
    if (reckoned) {
      const owned = BigInt(String(receipt['spent'])) + BigInt(String(receipt['balance_after']))
      const spent = BigInt(String(before?.['spent'] ?? '0')) + BigInt(String(receipt['charge']))
      document['spent'] = spent.toString()
      document['balance_after'] = (owned - spent).toString()
    }
    linked.push(signed(document, key))
  }
  return linked
}

/** Puts documents where the honest ones were, numbered and linked as one chain. */
export function rewritten(documents: readonly Document[], key: TestKey): Delivered[] {
  const linked: Delivered[] = []
  for (const [index, document] of documents.entries()) {
    const before = linked.at(-1)?.receipt
    const prev = before === undefined ? FIRST_PREV : digestOfDocument(before)
    linked.push(signed({ ...document, seq: index + 1, prev }, key))
  }
  return linked
}

function digestOfDocument(document: Document): string {
  return receiptDigest(receiptBytes(receiptText(document as unknown as Receipt)))
}

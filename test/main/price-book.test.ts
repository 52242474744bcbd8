import { expect } from 'vitest'
import { openPriceBook } from '../../src/main/price-book.ts'
import { everyLedger } from '../ledger/backends.ts'
import { funded } from '../ledger/facts.ts'
import { TEST_SIGNER } from '../support/receipt-key.ts'

const BUILT_IN = { pricesFile: null, markupPercent: 0 }
const FIRST = Date.parse('2026-11-21T12:00:00.000Z')

everyLedger(
  '$name: M7: a restart says the same of a price version that is known',
  async (backend) => {
    const ledger = await funded(backend, 1n)
    const before = (
      await openPriceBook(BUILT_IN, ['openai'], ledger, TEST_SIGNER, () => FIRST)
    ).current()
    const after = (
      await openPriceBook(BUILT_IN, ['openai'], ledger, TEST_SIGNER, () => FIRST + 60_000)
    ).current()
    expect(before.effectiveAt).toBe('2026-11-21T12:00:00.000Z')
    expect(after).toEqual(before)
  },
)

everyLedger('$name: M7: another markup is another version, in force from now', async (backend) => {
  const ledger = await funded(backend, 1n)
  const plain = (
    await openPriceBook(BUILT_IN, ['openai'], ledger, TEST_SIGNER, () => FIRST)
  ).current()
  const dearer = { ...BUILT_IN, markupPercent: 10 }
  const marked = (
    await openPriceBook(dearer, ['openai'], ledger, TEST_SIGNER, () => FIRST + 60_000)
  ).current()
  expect(marked.version).not.toBe(plain.version)
  expect(marked.effectiveAt).toBe('2026-11-21T12:01:00.000Z')
})

/** Every check: one line each. A property may have several; they count together. */
import type { Check } from '../check.ts'
import { booksBalance } from './l1-books-balance.ts'
import { noOverspending } from './l2-no-overspending.ts'
import { heldFirst } from './l3-held-first.ts'
import { endsOnce } from './l4-ends-once.ts'
import { failover } from './l7-failover.ts'
import { splits } from './m1-splits.ts'
import { leaving } from './m4-leaving.ts'
import { priced } from './m7-priced.ts'

export const CHECKS: readonly Check[] = [
  booksBalance,
  noOverspending,
  heldFirst,
  endsOnce,
  failover,
  priced,
  splits,
  leaving,
]

/** Every check: one line each. A property may have several; they count together. */
import type { Check } from '../check.ts'
import { keyThatVerified } from './a1-key-that-verified.ts'
import { nonces } from './a2-nonces.ts'
import { sessions } from './a3-sessions.ts'
import { idempotency } from './a4-idempotency.ts'
import { depositHints } from './c4-deposit-hints.ts'
import { vouchers } from './c9-vouchers.ts'
import { booksBalance } from './l1-books-balance.ts'
import { noOverspending } from './l2-no-overspending.ts'
import { heldFirst } from './l3-held-first.ts'
import { endsOnce } from './l4-ends-once.ts'
import { failover } from './l7-failover.ts'
import { splits } from './m1-splits.ts'
import { tokenClasses } from './m2-token-classes.ts'
import { oddUsage } from './m3-odd-usage.ts'
import { leaving } from './m4-leaving.ts'
import { worstCase } from './m5-worst-case.ts'
import { oneLetter } from './m6-one-letter.ts'
import { priced } from './m7-priced.ts'
import { providerFaults } from './m8-provider-faults.ts'
import { slowReaders } from './s1-slow-readers.ts'
import { hostileBodies } from './s3-hostile-bodies.ts'
import { hostileRequests } from './s3-hostile-requests.ts'
import { testAffordances } from './s4-test-affordances.ts'

export const CHECKS: readonly Check[] = [
  booksBalance,
  noOverspending,
  heldFirst,
  endsOnce,
  failover,
  priced,
  keyThatVerified,
  testAffordances,
  vouchers,
  depositHints,
  nonces,
  sessions,
  idempotency,
  splits,
  leaving,
  slowReaders,
  providerFaults,
  oneLetter,
  hostileBodies,
  hostileRequests,
  tokenClasses,
  oddUsage,
  worstCase,
]

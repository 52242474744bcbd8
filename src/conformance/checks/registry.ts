/** Every check: one line each. A property may have several; they count together. */
import type { Check } from '../check.ts'
import { booksBalance } from './l1-books-balance.ts'

export const CHECKS: readonly Check[] = [booksBalance]

/** Where money becomes available: the one order in which it does, for every statement that frees some. */

/**
 * SQL assignments on `agents` that free `amount` (an SQL expression, not negative): it pays what is owed first, then
 * freezes up to the pending withdrawal; the rest is available. Source: ledger interface, invariants; property C8.
 */
export function freeing(amount: string): string {
  const paid = `min(owed, ${amount})`
  const frozen = `min(${amount} - ${paid}, pending_withdrawal - frozen)`
  return `owed = owed - ${paid},
  frozen = frozen + ${frozen},
  balance = balance + ${amount} - ${paid} - ${frozen}`
}

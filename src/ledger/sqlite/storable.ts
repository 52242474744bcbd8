/** The range of amounts that a ledger file holds. Imports nothing. */

/** Four trillion USDC: sums of a few such amounts still fit SQLite's 64-bit integers. */
export const AMOUNT_MAX = 2n ** 62n - 1n

/** Returns the amount; throws a RangeError that names it when it is negative or too large to be stored. */
export function storable(name: string, amount: bigint): bigint {
  if (amount < 0n || amount > AMOUNT_MAX) {
    throw new RangeError(`${name} of ${amount} units: a ledger holds 0 to ${AMOUNT_MAX}`)
  }
  return amount
}

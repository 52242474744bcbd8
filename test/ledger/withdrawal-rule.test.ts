import { expect, test } from 'vitest'
import { pendingWithdrawal } from '../../src/ledger/withdrawal-rule.ts'
import { units } from '../../src/money.ts'
import { withdrawalReading } from './facts.ts'

interface Row {
  readonly why: string
  /** Books: pending, withdrawn, slot at which it was seen. */
  readonly books: readonly [pending: bigint, withdrawn: bigint, seenSlot: number]
  /** The final side: pending, withdrawn, slot. */
  readonly final: readonly [pending: bigint, withdrawn: bigint, slot: number]
  /** The confirmed side; null where it could not be read. */
  readonly confirmed: readonly [pending: bigint, slot: number] | null
  readonly expected: bigint
}

const ROWS: Row[] = [
  { why: 'nothing', books: [0n, 0n, 0], final: [0n, 0n, 9], confirmed: [0n, 12], expected: 0n },
  { why: 'seen first', books: [0n, 0n, 0], final: [0n, 0n, 9], confirmed: [5n, 12], expected: 5n },
  { why: 'final', books: [5n, 0n, 12], final: [5n, 0n, 20], confirmed: [5n, 30], expected: 5n },
  {
    why: 'cancel seen',
    books: [5n, 0n, 12],
    final: [5n, 0n, 20],
    confirmed: [0n, 30],
    expected: 5n,
  },
  {
    why: 'cancel final',
    books: [5n, 0n, 12],
    final: [0n, 0n, 40],
    confirmed: [0n, 50],
    expected: 0n,
  },
  {
    why: 'a late node',
    books: [5n, 0n, 12],
    final: [0n, 0n, 11],
    confirmed: [0n, 11],
    expected: 5n,
  },
  {
    why: 'no confirmed view',
    books: [5n, 0n, 12],
    final: [0n, 0n, 40],
    confirmed: null,
    expected: 5n,
  },
  {
    why: 'more, final alone',
    books: [5n, 0n, 12],
    final: [8n, 0n, 40],
    confirmed: null,
    expected: 8n,
  },
  {
    why: 'paid, not booked',
    books: [5n, 0n, 12],
    final: [0n, 5n, 40],
    confirmed: [0n, 50],
    expected: 5n,
  },
  {
    why: 'paid, not booked, and asked again',
    books: [5n, 0n, 12],
    final: [7n, 5n, 40],
    confirmed: [7n, 50],
    expected: 7n,
  },
  {
    why: 'booked, old final view',
    books: [0n, 5n, 0],
    final: [5n, 0n, 40],
    confirmed: [0n, 50],
    expected: 0n,
  },
  {
    why: 'booked, old final view, asked again',
    books: [0n, 5n, 0],
    final: [5n, 0n, 40],
    confirmed: [2n, 50],
    expected: 2n,
  },
  {
    why: 'lowered by a settlement',
    books: [9n, 0n, 12],
    final: [4n, 0n, 40],
    confirmed: [4n, 50],
    expected: 4n,
  },
  {
    why: 'lowered, at confirmed only',
    books: [9n, 0n, 12],
    final: [9n, 0n, 40],
    confirmed: [4n, 50],
    expected: 9n,
  },
]

for (const { why, books, final, confirmed, expected } of ROWS) {
  test(`C8: what is frozen: ${why}`, () => {
    const [pending, withdrawn, seenSlot] = books
    const noted = pendingWithdrawal(
      { pending: units(pending), withdrawn: units(withdrawn), withdrawableAt: 70, seenSlot },
      withdrawalReading({
        pending: units(final[0]),
        withdrawn: units(final[1]),
        slot: final[2],
        withdrawableAt: 80,
        confirmedPending: confirmed === null ? null : units(confirmed[0]),
        confirmedSlot: confirmed?.[1] ?? 0,
        confirmedWithdrawableAt: 90,
      }),
    )
    expect(noted.pending).toBe(expected)
    if (expected === 0n) expect(noted).toMatchObject({ withdrawableAt: 0, seenSlot: 0 })
    else expect(noted.withdrawableAt).toBeGreaterThanOrEqual(70)
  })
}

test('of two amounts that may be the one, the earlier time to settle by counts', () => {
  const books = { pending: units(5n), withdrawn: units(0n), withdrawableAt: 70, seenSlot: 12 }
  const both = {
    pending: units(5n),
    withdrawableAt: 80,
    confirmedPending: units(3n),
    confirmedWithdrawableAt: 90,
  }
  expect(pendingWithdrawal(books, withdrawalReading(both)).withdrawableAt).toBe(80)
  const swapped = { ...both, withdrawableAt: 95 }
  expect(pendingWithdrawal(books, withdrawalReading(swapped)).withdrawableAt).toBe(90)
  const lower = withdrawalReading({ ...both, pending: units(3n), confirmedPending: null })
  expect(pendingWithdrawal(books, lower)).toMatchObject({ pending: 5n, withdrawableAt: 70 })
  const none = withdrawalReading({ confirmedPending: null })
  expect(pendingWithdrawal(books, none).withdrawableAt).toBe(70)
})

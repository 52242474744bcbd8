import { expect, test } from 'vitest'
import { retryAfterMs } from '../../src/chain/rpc.ts'
import { backoffMs } from '../../watcher/backoff.ts'

test.each([
  [1, null, 250],
  [2, null, 500],
  [5, null, 4_000],
  [7, null, 15_000],
  [5_000, null, 15_000],
  [1, 2_000, 2_000],
  [6, 2_000, 8_000],
  [1, 86_400_000, 60_000],
])('after %i failures, asked to wait %o ms: %i ms', (failures, asked, expected) => {
  expect(backoffMs(failures, asked)).toBe(expected)
})

test.each([
  [null, null],
  ['2', 2_000],
  [' 0 ', 0],
  ['-1', null],
  ['1.5', null],
  ['Wed, 21 Oct 2026 07:28:00 GMT', null],
])('Retry-After %o is %o ms', (header, expected) => {
  expect(retryAfterMs(header)).toBe(expected)
})

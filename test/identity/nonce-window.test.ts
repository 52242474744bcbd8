import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NONCE_WINDOW_MS, NonceWindow } from '../../src/identity/nonce-window.ts'

test('A2: a nonce is single use per key', () => {
  const window = new NonceWindow()
  expect(window.spend('alice', 'nonce', 0)).toBe('spent')
  expect(window.spend('alice', 'nonce', 1)).toBe('replayed')
  expect(window.spend('bob', 'nonce', 1)).toBe('spent')
})

test('A2: whatever the times, a nonce is never accepted twice within 180 s', () => {
  const step = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 120_000 }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const window = new NonceWindow()
      const spentAt = new Map<number, number>()
      let now = 1_800_000_000_000
      for (const [nonce, later] of steps) {
        now += later
        const last = spentAt.get(nonce)
        const outcome = window.spend('alice', String(nonce), now)
        if (last !== undefined && now - last <= NONCE_WINDOW_MS) expect(outcome).toBe('replayed')
        if (outcome === 'spent') spentAt.set(nonce, now)
      }
    }),
  )
})

test('a clock that steps back forgets nothing', () => {
  const window = new NonceWindow()
  window.spend('alice', 'nonce', 1_000_000)
  expect(window.spend('alice', 'other', 0)).toBe('spent')
  expect(window.spend('alice', 'nonce', 0)).toBe('replayed')
})

test('memory is bounded: refused when full, emptied by time', () => {
  const window = new NonceWindow(3)
  for (const nonce of ['a', 'b', 'c']) expect(window.spend('alice', nonce, 1_000_000)).toBe('spent')
  expect(window.spend('alice', 'd', 1_000_000)).toBe('full')
  expect(window.spend('alice', 'a', 1_000_000)).toBe('replayed')
  expect(window.size).toBe(3)
  expect(window.spend('alice', 'd', 1_000_000 + 2 * NONCE_WINDOW_MS + 1)).toBe('spent')
  expect(window.size).toBe(1)
})

test('a nonce that the ledger remembers takes no room, in whichever window it was spent', () => {
  const window = new NonceWindow(2)
  window.spend('alice', 'old', 1_000_000)
  window.spend('alice', 'new', 1_000_000 + NONCE_WINDOW_MS + 1)
  expect(window.size).toBe(2)

  window.forget('alice', 'old')
  window.forget('bob', 'new')
  expect(window.size).toBe(1)
  window.forget('alice', 'new')
  expect(window.size).toBe(0)
})

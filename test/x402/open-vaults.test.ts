import { expect, test } from 'vitest'
import type { KnownVault } from '../../src/ledger/chain-ledger.ts'
import { units } from '../../src/money.ts'
import { OpenVaults } from '../../src/x402/open-vaults.ts'

function newBooks() {
  const books = { listed: 0, opened: new Set<string>(), deposited: new Map<string, bigint>() }
  const clock = { now: 0 }
  const vaults = new OpenVaults(
    {
      balance: async (agent) => ({ deposited: units(books.deposited.get(agent) ?? 0n) }),
      async vaults() {
        books.listed += 1
        return [...books.opened].map((agent) => ({ agent }) as KnownVault)
      },
    },
    () => clock.now,
  )
  return { books, clock, vaults }
}

test('whoever has deposited has a vault, at once and without a list', async () => {
  const { books, vaults } = newBooks()
  expect(await vaults.has('a')).toBe(false)
  books.deposited.set('a', 1n)
  expect([await vaults.has('a'), books.listed]).toEqual([true, 1])
})

test('a vault without a deposit is found by a list, of which there is one a second at most', async () => {
  const { books, clock, vaults } = newBooks()
  books.opened.add('a')
  const asked = await Promise.all(['a', 'b', 'a', 'c'].map((agent) => vaults.has(agent)))
  expect([asked, books.listed]).toEqual([[true, false, true, false], 1])
  books.opened.add('b')
  clock.now += 999
  expect([await vaults.has('b'), books.listed]).toEqual([false, 1])
  clock.now += 1
  expect([await vaults.has('b'), await vaults.has('b'), books.listed]).toEqual([true, true, 2])
})

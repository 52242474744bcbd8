import { PublicKey } from '@solana/web3.js'
import { expect, onTestFinished, test } from 'vitest'
import { ZERO } from '../../src/money.ts'
import { noteFrozen } from '../../watcher/frozen-addresses.ts'
import { booksByVault } from '../../watcher/vault-books.ts'
import { KeptLog, newLedgerFile } from '../support/watching.ts'

const KEY = PublicKey.default

function reading(vault: string, frozen: boolean | null) {
  const tokens = frozen === null ? null : { mint: KEY, owner: KEY, amount: ZERO, frozen }
  return { vault, agent: `agent of ${vault}`, tokens }
}

/** A ledger that knows the vaults a, b and c, and what a sweep does with its readings. */
async function watchedVaults() {
  const { ledger, dispose } = newLedgerFile()
  onTestFinished(dispose)
  for (const vault of ['a', 'b', 'c']) await ledger.knowVault(vault, `agent of ${vault}`)
  const log = new KeptLog()
  const sweep = async (...readings: ReturnType<typeof reading>[]) => {
    await noteFrozen({ ledger, log }, readings, booksByVault(await ledger.vaults()))
    const frozen = (await ledger.vaults()).filter(({ addressFrozen }) => addressFrozen)
    return frozen.map(({ vault }) => vault)
  }
  return { ledger, log, sweep }
}

test('only what was read thaws: a vault of another round, or without a token account, stays frozen', async () => {
  const { sweep } = await watchedVaults()
  expect(await sweep(reading('a', true), reading('b', true), reading('c', false))).toEqual([
    'a',
    'b',
  ])
  expect(await sweep(reading('c', true))).toEqual(['a', 'b', 'c'])
  expect(await sweep(reading('a', null), reading('b', false))).toEqual(['a', 'c'])
  expect(await sweep()).toEqual(['a', 'c'])
})

test('what stands is neither written nor said again', async () => {
  const { ledger, log, sweep } = await watchedVaults()
  await sweep(reading('a', true), reading('b', false))
  const before = ledger.commits
  await sweep(reading('a', true), reading('b', false))
  expect(ledger.commits).toBe(before)
  await sweep(reading('a', false))
  expect(log.lines).toEqual([
    {
      level: 'error',
      message: 'deposit address frozen',
      fields: { vault: 'a', agent: 'agent of a' },
    },
    {
      level: 'warn',
      message: 'deposit address thawed',
      fields: { vault: 'a', agent: 'agent of a' },
    },
  ])
})

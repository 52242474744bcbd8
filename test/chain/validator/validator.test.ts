import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '@solana/web3.js'
import { expect, onTestFinished, test, vi } from 'vitest'
import { PAYER_LAMPORTS } from '../../../src/chain/validator/local-validator.ts'
import { claimPortBlock } from '../../../src/chain/validator/port-block.ts'
import { validatorKind } from '../../../src/chain/validator/validator.ts'
import { startTestValidator } from '../../support/chain.ts'

test('two validators run side by side, each with a funded payer, and stop for good', async () => {
  // A folder for temporary files of this test's own: other validators may run beside it.
  const temporary = mkdtempSync(join(tmpdir(), 'level5-test-'))
  vi.stubEnv('TMPDIR', temporary)
  onTestFinished(() => {
    vi.unstubAllEnvs()
    rmSync(temporary, { recursive: true })
  })
  const validators = await Promise.all([startTestValidator([]), startTestValidator([])])
  const [one, two] = validators
  expect(one.rpcUrl).not.toBe(two.rpcUrl)
  for (const { rpcUrl, payer } of validators) {
    const balance = await new Connection(rpcUrl, 'confirmed').getBalance(payer.publicKey)
    expect(balance).toBeGreaterThanOrEqual(PAYER_LAMPORTS)
  }
  await Promise.all(validators.map((validator) => validator.stop()))
  for (const { rpcUrl } of validators) {
    await expect(fetch(rpcUrl, { method: 'POST' })).rejects.toThrow()
  }
  expect(readdirSync(temporary)).toEqual([])
})

test('blocks of ports that are claimed at once never overlap', async () => {
  const blocks = await Promise.all([claimPortBlock(), claimPortBlock(), claimPortBlock()])
  const sorted = [...blocks].sort((a, b) => a.first - b.first)
  for (const [index, block] of sorted.slice(1).entries()) {
    expect(block.first).toBeGreaterThan(sorted[index]?.last ?? 0)
  }
  await Promise.all(blocks.map((block) => block.release()))
})

test('an unknown validator is refused by name', () => {
  expect(validatorKind(undefined)).toBe('embedded')
  expect(() => validatorKind('testnet')).toThrow('found testnet')
})

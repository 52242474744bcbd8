// The demo as a newcomer runs it, and that a figure which differs would be seen.
import { expect, test } from 'vitest'
import { createNarrator } from '../../src/cli/demo/narrator.ts'
import { documentOf, runLevel5 } from '../support/executable.ts'

const SECONDS_MAX = 60

test('L1, L2: the whole story holds, in less than a minute', async () => {
  const run = await runLevel5(['demo', '--json'])
  expect(run.stderr).not.toContain('✗')
  expect(run.code).toBe(0)
  const { ok, figures, failures, duration_ms } = documentOf(run) as {
    ok: boolean
    figures: { name: string; told: string; reread: string; source: string }[]
    failures: string[]
    duration_ms: number
  }
  expect({ ok, failures }).toEqual({ ok: true, failures: [] })
  expect(duration_ms).toBeLessThan(SECONDS_MAX * 1000)
  for (const { told, reread } of figures) expect(told).toBe(reread)
  const told = (name: string) => figures.filter((figure) => figure.name === name)
  expect(told('admitted').map((figure) => figure.told)).toEqual(['20'])
  expect(told('its commitment').map((figure) => figure.told)).toEqual(['finalized'])
  expect(Number(told('cached tokens')[1]?.told)).toBeGreaterThan(1024)
  expect(new Set(figures.map(({ source }) => source))).toEqual(new Set(['rpc', 'ledger', 'http']))
  const [back] = told('back in the wallet (USDC)')
  const [left] = told('in the vault (units)')
  expect(Number(back?.told)).toBe(Number(left?.told) / 1_000_000)
  expect(told('rent back (lamports)').map((figure) => figure.told)).toEqual(['2039280'])
  const [settled] = told('settled to the treasury (units)')
  expect(told('spent, by the last one (units)')[0]?.told).toBe(settled?.told)
  const titles = ['402', 'plain transfer', 'replay', 'Conservation', 'stream', 'success']
  for (const title of [...titles, 'Receipts', 'settles', 'The gateway is gone']) {
    expect(run.stderr).toContain(title)
  }
})

test('a figure that differs from its second reading fails the story and is shown', async () => {
  const printed: string[] = []
  const narrator = createNarrator((text) => printed.push(text))
  narrator.scene('A scene')
  await narrator.figure('spent', '17', 'ledger', async () => '17')
  narrator.holds('all is well', true)
  expect(narrator.failures).toEqual([])
  await narrator.figure('spent', '17', 'ledger', async () => '18')
  narrator.holds('all is well', false)
  expect(narrator.failures).toEqual([
    'A scene: spent: told 17, ledger says 18',
    'A scene: all is well: this does not hold',
  ])
  expect(printed.join('')).toContain('✗ spent: told 17, ledger says 18')
})

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startGateway, startWatchOnly } from '../../src/main.ts'
import { readSettings, type Settings } from '../../src/settings.ts'

const ADDRESS = '9C6hybhQ6Aycep9jaUnP6uL9ZYvDjUp1aSkFWPUFJtpj'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'level5-start-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function settings(keys: Readonly<Record<string, string>>): Settings {
  const outcome = readSettings(
    {
      DATA_DIR: join(folder, 'data'),
      SOLANA_RPC_URL: 'http://127.0.0.1:1',
      SOLANA_CHAIN: 'localnet',
      PROGRAM_ID: ADDRESS,
      GATEWAY_ADDRESS: ADDRESS,
      USDC_MINT: ADDRESS,
      ...keys,
    },
    'serve',
  )
  if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.problems))
  return outcome.settings
}

test.each([
  ['serve', startGateway],
  ['watch', startWatchOnly],
] as const)(
  '%s: every key that cannot be used is named, before anything is written',
  async (_, start) => {
    const broken = join(folder, 'broken.json')
    writeFileSync(broken, '[1, 2, 3]')
    const started = start(
      settings({ RECEIPT_KEY: broken, OPERATOR_KEY: join(folder, 'missing.json') }),
    )
    await expect(started).rejects.toThrow(
      /^RECEIPT_KEY: .*64 bytes\nOPERATOR_KEY: .*cannot be read/,
    )
    expect(existsSync(join(folder, 'data'))).toBe(false)
  },
)

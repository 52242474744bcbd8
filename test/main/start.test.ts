import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { newSecretKey } from '../../src/cli/keygen.ts'
import { verifyStrict } from '../../src/identity/ed25519.ts'
import { startGateway, startWatchOnly } from '../../src/main.ts'
import type { SignedPricingBody } from '../../src/prices/wire.ts'
import { priceListBytes } from '../../src/proof/price-list.ts'
import { readSettings, type Settings } from '../../src/settings.ts'
import { fileSigner } from '../../src/signers/file-signer.ts'

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

test('serve signs with a command that holds the receipt key, and lets it end with itself', async () => {
  const keyFile = join(folder, 'receipts.json')
  writeFileSync(keyFile, JSON.stringify([...newSecretKey()]))
  const program = join(import.meta.dirname, '../signers/programs/signer.mjs')
  const log = join(folder, 'log')
  const command = `cmd:"${process.execPath}" "${program}" "${keyFile}" "${log}" well`
  const gateway = await startGateway(
    settings({ RECEIPT_KEY: command, PORT: '0', LOG_LEVEL: 'silent', ANTHROPIC_API_KEY: 'key' }),
    { watch: false },
  )
  const list = (await (await fetch(`${gateway.url}/v1/pricing`)).json()) as SignedPricingBody
  const { publicKey } = fileSigner(keyFile)
  const signature = Buffer.from(list.signature, 'base64')
  expect(verifyStrict(publicKey, priceListBytes(list), signature)).toBe(true)
  await gateway.close()
  // The shell around the command may be gone a moment before the command is.
  await vi.waitFor(() => expect(readFileSync(log, 'utf8').trim().split('\n').at(-1)).toBe('end'))
})

test('a command that does not answer for its key is found at start', async () => {
  await expect(startGateway(settings({ RECEIPT_KEY: 'cmd:true' }))).rejects.toThrow(
    /^RECEIPT_KEY: /,
  )
  expect(existsSync(join(folder, 'data'))).toBe(false)
})

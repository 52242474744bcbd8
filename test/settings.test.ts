import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  describeProblem,
  describeSettings,
  isLoopback,
  readSettings,
  type SettingsFor,
} from '../src/settings.ts'

const ADDRESS = '9C6hybhQ6Aycep9jaUnP6uL9ZYvDjUp1aSkFWPUFJtpj'
const COMPLETE = {
  SOLANA_RPC_URL: 'http://127.0.0.1:8899',
  SOLANA_CHAIN: 'localnet',
  PROGRAM_ID: ADDRESS,
  GATEWAY_ADDRESS: ADDRESS,
  USDC_MINT: ADDRESS,
  RECEIPT_KEY: '/keys/receipt.json',
}

function problems(env: Record<string, string>, purpose: SettingsFor = 'serve'): string[] {
  const outcome = readSettings(env, purpose)
  return outcome.kind === 'refused' ? outcome.problems.map(({ variable }) => variable) : []
}

test('what is not set has the documented default', () => {
  const outcome = readSettings({ ...COMPLETE, LOG_LEVEL: '' }, 'serve')
  if (outcome.kind === 'refused') throw new Error(outcome.problems.map(describeProblem).join())
  expect(outcome.settings).toMatchObject({
    host: '127.0.0.1',
    port: 4020,
    publicUrl: null,
    dataDir: './data',
    maxBodyBytes: 32 * 1_048_576,
    markupPercent: 0,
    logLevel: 'info',
    adminToken: null,
    providers: { openai: null, anthropic: null },
    chain: {
      minSync: 10_000n,
      operatorKey: null,
      settleThreshold: 1_000_000n,
      priorityFeeMax: 100_000,
    },
  })
})

test('every problem is reported at once, with what was found and what is allowed', () => {
  const env = { PORT: '70000', MAX_BODY_MB: '0', SOLANA_CHAIN: 'moon', PUBLIC_URL: 'http://a/b' }
  expect(problems(env).sort()).toEqual([
    'GATEWAY_ADDRESS',
    'MAX_BODY_MB',
    'PORT',
    'PROGRAM_ID',
    'PUBLIC_URL',
    'RECEIPT_KEY',
    'SOLANA_CHAIN',
    'SOLANA_RPC_URL',
    'USDC_MINT',
  ])
  const outcome = readSettings({ ...COMPLETE, PORT: '70000' }, 'serve')
  const lines = outcome.kind === 'refused' ? outcome.problems.map(describeProblem) : []
  expect(lines).toEqual(['PORT: "70000"; allowed: 0 to 65535'])
})

test('a secret is never shown', () => {
  const env = {
    ...COMPLETE,
    ADMIN_TOKEN: 'too-short',
    SOLANA_RPC_URL: 'ftp://user:secret@node',
    SOLANA_WS_URL: 'http://secret',
  }
  const outcome = readSettings(env, 'serve')
  const text = JSON.stringify(outcome)
  expect(outcome.kind).toBe('refused')
  expect(text).not.toContain('too-short')
  expect(text).not.toContain('secret')
})

test('the public URL is required off loopback, and is an origin as agents sign it', () => {
  expect(problems({ ...COMPLETE, HOST: '0.0.0.0' })).toEqual(['PUBLIC_URL'])
  expect(problems({ ...COMPLETE, HOST: '0.0.0.0' }, 'watch')).toEqual([])
  for (const bad of ['https://gw.example.com/', 'https://gw.example.com:443', 'gw.example.com']) {
    expect(problems({ ...COMPLETE, PUBLIC_URL: bad })).toEqual(['PUBLIC_URL'])
  }
  expect(problems({ ...COMPLETE, HOST: '::', PUBLIC_URL: 'https://gw.example.com:8443' })).toEqual(
    [],
  )
})

test('vouchers are required unless the operator says that they are not', () => {
  const read = (env: Record<string, string>) => readSettings({ ...COMPLETE, ...env }, 'serve')
  expect(read({})).toMatchObject({ settings: { requireVouchers: true } })
  expect(read({ REQUIRE_VOUCHERS: 'true' })).toMatchObject({ settings: { requireVouchers: true } })
  expect(read({ REQUIRE_VOUCHERS: 'false' })).toMatchObject({
    settings: { requireVouchers: false },
  })
  for (const unclear of ['no', '0', 'False']) {
    expect(problems({ ...COMPLETE, REQUIRE_VOUCHERS: unclear })).toEqual(['REQUIRE_VOUCHERS'])
  }
})

test('x402 is off unless switched on, and on only with a key that pays its fees', () => {
  expect(readSettings(COMPLETE, 'serve')).toMatchObject({ settings: { x402: false } })
  expect(problems({ ...COMPLETE, X402: 'true' })).toEqual(['OPERATOR_KEY'])
  const paid = { ...COMPLETE, X402: 'true', OPERATOR_KEY: '/keys/operator.json' }
  expect(readSettings(paid, 'serve')).toMatchObject({ settings: { x402: true } })
  expect(problems({ ...paid, X402: 'yes' })).toEqual(['X402'])
  expect(readSettings({ ...COMPLETE, X402: 'true' }, 'watch')).toMatchObject({
    settings: { x402: false },
  })
})

test('time to settle is kept: a minute, or as many whole seconds as are set', () => {
  expect(readSettings(COMPLETE, 'serve')).toMatchObject({ settings: { settleMarginSeconds: 60 } })
  expect(readSettings({ ...COMPLETE, SETTLE_MARGIN_SECONDS: '0' }, 'serve')).toMatchObject({
    settings: { settleMarginSeconds: 0 },
  })
  for (const wrong of ['-1', '1.5', '2592001']) {
    expect(problems({ ...COMPLETE, SETTLE_MARGIN_SECONDS: wrong })).toEqual([
      'SETTLE_MARGIN_SECONDS',
    ])
  }
})

test.each([
  ['30 bytes', ADDRESS.slice(3)],
  ['33 bytes', `${ADDRESS.slice(0, -1)}zz`],
  ['31 bytes', '2'.repeat(42)],
  ['an l, which base58 lacks', ADDRESS.replace('h', 'l')],
])('an address that is not 32 bytes in base58 is refused: %s', (_, wrong) => {
  for (const variable of ['PROGRAM_ID', 'GATEWAY_ADDRESS', 'USDC_MINT']) {
    expect(problems({ ...COMPLETE, [variable]: wrong })).toEqual([variable])
  }
})

test('a key is a file or a command that signs, and is not shown', () => {
  const command = 'cmd:sign --token hidden'
  const keys = { RECEIPT_KEY: command, OPERATOR_KEY: command }
  expect(readSettings({ ...COMPLETE, ...keys }, 'serve')).toMatchObject({
    settings: { receiptKey: command, chain: { operatorKey: command } },
  })
  expect(problems({ ...COMPLETE, RECEIPT_KEY: 'cmd: ' })).toEqual(['RECEIPT_KEY'])
  const refused = readSettings({ ...COMPLETE, ...keys, PORT: 'x' }, 'serve')
  expect(JSON.stringify(refused)).not.toContain('hidden')
})

test('the mint of a public chain is known; watch needs no receipt key', () => {
  const { USDC_MINT: _, RECEIPT_KEY: __, ...env } = COMPLETE
  const outcome = readSettings({ ...env, SOLANA_CHAIN: 'mainnet' }, 'watch')
  expect(outcome).toMatchObject({
    kind: 'read',
    settings: { chain: { mint: 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v' } },
  })
})

test('providers are read as their SDKs read them', () => {
  const outcome = readSettings(
    { ...COMPLETE, OPENAI_API_KEY: 'k', ANTHROPIC_BASE_URL: 'http://127.0.0.1:9' },
    'serve',
  )
  expect(outcome).toMatchObject({
    settings: {
      providers: {
        openai: { apiKey: 'k', baseUrl: 'https://api.openai.com/v1' },
        anthropic: { apiKey: '', baseUrl: 'http://127.0.0.1:9' },
      },
    },
  })
  expect(problems({ ...COMPLETE, OPENAI_BASE_URL: 'http://a' })).toEqual(['OPENAI_BASE_URL'])
  expect(problems({ ...COMPLETE, ANTHROPIC_BASE_URL: 'http://a/v1' })).toEqual([
    'ANTHROPIC_BASE_URL',
  ])
})

test.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['localhost', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['127.0.0.1.example.com', false],
])('%s is loopback: %s', (host, loopback) => {
  expect(isLoopback(host)).toBe(loopback)
})

test('every variable has a meaning and a default to show, and the code that reads it', () => {
  const source = readFileSync('src/settings.ts', 'utf8')
  for (const { variable, meaning, defaultText } of describeSettings()) {
    expect(meaning).not.toBe('')
    expect(defaultText).not.toBe('')
    const read = variable.replace(/^(OPENAI|ANTHROPIC)_(API_KEY|BASE_URL)$/, '_$2')
    expect(source).toContain(read)
  }
})

import { expect, test } from 'vitest'
import { devEnvironment } from '../../src/cli/dev/dev-settings.ts'
import { readSettings } from '../../src/settings.ts'

const ADDRESS = '9C6hybhQ6Aycep9jaUnP6uL9ZYvDjUp1aSkFWPUFJtpj'
const FACTS = {
  origin: 'http://127.0.0.1:4020',
  port: 4020,
  dataDir: '/data',
  rpcUrl: 'http://127.0.0.1:8899',
  wsUrl: 'ws://127.0.0.1:8900',
  program: ADDRESS,
  gateway: ADDRESS,
  mint: ADDRESS,
  receiptKeyFile: '/data/receipt-key.json',
  operatorKeyFile: '/data/operator-key.json',
  adminToken: 'an-admin-token-of-dev',
  standInUrl: 'http://127.0.0.1:9',
}

test('dev requires vouchers only where it is asked to', () => {
  const read = (env: Record<string, string>) => readSettings(devEnvironment(env, FACTS), 'serve')
  expect(read({})).toMatchObject({ settings: { requireVouchers: false, settleMarginSeconds: 60 } })
  expect(read({ REQUIRE_VOUCHERS: 'true', SETTLE_MARGIN_SECONDS: '1' })).toMatchObject({
    settings: { requireVouchers: true, settleMarginSeconds: 1 },
  })
})

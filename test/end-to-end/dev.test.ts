// `level5 dev` as its contract says: the ready line, what answers, what stays and what goes.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection, PublicKey } from '@solana/web3.js'
import { afterAll, expect, test } from 'vitest'
import { decodeGateway } from '../../src/chain/accounts.ts'
import { documentOf, runLevel5, startLevel5 } from '../support/executable.ts'
import { startStack } from '../support/stack.ts'

const folder = mkdtempSync(join(tmpdir(), 'level5-dev-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('prints one ready line; SIGTERM ends it with 0 and its temporary folder goes', async () => {
  const stack = await startStack(['--withdrawal-delay', '7'])
  const { ready } = stack
  expect(Object.keys(ready)).toEqual([
    ...['ready', 'url', 'rpc_url', 'ws_url', 'chain', 'program', 'gateway', 'mint'],
    ...['admin_token', 'data_dir', 'receipt_key_file', 'operator_key_file'],
  ])
  expect(ready.chain).toBe('localnet')
  expect((await fetch(`${ready.url}/health`)).status).toBe(200)
  const account = await new Connection(ready.rpc_url).getAccountInfo(new PublicKey(ready.gateway))
  const gateway = decodeGateway(account?.data ?? Buffer.alloc(0))
  expect(gateway.withdrawalDelaySeconds).toBe(7n)
  expect(gateway.endpoint).toBe(ready.url)
  expect(gateway.mint.toBase58()).toBe(ready.mint)
  for (const file of [ready.receipt_key_file, ready.operator_key_file]) {
    expect(statSync(file).mode & 0o777).toBe(0o600)
  }
  expect(await stack.stop()).toBe(0)
  expect(existsSync(ready.data_dir)).toBe(false)
  await expect(fetch(`${ready.url}/health`)).rejects.toThrow()
})

test('C10: --data-dir stays, and each new chain gets a new ledger in it', async () => {
  const first = await startStack(['--data-dir', folder])
  const agent = await first.newAgent('2')
  await agent.deposit({ usdc: '1' })
  expect(await first.stop()).toBe(0)
  const ledger = join(folder, 'ledger.sqlite')
  expect(existsSync(ledger)).toBe(true)
  const second = await startStack(['--data-dir', folder])
  expect(second.ready.data_dir).toBe(folder)
  expect(second.ready.operator_key_file).toBe(first.ready.operator_key_file)
  expect(readdirSync(join(folder, 'earlier'))).toHaveLength(1)
  const other = await second.newAgent('2')
  expect((await other.deposit({ usdc: '1' })).available).toBe('1000000')
  expect(await second.stop('SIGINT')).toBe(0)
})

test('a port that is taken is named, and exits 1', async () => {
  const stack = await startStack()
  const port = new URL(stack.ready.url).port
  const run = await runLevel5(['dev', '--json', '--port', port])
  expect(run.code).toBe(1)
  expect(documentOf(run)).toMatchObject({ error: { message: expect.stringContaining(port) } })
  expect(await stack.stop()).toBe(0)
})

test('S4: serve has no faucet, no stand-in and no key of dev; watch credits for it', async () => {
  const stack = await startStack()
  const { ready } = stack
  const settings = {
    PORT: '0',
    DATA_DIR: join(folder, 'serve'),
    SOLANA_CHAIN: 'localnet',
    SOLANA_RPC_URL: ready.rpc_url,
    SOLANA_WS_URL: ready.ws_url,
    PROGRAM_ID: ready.program,
    GATEWAY_ADDRESS: ready.gateway,
    USDC_MINT: ready.mint,
    RECEIPT_KEY: ready.receipt_key_file,
    PUBLIC_RPC_URL: ready.rpc_url,
    OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
  }
  const serve = await startLevel5(['serve', '--no-watch', '--json'], settings)
  const { url } = JSON.parse(serve.firstLine) as { url: string }
  const faucet = await fetch(`${url}/dev/fund`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ pubkey: ready.gateway, usdc: '5' }),
  })
  expect(faucet.status).toBe(404)
  const pricing = (await (await fetch(`${url}/v1/pricing`)).json()) as {
    models: Record<string, { provider: string }>
  }
  const providers = new Set(Object.values(pricing.models).map(({ provider }) => provider))
  expect([...providers]).toEqual(['openai'])
  const watch = await startLevel5(['watch', '--json'], settings)
  expect(JSON.parse(watch.firstLine)).toMatchObject({ ready: true, gateway: ready.gateway })
  const agent = await stack.newAgent('2', { url })
  expect((await agent.deposit({ usdc: '1' })).available).toBe('1000000')
  expect(await Promise.all([serve.stop(), watch.stop()])).toEqual([0, 0])
  expect(await stack.stop()).toBe(0)
})

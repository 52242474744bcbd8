// The operator's commands on a chain: init, show, update, and a gateway served with exactly the settings they print.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Keypair, PublicKey } from '@solana/web3.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gatewayAddress } from '../../src/chain/addresses.ts'
import { documentOf, runLevel5, startLevel5 } from '../support/executable.ts'
import { type Stack, startStack } from '../support/stack.ts'

const folder = mkdtempSync(join(tmpdir(), 'level5-gateway-'))
const OPERATOR = join(folder, 'operator.json')
const RECEIPT = join(folder, 'receipt.json')
let stack: Stack

beforeAll(async () => {
  stack = await startStack()
})
afterAll(async () => {
  await stack.stop()
  rmSync(folder, { recursive: true })
})

async function keygen(file: string): Promise<string> {
  return String(documentOf(await runLevel5(['keygen', '--out', file, '--json']))['pubkey'])
}

test('init, show, update; serve takes the settings that they print', async () => {
  const { rpc_url, program, mint } = stack.ready
  const operator = await keygen(OPERATOR)
  const receiptKey = await keygen(RECEIPT)
  await stack.fund(operator, '1')
  const chain = ['--rpc-url', rpc_url, '--mint', mint, '--operator-key', OPERATOR, '--json']
  const absent = await runLevel5(['gateway', 'show', ...chain])
  expect(absent.code).toBe(1)
  const incomplete = await runLevel5(['gateway', 'init', ...chain])
  expect(incomplete.code).toBe(2)
  const terms = ['--receipt-key', RECEIPT, '--endpoint', 'http://127.0.0.1:4999', '--delay', '60']
  const made = await runLevel5(['gateway', 'init', ...chain, ...terms])
  expect(made.stderr).toBe('')
  const address = gatewayAddress(
    new PublicKey(program),
    new PublicKey(operator),
    new PublicKey(mint),
  ).toBase58()
  expect(documentOf(made)).toMatchObject({
    chain: 'localnet',
    gateway: address,
    authority: operator,
    treasury: operator,
    withdrawal_delay: '60',
    receipt_key: receiptKey,
    endpoint: 'http://127.0.0.1:4999',
  })
  const again = await runLevel5(['gateway', 'init', ...chain, ...terms])
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('gateway update') })
  const treasury = Keypair.generate().publicKey.toBase58()
  const changed = await runLevel5(['gateway', 'update', ...chain, '--treasury', treasury])
  expect(documentOf(changed)).toMatchObject({ treasury, withdrawal_delay: '60' })
  const shown = await runLevel5(['gateway', 'show', ...chain])
  expect(documentOf(shown)).toMatchObject({ treasury, endpoint: 'http://127.0.0.1:4999' })
  const { settings } = documentOf(made) as { settings: Record<string, string> }
  const env = { ...settings, PORT: '0', DATA_DIR: folder, OPENAI_API_KEY: 'x' }
  const serve = await startLevel5(['serve', '--json'], env)
  const { url, public_url } = JSON.parse(serve.firstLine) as { url: string; public_url: string }
  expect(public_url).toBe('http://127.0.0.1:4999')
  const pubkey = Keypair.generate().publicKey.toBase58()
  const answer = await fetch(`${url}/v1/deposit?pubkey=${pubkey}`)
  expect(await answer.json()).toMatchObject({ gateway: address, mint, network: 'localnet' })
  expect(await serve.stop()).toBe(0)
})

// Where vouchers are required, against the built executable and a real chain: the clients, the command line, a new receipt key.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Agent } from '../../src/agent/index.ts'
import { newSecretKey } from '../../src/cli/keygen.ts'
import { documentOf, runLevel5 } from '../support/executable.ts'
import { type Stack, startStack } from '../support/stack.ts'

const folder = mkdtempSync(join(tmpdir(), 'level5-vouchers-'))
const KEY_FILE = join(folder, 'agent.json')
const key = newSecretKey()
let stack: Stack
let agent: Agent

beforeAll(async () => {
  stack = await startStack(['--withdrawal-delay', '62'], { REQUIRE_VOUCHERS: 'true' })
  agent = await stack.newAgent('10', { key, vouchers: { limit: '2' } })
  await agent.deposit({ usdc: '3' })
  writeFileSync(KEY_FILE, JSON.stringify([...key]))
})
afterAll(async () => {
  await stack.stop()
  rmSync(folder, { recursive: true })
})

const HELLO = [{ role: 'user' as const, content: 'Say hello' }]
const CHAT = { model: 'gpt-4o-mini', messages: HELLO, max_completion_tokens: 100 }
const MESSAGE = { model: 'claude-haiku-4-5', max_tokens: 100, messages: HELLO }

test('C9: unchanged clients work through the signing fetch and through a session', async () => {
  const openai = new OpenAI({ apiKey: 'unused', baseURL: `${agent.url}/v1`, fetch: agent.fetch })
  const anthropic = new Anthropic({ apiKey: 'unused', baseURL: agent.url, fetch: agent.fetch })
  await openai.chat.completions.create(CHAT)
  const streams = Array.from({ length: 6 }, async () => {
    for await (const _ of await openai.chat.completions.create({ ...CHAT, stream: true }));
  })
  await Promise.all([...streams, anthropic.messages.stream(MESSAGE).finalMessage()])
  const { token } = await agent.session({ spend_limit: '100000' })
  const plain = new Anthropic({ apiKey: token, baseURL: agent.url })
  expect((await plain.messages.create(MESSAGE)).content).toHaveLength(1)
  const { ok, findings } = await agent.verify()
  expect({ ok, findings }).toEqual({ ok: true, findings: [] })
})

test('the command line signs under its limit, and says which bound refused', async () => {
  const cautious = newSecretKey()
  const file = join(folder, 'cautious.json')
  writeFileSync(file, JSON.stringify([...cautious]))
  await (await stack.newAgent('1', { key: cautious })).deposit({ usdc: '1' })
  const call = (limit: string) =>
    runLevel5(['call', 'gpt-4o-mini', 'hi', '--json', '--voucher-limit', limit], {
      LEVEL5_URL: stack.ready.url,
      LEVEL5_KEY: file,
    })
  const low = await call('0.000001')
  expect(low.code).toBe(1)
  expect(documentOf(low)).toMatchObject({
    error: {
      code: 'authorization_required',
      message: expect.stringContaining('the limit of 1 on vouchers'),
      payment: { authorize: { signed: '0' } },
    },
  })
  const signed = await call('2')
  expect(documentOf(signed)).toMatchObject({ charge: expect.stringMatching(/^\d+$/) })
})

test('a new receipt key on chain: what the old one signed stays good', async () => {
  const receiptKey = join(folder, 'receipt.json')
  await runLevel5(['keygen', '--out', receiptKey])
  const { rpc_url, mint, operator_key_file } = stack.ready
  const chain = ['--rpc-url', rpc_url, '--mint', mint, '--operator-key', operator_key_file]
  const changed = await runLevel5(['gateway', 'update', ...chain, '--receipt-key', receiptKey])
  expect(changed.code, changed.stderr).toBe(0)
  const later = await stack.newAgent('1', { key, vouchers: { limit: '2' } })
  const headers = { 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(CHAT) }
  expect((await later.fetch('/v1/chat/completions', init)).status).toBe(200)
})

test('C8: withdraw --all asks for what is not spent, and says what stays', async () => {
  const before = await agent.balance()
  const flags = ['--all', '--no-wait', '--json', '--key', KEY_FILE, '--url', stack.ready.url]
  const requested = documentOf(await runLevel5(['withdraw', ...flags]))
  expect(requested).toMatchObject({ state: 'requested', amount: before.available })
  const vault = documentOf(await runLevel5(['vault', ...flags.slice(2)]))
  expect(vault).toMatchObject({ pending_withdrawal: before.available })
})

import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test, vi } from 'vitest'
import { LedgerUnavailable } from '../../src/ledger/ledger.ts'
import type { DevParts } from '../../src/routes/parts.ts'
import { ADMIN_TOKEN, OPERATOR_KEYS, startGateway, until } from '../support/gateway.ts'
import { chatStream, jsonReply, messagesReply, streamReply } from '../support/provider.ts'
import { openSession } from '../support/session.ts'

const CALL = '/v1/chat/completions'
const SECRET_PROMPT = 'the-prompt-that-nobody-logs'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: SECRET_PROMPT }] }

test('a gateway that lives is healthy; it is ready while the ledger is written and the watcher keeps up', async () => {
  let behind = false
  const problem = (): null => null
  const chain = { wake: () => {}, behind: () => behind, problem, status: () => ({}) }
  let clock = 1_000_000
  const gateway = await startGateway({ chain, now: () => clock })
  const ready = async (): Promise<number> => (await fetch(`${gateway.url}/ready`)).status
  expect((await fetch(`${gateway.url}/health`)).status).toBe(200)
  expect(await ready()).toBe(200)
  behind = true
  expect(await ready()).toBe(503)
  behind = false
  gateway.ledger.probe = () => Promise.reject(new LedgerUnavailable('disk full'))
  expect(await ready()).toBe(200)
  clock += 1_000
  expect(await ready()).toBe(503)
  expect((await fetch(`${gateway.url}/health`)).status).toBe(200)
})

test('a gateway whose receipts do not verify says so where it is asked whether it is ready', async () => {
  let found: string | null = null
  const problem = (): string | null => found
  const chain = { wake: () => {}, behind: () => false, problem, status: () => ({}) }
  const gateway = await startGateway({ chain })
  const ready = async (): Promise<unknown> => (await fetch(`${gateway.url}/ready`)).json()
  expect(await ready()).toEqual({ status: 'ready' })
  found = 'another receipt key'
  expect(await ready()).toEqual({ status: 'ready', problem: found })
})

test('a stranger who asks whether it is ready makes the ledger write once a second at most', async () => {
  const gateway = await startGateway({ now: () => 1_000_000 })
  const before = gateway.ledger.commits
  for (let asked = 0; asked < 10; asked += 1) await fetch(`${gateway.url}/ready`)
  expect(gateway.ledger.commits - before).toBe(1)
})

test('S4: admin routes need the token, and do not exist without one', async () => {
  const gateway = await startGateway()
  const status = (headers: Record<string, string>) =>
    fetch(`${gateway.url}/admin/status`, { headers })
  expect((await status({})).status).toBe(401)
  expect((await status({ authorization: 'Bearer wrong' })).status).toBe(403)
  const allowed = await status({ authorization: `Bearer ${ADMIN_TOKEN}` })
  expect(await allowed.json()).toMatchObject({ conservation: 'held', stopped_vaults: [] })

  const closed = await startGateway({ adminToken: null })
  const headers = { authorization: 'Bearer null' }
  expect((await fetch(`${closed.url}/admin/status`, { headers })).status).toBe(404)
})

test('L1: the status says what the last audit found, and sums nothing; the next audit is a minute later', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const gateway = await startGateway()
  await gateway.agent(100n)
  const ask = async () => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
    const answer = await fetch(`${gateway.url}/admin/status`, { headers })
    return (await answer.json()) as { conservation: string; audit: { audited_at: string } }
  }
  const first = await ask()
  expect(first).toMatchObject({
    conservation: 'held',
    audit: { agents: 0, rows: 0, running: null, failed: null },
  })
  const db = new Database(join(dirname(gateway.pricesFile), 'ledger.sqlite'))
  db.exec('UPDATE agents SET spent = spent + 1, balance = balance - 1')
  db.close()
  expect(await ask()).toMatchObject({ conservation: 'held', audit: first.audit })
  vi.advanceTimersByTime(60_000)
  await until(async () => (await ask()).audit.audited_at !== first.audit.audited_at)
  expect(await ask()).toMatchObject({
    conservation: expect.stringMatching(/: spent and the journal: 1 against 0$/),
    audit: { agents: 1, rows: 1 },
  })
  expect(gateway.log.join('')).toContain('"msg":"the books do not balance"')
  expect((await fetch(`${gateway.url}/ready`)).status).toBe(200)
})

test('S4: the faucet exists only where its parts were handed in', async () => {
  const funded: [string, bigint][] = []
  const dev: DevParts = {
    fund(pubkey, usdc) {
      funded.push([pubkey, usdc])
      return Promise.resolve({ signature: 'sig', lamports: 5n })
    },
  }
  const gateway = await startGateway({ dev })
  const { pubkey } = await gateway.agent(0n)
  const ask = (url: string, body: object) =>
    fetch(`${url}/dev/fund`, { method: 'POST', body: JSON.stringify(body) })
  expect(await (await ask(gateway.url, { pubkey, usdc: '1.5' })).json()).toEqual({
    signature: 'sig',
    pubkey,
    usdc_units: '1500000',
    lamports: '5',
  })
  expect((await ask(gateway.url, { pubkey, usdc: '-1' })).status).toBe(400)
  expect(funded).toEqual([[pubkey, 1_500_000n]])
  const production = await startGateway()
  expect((await ask(production.url, { pubkey, usdc: '1' })).status).toBe(404)
})

test('no credential of the agent and no header beyond the allowed goes to a provider', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(100_000n)
  const headers = {
    authorization: 'Bearer sk-dummy',
    'x-api-key': 'dummy-key',
    'x-stainless-os': 'Linux',
    cookie: 'a=b',
    'openai-organization': 'org-of-the-agent',
    'accept-encoding': 'gzip',
    'user-agent': 'agent/1',
  }
  await agent.post(CALL, CHAT, { headers })
  gateway.provider.will(messagesReply())
  const asked = { model: 'claude-test', max_tokens: 9, messages: CHAT.messages }
  await agent.post('/v1/messages', asked, {
    headers: { ...headers, 'anthropic-version': '2023-06-01' },
  })
  const [openai, anthropic] = gateway.provider.seen.map((seen) => seen.headers)
  const common = { 'accept-encoding': 'identity', 'content-type': 'application/json' }
  const transport = ['accept', 'connection', 'content-length', 'host']
  expect(openai).toMatchObject({ ...common, authorization: `Bearer ${OPERATOR_KEYS[0]}` })
  expect(Object.keys(openai ?? {}).sort()).toEqual(
    [...transport, ...Object.keys(common), 'authorization'].sort(),
  )
  expect(anthropic).toMatchObject({ ...common, 'x-api-key': OPERATOR_KEYS[1] })
  expect(Object.keys(anthropic ?? {}).sort()).toEqual(
    [...transport, ...Object.keys(common), 'x-api-key', 'anthropic-version'].sort(),
  )
})

test('counting tokens is free, forwarded and never held', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(0n)
  gateway.provider.will(jsonReply(200, { input_tokens: 5 }), jsonReply(400, { type: 'error' }))
  const asked = { model: 'claude-test', messages: CHAT.messages }
  const counted = await agent.post('/v1/messages/count_tokens', asked)
  expect(await counted.json()).toEqual({ input_tokens: 5 })
  expect((await agent.post('/v1/messages/count_tokens', asked)).status).toBe(400)
  expect(gateway.provider.seen[0]?.url).toBe('/v1/messages/count_tokens')
  expect(await gateway.ledger.calls(0, 10)).toEqual([])
  const unsigned = await fetch(`${gateway.url}/v1/messages/count_tokens`, { method: 'POST' })
  expect(unsigned.status).toBe(401)
})

test('the log names every call and holds no secret, token, prompt or signature', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(100_000n)
  const { token } = await openSession(gateway.url, agent)
  const answer = 'the-answer-that-nobody-logs'
  gateway.provider.will(
    streamReply(chatStream([answer])),
    jsonReply(401, { error: { message: `bad key ${OPERATOR_KEYS[0]}` } }),
    jsonReply(400, { error: { message: SECRET_PROMPT } }),
  )
  const body = JSON.stringify({ ...CHAT, stream: true })
  const signed = agent.sign(CALL, { method: 'POST', body })
  const first = await fetch(`${gateway.url}${CALL}`, { method: 'POST', body, headers: signed })
  await first.text()
  await agent.post(CALL, CHAT)
  const headers = { authorization: `Bearer ${token}` }
  await fetch(`${gateway.url}${CALL}`, { method: 'POST', body: JSON.stringify(CHAT), headers })
  gateway.ledger.balance = () => Promise.reject(new Error(`defect about ${SECRET_PROMPT}`))
  await agent.fetch('/v1/balance')

  const lines = gateway.log.map((line) => JSON.parse(line) as Record<string, unknown>)
  const id = first.headers.get('x-request-id')
  expect(lines).toContainEqual(
    expect.objectContaining({
      msg: 'call charged',
      request_id: id,
      outcome: 'completed',
      charge: '26',
    }),
  )
  expect(lines.filter(({ msg }) => msg === 'call released')).toHaveLength(2)
  expect(lines.filter(({ msg }) => msg === 'request failed')).toHaveLength(1)
  const everything = gateway.log.join('')
  const secrets = [
    ...OPERATOR_KEYS,
    ADMIN_TOKEN,
    token,
    SECRET_PROMPT,
    answer,
    signed['x-agent-signature'] ?? '',
    signed['x-agent-nonce'] ?? '',
  ]
  for (const secret of secrets) expect(everything).not.toContain(secret)
})

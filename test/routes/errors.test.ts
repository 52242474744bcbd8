import { expect, test } from 'vitest'
import { ERRORS, type ErrorCode } from '../../src/errors.ts'
import { LedgerUnavailable } from '../../src/ledger/ledger.ts'
import type { TestAgent } from '../support/agent.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { jsonReply, silence } from '../support/provider.ts'
import { challenge, openSession, present } from '../support/session.ts'
import { signVoucher } from '../support/voucher.ts'

interface Scene {
  readonly gateway: TestGateway
  /** Has 10,000 units. */
  readonly agent: TestAgent
  /** Has nothing. */
  readonly poor: TestAgent
}

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 10 }
const post = (body: string, headers = {}) => ({ method: 'POST', body, headers })

/** How each code is provoked, or why it can't be yet. */
const PROVOKED: Record<
  ErrorCode,
  'comes with a later feature' | ((scene: Scene) => Promise<Response>)
> = {
  invalid_json: ({ agent }) => agent.fetch(CALL, post('{"model":')),
  invalid_request: ({ agent }) => agent.post(CALL, { ...CHAT, max_tokens: -1 }),
  unsupported_parameter: ({ agent }) => agent.post(CALL, { ...CHAT, web_search_options: {} }),
  invalid_voucher: ({ agent }) => agent.post(CALL, CHAT, { headers: { 'x-agent-voucher': '44' } }),
  missing_credentials: ({ gateway }) => fetch(`${gateway.url}${CALL}`, post('{}')),
  invalid_signature: ({ agent }) =>
    agent.fetch(CALL, {
      ...post(JSON.stringify(CHAT)),
      headers: { 'x-agent-nonce': 'another0another0' },
    }),
  stale_request: ({ agent }) =>
    agent.post(CALL, CHAT, { issuedAt: new Date(Date.now() - 61_000).toISOString() }),
  replayed_nonce: async ({ agent }) => {
    const nonce = 'onceonceonceonce1'
    await agent.fetch('/v1/balance', { nonce })
    return agent.post(CALL, CHAT, { nonce })
  },
  invalid_session: ({ gateway }) =>
    fetch(`${gateway.url}${CALL}`, post('{}', { authorization: 'Bearer l5_unknown' })),
  insufficient_balance: ({ poor }) => poor.post(CALL, CHAT),
  session_limit_reached: async ({ gateway, agent }) => {
    const { token } = await openSession(gateway.url, agent, { spend_limit: '5' })
    const headers = { authorization: `Bearer ${token}` }
    return fetch(`${gateway.url}${CALL}`, post(JSON.stringify(CHAT), headers))
  },
  authorization_required: async ({ gateway, agent }) => {
    const { message } = await challenge(gateway.url, agent.pubkey, { spend_limit: '100' })
    return present(gateway.url, message, agent.signMessage(message), signVoucher(agent, 99n))
  },
  forbidden: async ({ gateway, agent }) => {
    const { token } = await openSession(gateway.url, agent, { models: ['other-model'] })
    const headers = { 'x-api-key': token }
    return fetch(`${gateway.url}${CALL}`, post(JSON.stringify(CHAT), headers))
  },
  policy_denied: 'comes with a later feature',
  approval_required: 'comes with a later feature',
  not_found: ({ gateway }) => fetch(`${gateway.url}/v1/nowhere`),
  model_not_found: ({ agent }) => agent.post(CALL, { ...CHAT, model: 'unpriced' }),
  idempotency_conflict: ({ gateway, agent }) => {
    gateway.ledger.recall = () => Promise.resolve({ kind: 'other_request' })
    return agent.post(CALL, CHAT, { headers: { 'idempotency-key': 'key-0123456789abcdef' } })
  },
  request_in_progress: ({ gateway, agent }) => {
    gateway.ledger.recall = () => Promise.resolve({ kind: 'running', requestId: 'req_1' })
    return agent.post(CALL, CHAT, { headers: { 'idempotency-key': 'key-0123456789abcdef' } })
  },
  price_changed: ({ agent }) =>
    agent.post(CALL, CHAT, { priceVersion: `sha256:${'0'.repeat(64)}` }),
  request_too_large: ({ agent }) => agent.fetch(CALL, post('x'.repeat(1_048_577))),
  rate_limited: 'comes with a later feature',
  budget_exceeded: 'comes with a later feature',
  internal_error: ({ gateway, agent }) => {
    gateway.ledger.balance = () => Promise.reject(new Error('a defect'))
    return agent.fetch('/v1/balance')
  },
  upstream_error: ({ gateway, agent }) => {
    gateway.provider.will(jsonReply(500, {}))
    return agent.post(CALL, CHAT)
  },
  overloaded: ({ gateway, agent }) => {
    gateway.provider.will(jsonReply(529, {}))
    return agent.post(CALL, CHAT)
  },
  ledger_unavailable: ({ gateway, agent }) => {
    gateway.ledger.hold = () => Promise.reject(new LedgerUnavailable('busy'))
    return agent.post(CALL, CHAT)
  },
  upstream_timeout: ({ gateway, agent }) => {
    gateway.provider.will(silence)
    return agent.post(CALL, CHAT)
  },
}

const OPENAI_TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'invalid_request_error',
  413: 'invalid_request_error',
}

const CODES = Object.keys(ERRORS) as ErrorCode[]

test.each(CODES.filter((code) => typeof PROVOKED[code] === 'function'))(
  '%s has its status, its shape and a next step',
  async (code) => {
    const provoke = PROVOKED[code]
    if (typeof provoke === 'string') throw new Error(provoke)
    const timeouts = { headersMs: 200, idleMs: 200, totalMs: 5_000 }
    const gateway = await startGateway({ timeouts })
    const scene = { gateway, agent: await gateway.agent(10_000n), poor: await gateway.agent(0n) }
    const response = await provoke(scene)
    const { status, next, retryable } = ERRORS[code]
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
    expect(response.headers.get('x-should-retry')).toBe(retryable ? null : 'false')
    const body = (await response.json()) as { error: Record<string, unknown> }
    expect(body.error).toEqual({
      message: expect.stringMatching(/./),
      type: OPENAI_TYPES[status] ?? 'server_error',
      param: body.error['param'],
      code,
    })
    expect(body.error['message']).toContain(next)
    expect((await gateway.ledger.calls(0, 10)).every(({ state }) => state === 'released')).toBe(
      true,
    )
  },
)

test.each<[number, string, string]>([
  [400, 'invalid_request_error', JSON.stringify({ model: 'claude-test', messages: [] })],
  [400, 'invalid_request_error', '{'],
  [
    404,
    'not_found_error',
    JSON.stringify({ model: 'nothing', max_tokens: 9, messages: CHAT.messages }),
  ],
  [
    402,
    'billing_error',
    JSON.stringify({ model: 'claude-test', max_tokens: 9, messages: CHAT.messages }),
  ],
  [413, 'request_too_large', 'x'.repeat(1_048_577)],
])('Anthropic: %i is its own %s', async (status, type, body) => {
  const gateway = await startGateway()
  const agent = await gateway.agent(0n)
  const response = await agent.fetch('/v1/messages', { method: 'POST', body })
  expect(response.status).toBe(status)
  const requestId = response.headers.get('x-request-id')
  expect(await response.json()).toMatchObject({
    type: 'error',
    error: { type, code: expect.any(String), message: expect.any(String) },
    request_id: requestId,
  })
})

test.each<[number, string, number]>([
  [502, 'api_error', 500],
  [503, 'overloaded_error', 429],
  [504, 'timeout_error', 0],
])('Anthropic: %i is its own %s', async (status, type, upstream) => {
  const gateway = await startGateway({ timeouts: { headersMs: 200, idleMs: 200, totalMs: 5_000 } })
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(upstream === 0 ? silence : jsonReply(upstream, {}))
  const asked = { model: 'claude-test', max_tokens: 9, messages: CHAT.messages }
  const response = await agent.post('/v1/messages', asked)
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ type: 'error', error: { type } })
})

test.each([
  ['POST', '/v1/balance'],
  ['GET', '/v1/chat/completions'],
  ['OPTIONS', '/v1/chat/completions'],
  ['PUT', '/v1/messages'],
  ['GET', '/v1/messages/unknown'],
  ['GET', '/admin'],
  ['POST', '/dev/fund'],
])('%s %s is not found', async (method, path) => {
  const gateway = await startGateway()
  const response = await fetch(`${gateway.url}${path}`, { method })
  expect(response.status).toBe(404)
  const body = (await response.json()) as { type?: string; error: { code: string } }
  expect(body.error.code).toBe('not_found')
  expect(body.type).toBe(path.startsWith('/v1/messages') ? 'error' : undefined)
})

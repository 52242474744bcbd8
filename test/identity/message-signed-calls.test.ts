import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { checkAuthProof } from '../../src/identity/auth-proof.ts'
import type { TestAgent } from '../support/agent.ts'
import { freshNonce } from '../support/agent.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'

const CALL = '/v1/chat/completions'
const BODY = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Hi' }],
  max_tokens: 10,
})

/** The headers of a request that the agent signs by RFC 9421, written out by hand. */
function signed(
  { url }: TestGateway,
  agent: TestAgent,
  target: string,
  { method = 'GET', body = '', nonce = freshNonce() } = {},
): Record<string, string> {
  const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
  const covered: [string, string][] = [
    ['@method', method],
    ['@target-uri', url + target],
    ...(body === '' ? [] : ([['content-digest', digest]] as [string, string][])),
  ]
  const created = Math.floor(Date.now() / 1000)
  const input = `(${covered.map(([name]) => `"${name}"`).join(' ')});created=${created};nonce="${nonce}";keyid="${agent.pubkey}"`
  const lines = covered.map(([name, value]) => `"${name}": ${value}`)
  const base = [...lines, `"@signature-params": ${input}`].join('\n')
  return {
    'signature-input': `agent=${input}`,
    signature: `agent=:${agent.signMessage(base)}:`,
    ...(body === '' ? {} : { 'content-digest': digest }),
  }
}

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code
}

test('A1: a call signed by RFC 9421 is charged to its key, and its journal proves who asked', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const headers = signed(gateway, agent, CALL, { method: 'POST', body: BODY })
  const response = await fetch(gateway.url + CALL, { method: 'POST', headers, body: BODY })
  expect(response.status).toBe(200)
  const [call] = await gateway.ledger.calls(0, 1)
  const { auth, requestDigest } = call ?? expect.fail('no call')
  if ('session' in auth) return expect.fail('a session')
  expect(auth.signature_input).toBe(headers['signature-input']?.slice('agent='.length))
  const audience = { origin: gateway.url, chain: 'localnet' } as const
  expect(checkAuthProof(audience, { agent: agent.pubkey, auth, requestDigest })).toEqual({
    kind: 'proven',
  })
  const forwarded = Object.keys(gateway.provider.seen[0]?.headers ?? {})
  expect(forwarded.filter((name) => /signature|digest/.test(name))).toEqual([])
})

test('A2: a nonce is single use over both ways to sign, at once and after a restart', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const headers = signed(gateway, agent, CALL, {
    method: 'POST',
    body: BODY,
    nonce: 'sharedNonce00000001',
  })
  const send = () => fetch(gateway.url + CALL, { method: 'POST', headers, body: BODY })
  const statuses = (await Promise.all(Array.from({ length: 10 }, send))).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status === 401)).toHaveLength(9)
  const native = () => agent.fetch('/v1/balance', { nonce: 'sharedNonce00000001' })
  expect(await codeOf(await native())).toBe('replayed_nonce')
  await gateway.restart()
  expect(await codeOf(await native())).toBe('replayed_nonce')
  expect(await codeOf(await send())).toBe('replayed_nonce')
  expect((await agent.fetch('/v1/balance', { nonce: 'sharedNonce00000002' })).status).toBe(200)
  const after = signed(gateway, agent, '/v1/balance', { nonce: 'sharedNonce00000002' })
  expect(await codeOf(await fetch(`${gateway.url}/v1/balance`, { headers: after }))).toBe(
    'replayed_nonce',
  )
})

test('the native signature decides before it, and it before a session', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const other = await gateway.agent(5n)
  const message = signed(gateway, agent, '/v1/balance')
  const both = await other.fetch('/v1/balance', { headers: message })
  expect(await both.json()).toMatchObject({ agent: other.pubkey })
  const broken = { ...message, 'x-agent-signature': 'AAAA' }
  expect((await fetch(`${gateway.url}/v1/balance`, { headers: broken })).status).toBe(401)
  const withToken = { authorization: 'Bearer l5_nothing', ...signed(gateway, agent, '/v1/balance') }
  expect((await fetch(`${gateway.url}/v1/balance`, { headers: withToken })).status).toBe(200)
  const half = await fetch(`${gateway.url}/v1/balance`, { headers: { signature: 'a=:AA==:' } })
  expect(await codeOf(half)).toBe('missing_credentials')
})

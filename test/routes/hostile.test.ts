import { connect } from 'node:net'
import { expect, test } from 'vitest'
import type { TestAgent } from '../support/agent.ts'
import { startGateway } from '../support/gateway.ts'

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 10 }

/** Sends raw text and resolves with everything that comes back until the gateway closes. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

/** The request line and signed headers of a call whose connection closes after it. */
function signedHead(agent: TestAgent): string {
  const signed = agent.sign(CALL, { method: 'POST' })
  const headers = Object.entries(signed).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${CALL} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${headers.join('')}`
}

test.each<[string, string | Uint8Array, string]>([
  ['an empty body', '', 'invalid_json'],
  ['half a document', '{"model":"gpt-4o-mini"', 'invalid_json'],
  ['invalid UTF-8', Buffer.from('7b226d6f64656c223a22ff227d', 'hex'), 'invalid_json'],
  ['an array', '[]', 'invalid_json'],
  ['a number', '1', 'invalid_json'],
  ['duplicate keys', '{"model":"gpt-4o-mini","model":"gpt-4o-mini","messages":[]}', 'invalid_json'],
  [
    'a prototype key',
    JSON.stringify(CHAT).replace('{', '{"__proto__":{"admin":true},'),
    'unsupported_parameter',
  ],
  ['a constructor key', JSON.stringify({ ...CHAT, constructor: {} }), 'unsupported_parameter'],
  ['a thousand levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'invalid_json'],
])('S3: %s is a clear 400 and changes nothing', async (_what, body, code) => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const response = await agent.fetch(CALL, { method: 'POST', body })
  expect(response.status).toBe(400)
  const { error } = (await response.json()) as { error: { code: string } }
  expect(error.code).toBe(code)
  expect((await gateway.ledger.balance(agent.pubkey)).available).toBe(10_000n)
  expect(gateway.provider.seen).toEqual([])
})

test.each(['__proto__', 'constructor', 'toString'])(
  'S3: the model %s is not found',
  async (model) => {
    const gateway = await startGateway()
    const agent = await gateway.agent(10_000n)
    expect((await agent.post(CALL, { ...CHAT, model })).status).toBe(404)
  },
)

test('S3: a body that announces too much is refused before it is read', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(0n)
  const head = signedHead(agent)
  const answer = await raw(gateway.port, `${head}content-length: 100000000\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  expect(answer).toContain('"code":"request_too_large"')
})

test('S3: a body that grows too large is refused while it comes in', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(0n)
  const head = signedHead(agent)
  const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`
  // The last chunk never comes: whoever waited for it would not answer.
  const answer = await raw(
    gateway.port,
    `${head}transfer-encoding: chunked\r\n\r\n${chunk.repeat(20)}`,
  )
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
})

test('S3: whoever sends a body that is too large and closes reads the refusal', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(0n)
  const head = signedHead(agent)
  const body = 'x'.repeat(20_000_000)
  const answer = await raw(gateway.port, `${head}content-length: ${body.length}\r\n\r\n${body}`)
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
})

test('S3: 100 MB are refused, and the client reads the refusal', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(0n)
  const response = await agent.fetch(CALL, { method: 'POST', body: Buffer.alloc(100_000_000) })
  expect(response.status).toBe(413)
})

test('S3: a flood of headers is refused', async () => {
  const gateway = await startGateway()
  const many = Array.from({ length: 5_000 }, (_, index) => `x-${index}: a\r\n`).join('')
  const answer = await raw(gateway.port, `GET /health HTTP/1.1\r\nhost: a\r\n${many}\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  expect(answer).toContain('"code":"request_too_large"')
})

test.each([
  ['headers', 'GET /health HTTP/1.1\r\nhost: a\r\nx-slow: '],
  [
    'a body',
    `POST ${CALL} HTTP/1.1\r\nhost: a\r\nx-agent-signature: A\r\ncontent-length: 9\r\n\r\n{`,
  ],
])('S3: whoever sends %s slowly is cut off with a 400', async (_what, text) => {
  const httpLimits = { headersMs: 300, requestMs: 600, keepAliveMs: 1_000, headerBytesMax: 16_384 }
  const gateway = await startGateway({ httpLimits })
  const answer = await raw(gateway.port, text)
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(answer).toContain('"code":"invalid_request"')
})

test.each([
  ['not HTTP', 'hello\r\n\r\n'],
  ['a bad Host', 'GET /health HTTP/1.1\r\nhost: a b/c?\r\nconnection: close\r\n\r\n'],
  ['two lengths', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx'],
  [
    'length and chunks',
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
  ],
])('S3: %s is a 400', async (_what, text) => {
  const gateway = await startGateway()
  const answer = await raw(gateway.port, text)
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(answer).toContain('"code":"invalid_request"')
})

test.each([
  ['/v1/sessions/challenge', '{'],
  ['/v1/sessions/challenge', '{"pubkey":1}'],
  ['/v1/sessions/challenge', '{"pubkey":"x","unknown":1}'],
  ['/v1/sessions/challenge', '{"pubkey":"x","models":{"length":{"toString":1}}}'],
  ['/v1/sessions', '{"message":{"length":{"toString":1}},"signature":"no"}'],
  ['/v1/sessions', '{}'],
  ['/v1/sessions', '{"message":"no","signature":"no"}'],
  ['/v1/sessions', '[]'],
])('S3: %s refuses %s', async (path, body) => {
  const gateway = await startGateway()
  const response = await fetch(`${gateway.url}${path}`, { method: 'POST', body })
  expect(response.status).toBe(400)
})

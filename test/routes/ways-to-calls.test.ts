// A call is the same call however its target is spelled and whatever came with it: past the router or through it.
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createRequestIds } from '../../src/routes/request-ids.ts'
import { startGateway } from '../support/gateway.ts'

const CALL = '/v1/chat/completions'
const BODY = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Hi' }],
  max_tokens: 10,
})

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

test.each([
  ['as documented', CALL, CALL, 'gateway.test:4020'],
  ['with a query', `${CALL}?a=b`, `${CALL}?a=b`, 'gateway.test'],
  ['for an IPv6 host', CALL, CALL, '[::1]:4020'],
  ['in absolute form', `http://gateway.test${CALL}`, `http://gateway.test${CALL}`, 'gateway.test'],
])('a call %s is served, charged once and named', async (_how, target, signed, host) => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const headers = Object.entries(agent.sign(signed, { method: 'POST', body: BODY }))
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = `POST ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n${lines}`
  const answer = await raw(gateway.port, `${head}content-length: ${BODY.length}\r\n\r\n${BODY}`)
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(answer).toMatch(/\r\nx-request-id: req_[0-9a-f]{24}\r\n/)
  expect(gateway.provider.seen.length).toBe(1)
})

test('a host that makes no URL is refused', async () => {
  const gateway = await startGateway()
  const head = `POST ${CALL} HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n`
  const answer = await raw(gateway.port, `${head}content-length: 2\r\n\r\n{}`)
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(answer).toContain('Host header')
})

test('S3: whoever goes on sending after its answer reads it and is cut off', async () => {
  const gateway = await startGateway()
  const head = `POST ${CALL} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n`
  const answer = await raw(gateway.port, `${head}${'x'.repeat(1000)}`)
  expect(answer).toMatch(/^HTTP\/1\.1 401 /)
  expect(answer).toContain('missing_credentials')
})

test('whoever is refused before its body was read may ask again on the same connection', async () => {
  const gateway = await startGateway()
  const refused = `POST ${CALL} HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{"a": "b"}`.slice(
    0,
    -1,
  )
  const last = `GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`
  const answer = await raw(gateway.port, refused + last)
  expect(answer.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200'])
})

test('request ids begin with the time and use each random byte once', () => {
  let drawn = 0
  const random = (bytes: number) => {
    const from = drawn
    drawn += bytes
    return Buffer.from(Array.from({ length: bytes }, (_, index) => ((from + index) / 6) & 0xff))
  }
  let at = 0x0123456789a
  const next = createRequestIds(random, () => at++)
  const ids = Array.from({ length: 600 }, next)
  const expected = ids.map((_, index) => {
    const time = (0x0123456789a + index).toString(16).padStart(12, '0')
    return `req_${time}${(index & 0xff).toString(16).padStart(2, '0').repeat(6)}`
  })
  expect(ids).toEqual(expected)
  expect([...ids].sort()).toEqual(ids)
})

// The signing fetch against the fixed bytes of vectors.json and against a real HTTP server that checks what arrives.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import bs58 from 'bs58'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAgent } from '../../src/agent/index.ts'
import { toSigner } from '../../src/agent/key.ts'
import { Level5Error } from '../../src/agent/level5-error.ts'
import { signedHeaders } from '../../src/agent/signed-headers.ts'
import { createSigningFetch } from '../../src/agent/signing-fetch.ts'
import { verifyStrict } from '../../src/identity/ed25519.ts'
import { requestText } from '../../src/identity/signed-text.ts'
import vectors from '../vectors.json' with { type: 'json' }

const signer = toSigner(Buffer.from(vectors.agent.secret_key_hex, 'hex'))

describe('signed headers', () => {
  test.each(vectors.signed_requests)('A1: $method $target signs the fixed bytes', async (row) => {
    const headers = await signedHeaders(signer, {
      origin: row.origin,
      chain: row.chain as 'mainnet' | 'localnet',
      method: row.method,
      target: row.target,
      body: new TextEncoder().encode(row.body),
      nonce: row.nonce,
      now: Date.parse(row.issuedAt),
      priceVersion: row.priceVersion ?? null,
    })
    expect(headers).toEqual({
      'x-agent-pubkey': vectors.agent.pubkey,
      'x-agent-nonce': row.nonce,
      'x-agent-issued-at': row.issuedAt,
      'x-agent-signature': row.signature,
    })
  })
})

interface Arrived {
  readonly method: string
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

let server: Server
let origin: string
let arrived: Arrived[] = []
let answer = { status: 200, body: '{}', headers: {} as Record<string, string> }

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url: target = '', headers } = request
    arrived.push({ method, target, headers, body: Buffer.concat(chunks) })
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(answer.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())
beforeEach(() => {
  arrived = []
  answer = { status: 200, body: '{}', headers: {} }
})

function agentFetch(): typeof fetch {
  return createAgent({
    key: Buffer.from(vectors.agent.secret_key_hex, 'hex'),
    url: origin,
    chain: 'localnet',
  }).fetch
}

function expectSigned({ method, target, headers, body }: Arrived): void {
  const text = requestText({
    origin,
    chain: 'localnet',
    pubkey: vectors.agent.pubkey,
    method,
    target,
    nonce: String(headers['x-agent-nonce']),
    issuedAt: String(headers['x-agent-issued-at']),
    bodySha256: createHash('sha256').update(body).digest(),
  })
  const signature = Buffer.from(String(headers['x-agent-signature']), 'base64')
  expect(verifyStrict(bs58.decode(vectors.agent.pubkey), Buffer.from(text), signature)).toBe(true)
}

describe('the signing fetch and bodies', () => {
  const form = new FormData()
  form.set('a', 'ü')
  const bytes = new TextEncoder().encode('{"a":"ü"}')
  const bodies: [string, () => NonNullable<RequestInit['body']>][] = [
    ['text', () => '{"a":"ü"}'],
    ['bytes', () => bytes],
    ['an ArrayBuffer', () => bytes.slice().buffer],
    ['a Blob', () => new Blob(['{"a":', '"ü"}'])],
    ['a stream', () => new Blob(['{"a":', '"ü"}']).stream()],
    ['search parameters', () => new URLSearchParams({ a: 'ü' })],
    ['a form', () => form],
  ]
  test.each(bodies)('A1: signs the bytes that travel when the body is %s', async (_, body) => {
    const init = { method: 'POST', body: body(), duplex: 'half' } as RequestInit
    await agentFetch()(`${origin}/v1/chat/completions?a=b%2Fc`, init)
    const [request] = arrived
    if (request === undefined) throw new Error('nothing arrived')
    expect(request.target).toBe('/v1/chat/completions?a=b%2Fc')
    expect(request.body.length).toBeGreaterThan(0)
    expectSigned(request)
  })

  test('signs a Request, a URL and a bare path, bound to nothing', async () => {
    const unbound = agentFetch()
    await unbound(new Request(`${origin}/v1/x`, { method: 'PUT', body: 'hello' }))
    await unbound(new URL(`${origin}/v1/balance`))
    await unbound('/v1/balance#part')
    expect(arrived.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'PUT /v1/x',
      'GET /v1/balance',
      'GET /v1/balance',
    ])
    for (const request of arrived) expectSigned(request)
  })

  test('A2: every try carries a nonce of its own', async () => {
    const fetch = agentFetch()
    await Promise.all(Array.from({ length: 20 }, () => fetch(`${origin}/v1/balance`)))
    expect(new Set(arrived.map(({ headers }) => headers['x-agent-nonce'])).size).toBe(20)
  })
})

describe('the signing fetch and what it lets out', () => {
  test('lets only the headers through that the gateway reads', async () => {
    await agentFetch()(`${origin}/v1/messages`, {
      method: 'POST',
      body: '{}',
      headers: {
        authorization: 'Bearer sk-secret',
        'x-api-key': 'sk-secret',
        cookie: 'a=b',
        'openai-organization': 'org-1',
        'x-stainless-os': 'Linux',
        'anthropic-version': '2023-06-01',
        'idempotency-key': 'once-only-0123456789',
        'content-type': 'application/json',
      },
    })
    const headers = arrived[0]?.headers ?? {}
    expect(Object.keys(headers)).not.toEqual(
      expect.arrayContaining(['authorization', 'x-api-key', 'cookie']),
    )
    expect(JSON.stringify(headers)).not.toMatch(/sk-secret|org-1|stainless/)
    expect(headers).toMatchObject({
      'anthropic-version': '2023-06-01',
      'idempotency-key': 'once-only-0123456789',
      'content-type': 'application/json',
    })
  })

  test.each([
    'https://api.openai.com/v1/chat/completions',
    'http://localhost:1/v1/balance',
    'http://127.0.0.1.example.com/v1/balance',
    'data:text/plain,hello',
  ])('A1: signs nothing for %s', async (url) => {
    await expect(agentFetch()(url)).rejects.toMatchObject({ code: 'wrong_origin' })
    expect(arrived).toEqual([])
  })

  test('A1: follows no redirect with a signature', async () => {
    answer = { status: 307, body: '', headers: { location: `${origin}/elsewhere` } }
    await expect(agentFetch()(`${origin}/v1/balance`)).rejects.toThrow()
    expect(arrived).toHaveLength(1)
  })

  test('ends with the signal of its caller', async () => {
    const controller = new AbortController()
    controller.abort(new Error('enough'))
    const init = { signal: controller.signal }
    await expect(agentFetch()(`${origin}/v1/balance`, init)).rejects.toThrow()
    const request = new Request(`${origin}/v1/balance`, init)
    await expect(agentFetch()(request)).rejects.toThrow()
    expect(arrived).toEqual([])
  })

  test('binds the price list that the caller agreed to', async () => {
    const row = vectors.signed_requests.find(({ priceVersion }) => priceVersion !== undefined)
    if (row?.priceVersion === undefined) throw new Error('no such vector')
    const seen: Headers[] = []
    const fetch = createSigningFetch({
      signer,
      origin: row.origin,
      chain: async () => 'mainnet',
      checkRefusal: async () => {},
      vouching: null,
      surroundings: { now: () => Date.parse(row.issuedAt), freshNonce: () => row.nonce },
      transport: async (_, init) => {
        seen.push(new Headers(init?.headers))
        return new Response('{}')
      },
    })
    const headers = { 'X-Price-Version': row.priceVersion }
    await fetch(`${row.origin}${row.target}`, { method: 'POST', body: row.body, headers })
    expect(seen[0]?.get('x-agent-signature')).toBe(row.signature)
    expect(seen[0]?.get('x-price-version')).toBe(row.priceVersion)
  })
})

test('failures are Level5Errors with the code, status and request id of the answer', async () => {
  const agent = createAgent({
    key: Buffer.from(vectors.agent.secret_key_hex, 'hex'),
    url: origin,
    chain: 'localnet',
  })
  const error = { message: 'no.', type: 'x', param: null, code: 'replayed_nonce' }
  answer = { status: 401, body: JSON.stringify({ error }), headers: { 'x-request-id': 'req_1' } }
  const refused = await agent.balance().catch((caught: unknown) => caught)
  expect(refused).toBeInstanceOf(Level5Error)
  expect(refused).toMatchObject({ code: 'replayed_nonce', status: 401, requestId: 'req_1' })
  answer = { status: 502, body: '<html>', headers: {} }
  await expect(agent.balance()).rejects.toMatchObject({ code: 'unexpected_answer', status: 502 })
  answer = { status: 200, body: 'not json', headers: {} }
  await expect(agent.balance()).rejects.toMatchObject({ code: 'unexpected_answer' })
  const nowhere = createAgent({ key: signer, url: 'http://127.0.0.1:1', chain: 'localnet' })
  await expect(nowhere.balance()).rejects.toMatchObject({ code: 'unreachable', status: null })
})

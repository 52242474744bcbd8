import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createProvider } from '../../src/providers/forward.ts'

const opened: { close(): unknown }[] = []
afterEach(() => Promise.all(opened.splice(0).map((part) => part.close())))

/** A provider with headers of its own that is asked with `brought`, and what it sees of that. */
async function seenHeaders(brought: Record<string, string>): Promise<IncomingHttpHeaders> {
  const server = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1')
  opened.push(server)
  await once(server, 'listening')
  const provider = createProvider({
    name: 'test',
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pathPrefix: '',
    headers: { 'x-api-key': 'key of the operator', 'anthropic-version': '2023-06-01' },
  })
  opened.push(provider)
  const asked = once(server, 'request')
  const answer = await provider.send({
    path: '/messages',
    body: Buffer.from('{}'),
    headers: brought,
    timeouts: { headersMs: 10_000, idleMs: 10_000, totalMs: 10_000 },
    signal: new AbortController().signal,
  })
  if (answer.kind === 'answered') await answer.body.read(() => true)
  const [{ headers }] = (await asked) as [{ headers: IncomingHttpHeaders }]
  return headers
}

test('a request that brings no headers has those of its provider', async () => {
  expect(await seenHeaders({})).toMatchObject({
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    'x-api-key': 'key of the operator',
    'anthropic-version': '2023-06-01',
  })
})

test('what a request brings stands once, in the place of what its provider has', async () => {
  const brought = { 'anthropic-version': '2023-01-01', 'anthropic-beta': 'extended-cache' }
  expect(await seenHeaders(brought)).toMatchObject({
    ...brought,
    'accept-encoding': 'identity',
    'x-api-key': 'key of the operator',
  })
})

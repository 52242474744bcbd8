/** S1 and S3: who reads slowly holds the provider back, and who writes slowly is cut off. */
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startGateway, until } from '../support/gateway.ts'
import { chatChunk, DONE, startProvider } from '../support/provider.ts'
import { serveGateway } from '../support/served-gateway.ts'
import { balanceOf, CALL, open } from './raw.ts'

const MB = 1_048_576
const STREAM_BYTES = 96 * MB
/** What the kernel's buffers on both connections and Node's own may hold, together. */
const ON_THE_WAY_BYTES_MAX = 32 * MB
const RSS_GROWTH_BYTES_MAX = 64 * MB
const LONG_CHAT = JSON.stringify({
  model: 'gpt-4o-mini',
  max_tokens: 1_000,
  stream: true,
  messages: [{ role: 'user', content: 'Tell me everything.' }],
})

test('S1: a client that does not read holds the provider back, and gets all of it once it does', async () => {
  const provider = await startProvider()
  const gateway = await serveGateway({ providerUrl: provider.url, agents: 1, funds: 1_000_000n })
  onTestFinished(async () => {
    await gateway.close()
    await provider.close()
  })
  const stream = { sentBytes: 0, isWaiting: false, isOver: false }
  provider.will((response) => tellEverything(response, stream))

  const { rss } = await gateway.memory()
  const signed = gateway.agents[0]?.sign(CALL, { method: 'POST', body: LONG_CHAT }) ?? {}
  const headers = Object.entries(signed).map(([name, value]) => `${name}: ${value}`)
  const length = `content-length: ${LONG_CHAT.length}`
  const raw = await open(gateway.url, CALL, [...headers, length, 'connection: close'])
  await raw.send(LONG_CHAT)
  await until(() => raw.text().includes('data: '))
  raw.socket.pause()

  await until(() => stream.isWaiting && stream.sentBytes > MB)
  const sentBytes = await sentWhileNobodyReads(stream)
  expect(sentBytes).toBeLessThan(ON_THE_WAY_BYTES_MAX)
  expect(gateway.rssPeakBytes() - rss).toBeLessThan(RSS_GROWTH_BYTES_MAX)

  raw.socket.resume()
  const answer = await raw.closed
  expect(stream.isOver).toBe(true)
  expect(answer.length).toBeGreaterThan(STREAM_BYTES)
  expect(answer).toContain('[DONE]')
  expect(gateway.rssPeakBytes() - rss).toBeLessThan(RSS_GROWTH_BYTES_MAX)
  expect(await balanceOf(gateway)).toMatchObject({ held: '0' })
})

/** Sends as fast as it is taken. */
async function tellEverything(
  response: ServerResponse,
  stream: { sentBytes: number; isWaiting: boolean; isOver: boolean },
): Promise<void> {
  const event = chatChunk('word '.repeat(3_000))
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  while (stream.sentBytes < STREAM_BYTES && !response.destroyed) {
    stream.sentBytes += event.length
    if (response.write(event)) continue
    stream.isWaiting = true
    await drainedOrClosed(response)
    stream.isWaiting = false
  }
  response.end(
    chatChunk('', { prompt_tokens: 9, completion_tokens: 900, total_tokens: 909 }) + DONE,
  )
  stream.isOver = true
}

function drainedOrClosed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

/** What was sent by when nothing more has been taken for a while: so many turns of the event loop at rest. */
async function sentWhileNobodyReads(stream: { readonly sentBytes: number }): Promise<number> {
  for (let turns = 0, before = stream.sentBytes; turns < 400; turns += 1) {
    await new Promise((resolve) => setTimeout(resolve, 0))
    if (stream.sentBytes !== before) turns = 0
    before = stream.sentBytes
  }
  return stream.sentBytes
}

test.each([
  ['headers', `POST ${CALL} HTTP/1.1\r\nhost: a\r\nx-slow: `],
  [
    'bodies',
    `POST ${CALL} HTTP/1.1\r\nhost: a\r\nx-agent-signature: A\r\ncontent-length: 999999\r\n\r\n{`,
  ],
])(
  'S3: two hundred who drip %s are cut off in time, and a call is served meanwhile',
  async (_what, head) => {
    const httpLimits = {
      headersMs: 400,
      requestMs: 800,
      keepAliveMs: 1_000,
      headerBytesMax: 16_384,
    }
    const gateway = await startGateway({ httpLimits })
    const agent = await gateway.agent(10_000n)
    const drips = Array.from({ length: 200 }, () => drip(gateway.port, head))
    expect((await agent.post(CALL, JSON.parse(LONG_CHAT) as object)).status).toBe(200)
    for (const answer of await Promise.all(drips)) {
      expect(answer).toMatch(/^HTTP\/1\.1 400 /)
      expect(answer).toContain('"code":"invalid_request"')
    }
    expect(gateway.provider.seen).toHaveLength(1)
  },
)

/** Sends the text, and then a byte now and then for as long as it is let; resolves with the answer. */
function drip(port: number, head: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(head))
    const dripping = setInterval(() => socket.write('a'), 50)
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    // It may still drip when it is cut off.
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(dripping)
      resolve(answer)
    })
  })
}

test.each([
  ['headers', `POST ${CALL} HTTP/1.1\r\nhost: a\r\nx-slow: `],
  [
    'a body',
    `POST ${CALL} HTTP/1.1\r\nhost: a\r\nx-agent-signature: A\r\ncontent-length: 999999\r\n\r\n{`,
  ],
])('S3: whoever stops inside %s and never closes its side is cut off', async (_what, head) => {
  const httpLimits = { headersMs: 400, requestMs: 800, keepAliveMs: 1_000, headerBytesMax: 16_384 }
  const gateway = await startGateway({ httpLimits })
  const socket = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => {
    socket.destroy()
  })
  let answer = ''
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString()
  })
  // Cut off, it hears of it by what it sends next.
  const cut = new Promise((resolve) => socket.once('error', resolve))
  const dripping = setInterval(() => socket.write('a'), 50)
  socket.write(head)
  await cut
  clearInterval(dripping)
  expect(answer).toContain('"code":"invalid_request"')
})

// What is sent again costs nothing: it is bounded per agent, and room comes back when it was read or its reader left.
import { connect, type Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { REPLAYED_BYTES_MAX, ReplaysInFlight } from '../../src/request/replays-in-flight.ts'
import { codeOf, readAnswer } from '../support/answer.ts'
import { startGateway } from '../support/gateway.ts'
import { chatStream, streamReply } from '../support/provider.ts'

const CALL = '/v1/chat/completions'
const ANSWER_BYTES = 4_000_000
const CHAT = {
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Hi' }],
  max_tokens: 16,
  stream: true,
}
const HEADERS = { 'idempotency-key': 'unread-unread-unread' }

test('A4: room is each agent’s own, and is given back once', () => {
  const replays = new ReplaysInFlight()
  const over = replays.begin('one', REPLAYED_BYTES_MAX)
  expect(replays.begin('one', 1)).toBeNull()
  const other = replays.begin('another', 1)
  expect(other).not.toBeNull()
  over?.()
  over?.()
  expect(replays.begin('one', REPLAYED_BYTES_MAX)).not.toBeNull()
  expect(replays.begin('one', 1)).toBeNull()
})

test('A4 S1: an agent that does not read what it is sent again gets no more of it until it reads or leaves', async () => {
  const gateway = await startGateway()
  gateway.provider.will(streamReply(chatStream(['x'.repeat(ANSWER_BYTES)])))
  const agent = await gateway.agent(1_000_000n)
  const body = JSON.stringify(CHAT)
  const first = await readAnswer(await agent.post(CALL, CHAT, { headers: HEADERS }))
  expect(first.status).toBe(200)
  const { hostname, port } = new URL(gateway.url)
  const sockets: Socket[] = []
  const lines = (): string => {
    const signed = { ...agent.sign(CALL, { method: 'POST', body }), ...HEADERS }
    const headers = Object.entries(signed).map(([name, value]) => `${name}: ${value}\r\n`)
    const length = `content-length: ${Buffer.byteLength(body)}\r\n`
    return `POST ${CALL} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n${length}${headers.join('')}\r\n${body}`
  }
  // Twice on each connection: some kernels take one whole answer of an unread connection into their buffers, never two.
  const askTwiceAndReadNothing = (): Promise<void> => {
    const socket = connect(Number(port), hostname)
    sockets.push(socket)
    socket.on('error', () => {})
    socket.write(lines() + lines())
    return new Promise((resolve) => {
      socket.once('readable', () => resolve())
    })
  }
  const fitting = Math.floor(REPLAYED_BYTES_MAX / ANSWER_BYTES)
  for (let count = 0; count < fitting; count += 1) await askTwiceAndReadNothing()
  const again = async () => await readAnswer(await agent.post(CALL, CHAT, { headers: HEADERS }))
  await vi.waitFor(
    async () => {
      const refused = await again()
      expect(refused.status).toBe(503)
      expect(codeOf(refused)).toBe('overloaded')
    },
    { timeout: 20_000 },
  )

  for (const socket of sockets) socket.destroy()
  const replayed = await vi.waitFor(
    async () => {
      const answer = await again()
      expect(answer.status).toBe(200)
      return answer
    },
    { timeout: 20_000 },
  )
  expect(replayed.bytes.equals(first.bytes)).toBe(true)
  expect(gateway.provider.seen).toHaveLength(1)
  await gateway.close()
})

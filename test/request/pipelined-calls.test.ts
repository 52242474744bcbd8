/** Calls that are sent before the ones ahead of them on their connection are answered: each is a call like any other. */
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { TestAgent } from '../support/agent.ts'
import { startGateway, until } from '../support/gateway.ts'
import { chatChunk, jsonReply, silence, streamReply } from '../support/provider.ts'

const CALL = '/v1/chat/completions'
const BODY = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Hi' }],
  max_tokens: 100,
  stream: true,
})

/** The bytes of a call, signed anew. */
function callOf(agent: TestAgent): string {
  const headers = Object.entries(agent.sign(CALL, { method: 'POST', body: BODY }))
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `POST ${CALL} HTTP/1.1\r\nhost: a\r\n${lines}content-length: ${BODY.length}\r\n\r\n${BODY}`
}

function opened(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
  })
  return socket
}

test('M4: whoever leaves has left every call that waits on its connection', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(100_000n)
  gateway.provider.will(silence)
  const socket = opened(gateway.port)
  // More than the listeners at which Node warns of a leak.
  const calls = 12
  for (let call = 0; call < calls; call += 1) socket.write(callOf(agent))
  await until(() => gateway.provider.seen.length === calls)
  socket.destroy()
  await until(() => gateway.provider.seen.every(({ abortedAt }) => abortedAt !== null))
  await until(async () => (await gateway.ledger.calls(0, 20)).length === calls)
  for (const call of await gateway.ledger.calls(0, 20)) {
    expect(call).toMatchObject({ state: 'settled', usage: { outcome: 'client_left' } })
  }
  expect((await gateway.ledger.balance(agent.pubkey)).held).toBe(0n)
})

test('a stream that breaks before its turn on the connection ends the connection at its turn', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(100_000n)
  let answerFirst: (() => void) | null = null
  gateway.provider.will(
    (response, seen) => {
      answerFirst = () => void jsonReply(400, { error: 'first' })(response, seen)
    },
    streamReply([chatChunk('Hel')], 'cut'),
  )
  const socket = opened(gateway.port)
  let answers = ''
  socket.on('data', (chunk: Buffer) => {
    answers += chunk.toString()
  })
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(callOf(agent))
  await until(() => answerFirst !== null)
  socket.write(callOf(agent))
  await until(async () => (await gateway.ledger.calls(0, 20)).length === 1)
  ;(answerFirst as (() => void) | null)?.()
  await closed
  expect(answers).toContain('first')
  expect(answers).not.toContain('\r\n0\r\n')
})

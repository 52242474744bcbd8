import { request } from 'node:http'
import { expect, test } from 'vitest'
import type { TestAgent } from '../support/agent.ts'
import { startGateway, type TestGateway, until } from '../support/gateway.ts'
import {
  type Behaviour,
  chatChunk,
  chatStream,
  silence,
  streamReply,
  written,
} from '../support/provider.ts'

const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 100 }
const BODY = JSON.stringify({ ...CHAT, stream: true })

async function settledCall(gateway: TestGateway) {
  await until(async () => (await gateway.ledger.calls(0, 10)).length > 0)
  const records = await gateway.ledger.calls(0, 10)
  expect(records).toHaveLength(1)
  return records[0]
}

/** Reads `pieces` events of a stream and leaves. Returns when it left. */
async function readAndLeave(agent: TestAgent, pieces: number): Promise<number> {
  const controller = new AbortController()
  const { signal } = controller
  const response = await agent.fetch('/v1/chat/completions', { method: 'POST', body: BODY, signal })
  const reader = response.body?.getReader()
  for (let text = ''; text.split('\n\n').length <= pieces; ) {
    text += Buffer.from((await reader?.read())?.value ?? []).toString()
  }
  controller.abort()
  return performance.now()
}

test.each([0, 1, 2, 3])(
  'M4: a client that leaves after %i chunks is charged once, and the provider is aborted within a second',
  async (pieces) => {
    const gateway = await startGateway()
    const agent = await gateway.agent(10_000n)
    const contents = ['one', 'two', 'three', 'four', 'five']
    gateway.provider.will(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      for (const content of contents.slice(0, Math.max(1, pieces))) {
        await written(response, chatChunk(content))
        // One at a time, so that what the client reads is one event.
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    const leftAt = await readAndLeave(agent, pieces)
    const record = await settledCall(gateway)
    const [seen] = gateway.provider.seen
    await until(() => seen?.abortedAt !== null)
    expect((seen?.abortedAt ?? Number.POSITIVE_INFINITY) - leftAt).toBeLessThan(1_000)
    if (record?.state !== 'settled') throw new Error('not settled')
    expect(record.usage.outcome).toBe('client_left')
    const bound = BigInt(BODY.length)
    const delivered = contents.slice(0, pieces).join('').length
    expect(record.charge >= bound + BigInt(delivered) * 2n).toBe(true)
    expect(record.charge <= record.held).toBe(true)
    const books = await gateway.ledger.balance(agent.pubkey)
    expect(books).toMatchObject({
      held: 0n,
      spent: record.charge,
      available: 10_000n - record.charge,
    })
  },
)

test('M4: a client that leaves between the last word and the usage has left', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const last = chatChunk('one').replace('"finish_reason":null', '"finish_reason":"stop"')
  gateway.provider.will(async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    await written(response, last)
  })
  await readAndLeave(agent, 1)
  const record = await settledCall(gateway)
  expect(record).toMatchObject({
    charge: BigInt(BODY.length + 'one'.length * 2),
    usage: { outcome: 'client_left' },
  })
})

test('M4: a client that leaves before the provider answers pays the input bound', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(silence)
  const controller = new AbortController()
  const { signal } = controller
  const asked = agent.fetch('/v1/chat/completions', { method: 'POST', body: BODY, signal })
  await until(() => gateway.provider.seen.length === 1)
  controller.abort()
  await asked.catch(() => 'aborted')
  expect(await settledCall(gateway)).toMatchObject({ charge: BigInt(BODY.length) })
  await until(() => gateway.provider.seen[0]?.abortedAt !== null)
})

test('M4: a client that leaves a body half sent pays the input bound', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(async (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '999' })
    await written(response, '{')
  })
  const controller = new AbortController()
  const body = JSON.stringify(CHAT)
  const { signal } = controller
  const asked = agent.fetch('/v1/chat/completions', { method: 'POST', body, signal })
  await until(() => gateway.provider.seen.length === 1)
  controller.abort()
  await asked.catch(() => 'aborted')
  const record = await settledCall(gateway)
  expect(record).toMatchObject({ charge: BigInt(body.length), usage: { outcome: 'client_left' } })
})

test('S1: a slow reader pauses the provider, and gets every byte once it reads on', async () => {
  const gateway = await startGateway({
    timeouts: { headersMs: 5_000, idleMs: 60_000, totalMs: 60_000 },
  })
  const agent = await gateway.agent(100_000_000n)
  const event = chatChunk('x'.repeat(65_000))
  const total = 64 * 1_048_576
  let sent = 0
  const flood: Behaviour = async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    while (sent < total && !response.destroyed) {
      await written(response, event)
      sent += event.length
    }
    for (const last of chatStream([])) await written(response, last)
    response.end()
  }
  gateway.provider.will(flood)
  const target = '/v1/chat/completions'
  const headers = agent.sign(target, { method: 'POST', body: BODY })
  let received = 0
  const ended = new Promise<void>((resolve, reject) => {
    const asked = request(`${gateway.url}${target}`, { method: 'POST', headers }, (response) => {
      response.pause()
      void stuck(() => sent).then((stoppedAt) => {
        // What fits into the buffers of two connections, far from the whole.
        expect(stoppedAt).toBeLessThan(total / 2)
        response.on('data', (chunk: Buffer) => {
          received += chunk.length
        })
        response.on('end', resolve)
        response.resume()
      }, reject)
    })
    asked.on('error', reject)
    asked.end(BODY)
  })
  await ended
  expect(received).toBe(sent + 'data: [DONE]\n\n'.length)
})

/** Resolves with a figure once it has stopped growing. */
async function stuck(figure: () => number): Promise<number> {
  for (let turns = 0, last = -1; turns < 2_000; turns += 1) {
    const now = figure()
    if (now !== last) turns = 0
    last = now
    await new Promise((resolve) => setImmediate(resolve))
  }
  return figure()
}

test('a stream whose client hangs up at once after the end is charged as completed', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(streamReply(chatStream(['Hello'])))
  const response = await agent.fetch('/v1/chat/completions', { method: 'POST', body: BODY })
  const reader = response.body?.getReader()
  let text = ''
  while (!text.includes('[DONE]'))
    text += Buffer.from((await reader?.read())?.value ?? []).toString()
  // Whoever has seen the end can rely on the balance: the charge was durable before.
  expect((await gateway.ledger.balance(agent.pubkey)).spent).toBe(26n)
  await reader?.cancel()
  expect(await settledCall(gateway)).toMatchObject({ usage: { outcome: 'completed' } })
})

test('the end of a stream is withheld until its charge is durable', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const { ledger } = gateway
  const settle = ledger.settle.bind(ledger)
  let letSettle: (() => void) | null = null
  ledger.settle = async (settlement) => {
    await new Promise<void>((resolve) => {
      letSettle = resolve
    })
    return settle(settlement)
  }
  gateway.provider.will(streamReply(chatStream(['Hello'])))
  const response = await agent.fetch('/v1/chat/completions', { method: 'POST', body: BODY })
  let text = ''
  const reading = (async () => {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString()
  })()
  await until(() => letSettle !== null && text.includes('Hello'))
  await fetch(`${gateway.url}/health`)
  expect(text).not.toContain('[DONE]')
  ;(letSettle as (() => void) | null)?.()
  await reading
  expect(text).toContain('[DONE]')
})

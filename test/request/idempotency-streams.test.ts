/** One key, one charge: streams are sent again as they were sent, and end as they ended. */
import { expect, test } from 'vitest'
import { type Receipt, receiptDigest } from '../../src/proof/receipt.ts'
import type { TestAgent } from '../support/agent.ts'
import { codeOf, type ReadAnswer, readAnswer } from '../support/answer.ts'
import { startGateway, type TestGateway, until } from '../support/gateway.ts'
import { chatChunk, chatStream, messagesStream, streamReply, written } from '../support/provider.ts'

const CHAT = '/v1/chat/completions'
const MESSAGES = '/v1/messages'
const messages = [{ role: 'user', content: 'Hi' }]
const BODIES = {
  [CHAT]: { model: 'gpt-4o-mini', messages, max_tokens: 100, stream: true },
  [MESSAGES]: { model: 'claude-test', messages, max_tokens: 100, stream: true },
}
const headers = { 'idempotency-key': 'once_and-for-ALL-0123456789' }

async function ask(agent: TestAgent, target: keyof typeof BODIES = CHAT): Promise<ReadAnswer> {
  return await readAnswer(await agent.post(target, BODIES[target], { headers }))
}

function receiptIn(answer: ReadAnswer): Receipt {
  const header = answer.headers.get('x-receipt') ?? expect.fail('there is no X-Receipt')
  return (JSON.parse(Buffer.from(header, 'base64').toString()) as { receipt: Receipt }).receipt
}

/** A retry gets these very bytes and this end, with the receipt of what was sent first, and is charged nothing. */
async function isReplayed(
  gateway: TestGateway,
  agent: TestAgent,
  first: Pick<ReadAnswer, 'bytes' | 'whole'>,
  target?: keyof typeof BODIES,
): Promise<Receipt> {
  const { spent } = await gateway.ledger.balance(agent.pubkey)
  const asked = gateway.provider.seen.length
  const again = await ask(agent, target)
  expect(again.bytes.toString()).toBe(first.bytes.toString())
  expect([again.status, again.whole]).toEqual([200, first.whole])
  expect(again.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(again.headers.get('cache-control')).toBe('no-cache, no-transform')
  expect(again.headers.get('idempotent-replayed')).toBe('true')
  expect(again.headers.get('x-charge')).toBe(`${spent}`)
  const receipt = receiptIn(again)
  expect(receipt.response_digest).toBe(receiptDigest(again.bytes))
  expect(again.headers.get('x-request-id')).toBe(receipt.request_id)
  expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({ spent, held: 0n })
  expect(gateway.provider.seen).toHaveLength(asked)
  return receipt
}

test.each([
  [CHAT, chatStream(['Hel', 'lo'])],
  [MESSAGES, messagesStream('Hello')],
] as const)('A4: a stream of %s is sent again as it was sent', async (target, events) => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(streamReply(events))
  const first = await ask(agent, target)
  expect(first.whole).toBe(true)
  expect(first.headers.get('idempotent-replayed')).toBeNull()
  const receipt = await isReplayed(gateway, agent, first, target)
  expect(receipt).toMatchObject({ outcome: 'completed', charge: '26' })
  expect(receipt.request_id).toBe(first.headers.get('x-request-id'))
})

test('A4: a stream that the provider cut is sent again up to its cut', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(streamReply([chatChunk('Hel'), chatChunk('lo')], 'cut'))
  const first = await ask(agent)
  expect(first.whole).toBe(false)
  expect(await isReplayed(gateway, agent, first)).toMatchObject({ outcome: 'provider_failed' })
})

test('A4: a stream whose client left is sent again up to where it left', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const [first = '', second = ''] = [chatChunk('Hel'), chatChunk('lo')]
  gateway.provider.will(streamReply([first, second], 'stall'))
  const leaving = new AbortController()
  const { signal } = leaving
  const response = await agent.post(CHAT, BODIES[CHAT], { headers, signal })
  const reader = response.body?.getReader()
  for (let text = ''; !text.includes(second); ) {
    text += Buffer.from((await reader?.read())?.value ?? []).toString()
  }
  leaving.abort()
  await until(async () => (await gateway.ledger.calls(0, 1)).length === 1)
  const sent = { bytes: Buffer.from(first + second), whole: false }
  expect(await isReplayed(gateway, agent, sent)).toMatchObject({ outcome: 'client_left' })
})

test('A4: a client that left between the last word and the end gets no end that it was not sent', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const events = chatStream(['Hello'])
  const leaving = new AbortController()
  gateway.provider.will(async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    for (const event of events) await written(response, event)
  })
  const { signal } = leaving
  const response = await agent.post(CHAT, BODIES[CHAT], { headers, signal })
  const reader = response.body?.getReader()
  for (let text = ''; !text.includes('Hello'); ) {
    text += Buffer.from((await reader?.read())?.value ?? []).toString()
  }
  leaving.abort()
  await until(async () => (await gateway.ledger.calls(0, 1)).length === 1)
  const again = await ask(agent)
  expect(receiptDigest(again.bytes)).toBe(receiptIn(again).response_digest)
  expect(again.whole).toBe(again.bytes.toString().endsWith('data: [DONE]\n\n'))
})

test('A4: a stream larger than is kept is sent once, and charged once', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const chunk = chatChunk('x'.repeat(1_048_576))
  gateway.provider.will(streamReply([chunk, chunk, chunk, chunk, ...chatStream([])]))
  const first = await ask(agent)
  expect(first.bytes.length).toBeGreaterThan(4_194_304)
  const { spent } = await gateway.ledger.balance(agent.pubkey)
  const again = await ask(agent)
  expect([again.status, codeOf(again)]).toEqual([409, 'idempotency_conflict'])
  expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({ spent, held: 0n })
})

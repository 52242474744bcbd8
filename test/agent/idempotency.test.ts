// Clients that lose an answer and ask again, by themselves, under one key: they get what they paid for, and pay once.
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { createAgent } from '../../src/agent/index.ts'
import type { Fetch } from '../../src/agent/signing-fetch.ts'
import { newSecretKey } from '../../src/cli/keygen.ts'
import { credit, startGateway, type TestGateway } from '../support/gateway.ts'
import { chatReply, chatStream, messagesStream, silence, streamReply } from '../support/provider.ts'
import { voucherSite } from './vouchers/site.ts'

const HELLO = [{ role: 'user' as const, content: 'Say hello' }]
const CHAT = { model: 'gpt-4o-mini', messages: HELLO, max_completion_tokens: 100 }
const CHARGE = 26n
const HEADERS = { 'Idempotency-Key': 'one-key-for-all-tries' }

/** Loses the first answer to a call after it has come whole, as a connection does that breaks. */
function losing(): { readonly fetch: Fetch; readonly statuses: number[] } {
  const statuses: number[] = []
  return {
    statuses,
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (init?.method !== 'POST') return response
      statuses.push(response.status)
      if (statuses.length > 1) return response
      await response.arrayBuffer()
      throw new TypeError('fetch failed')
    },
  }
}

async function funded(gateway: TestGateway, transport: Fetch) {
  const agent = createAgent({ key: newSecretKey(), url: gateway.url, chain: 'localnet', transport })
  await credit(gateway.ledger, agent.publicKey, 10_000n, 1)
  return agent
}

async function paidOnce({ ledger, provider }: TestGateway, publicKey: string): Promise<void> {
  expect(await ledger.balance(publicKey)).toMatchObject({ spent: CHARGE, held: 0n })
  expect(provider.seen).toHaveLength(1)
}

test('A4: the OpenAI client that lost an answer asks again under its key, and is answered for one charge', async () => {
  const gateway = await startGateway()
  const { fetch: transport, statuses } = losing()
  const agent = await funded(gateway, transport)
  const client = new OpenAI({ apiKey: 'unused', baseURL: `${agent.url}/v1`, fetch: agent.fetch })
  const asked = client.chat.completions.create(CHAT, { headers: HEADERS })
  const { data, response } = await asked.withResponse()
  expect(data.choices[0]?.message.content).toBe('Hello there.')
  expect(response.headers.get('idempotent-replayed')).toBe('true')
  expect(statuses).toEqual([200, 200])
  await paidOnce(gateway, agent.publicKey)
})

test('A4: the OpenAI client that lost a stream gets it whole', async () => {
  const gateway = await startGateway()
  const { fetch: transport } = losing()
  const agent = await funded(gateway, transport)
  gateway.provider.will(streamReply(chatStream(['Hel', 'lo'])))
  const client = new OpenAI({ apiKey: 'unused', baseURL: `${agent.url}/v1`, fetch: agent.fetch })
  const asked = { ...CHAT, stream: true } as const
  let text = ''
  for await (const chunk of await client.chat.completions.create(asked, { headers: HEADERS })) {
    text += chunk.choices[0]?.delta.content ?? ''
  }
  expect(text).toBe('Hello')
  await paidOnce(gateway, agent.publicKey)
})

test('A4: the Anthropic client that lost a stream gets it whole', async () => {
  const gateway = await startGateway()
  const { fetch: transport } = losing()
  const agent = await funded(gateway, transport)
  gateway.provider.will(streamReply(messagesStream('Hello')))
  const client = new Anthropic({ apiKey: 'unused', baseURL: agent.url, fetch: agent.fetch })
  const asked = { model: 'claude-test', max_tokens: 20, messages: HELLO }
  expect(await client.messages.stream(asked, { headers: HEADERS }).finalText()).toBe('Hello')
  await paidOnce(gateway, agent.publicKey)
})

test('A4: a client that gave up waiting is told what it paid, once, and asks no more', async () => {
  const gateway = await startGateway()
  const statuses: number[] = []
  const agent = await funded(gateway, async (input, init) => {
    const response = await fetch(input, init)
    statuses.push(response.status)
    return response
  })
  gateway.provider.will(silence)
  const baseURL = `${agent.url}/v1`
  const client = new OpenAI({ apiKey: 'unused', baseURL, fetch: agent.fetch, maxRetries: 5 })
  const refused = await client.chat.completions
    .create(CHAT, { headers: HEADERS, timeout: 1_000 })
    .catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(OpenAI.ConflictError)
  expect(refused).toMatchObject({ param: 'Idempotency-Key' })
  expect(statuses).toEqual([409])
  expect(gateway.provider.seen).toHaveLength(1)
})

test('A4 C9: an answer that is sent again keeps no money of the agent’s in flight', async () => {
  const site = await voucherSite()
  const { agent, sent } = await site.agent(1_000_000n)
  site.gateway.provider.will(chatReply())
  const body = JSON.stringify(CHAT)
  const ask = (headers: Record<string, string>) =>
    agent.fetch('/v1/chat/completions', { method: 'POST', body, headers })
  for (let tries = 0; tries < 5; tries += 1) expect((await ask(HEADERS)).status).toBe(200)
  expect((await ask({})).status).toBe(200)
  const bound = BigInt(body.length) + 200n
  expect(sent.filter(({ method }) => method === 'POST').at(-1)?.voucher).toBe(CHARGE + bound)
  expect(await site.gateway.ledger.balance(agent.publicKey)).toMatchObject({ spent: 2n * CHARGE })
})

// Calls that bring their own vouchers: admitted where vouchers are required, and never signed for more than they may cost.
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import type { Agent } from '../../../src/agent/index.ts'
import { chatReply, chatStream, messagesStream, streamReply } from '../../support/provider.ts'
import { type Sent, type VoucherSite, voucherSite } from './site.ts'

const HELLO = [{ role: 'user' as const, content: 'Say hello' }]
const CHAT = { model: 'gpt-4o-mini', messages: HELLO, max_completion_tokens: 100 }
/** What `CHAT` costs at worst: a unit for each byte, two for each token out. */
const CHAT_BOUND = BigInt(JSON.stringify(CHAT).length) + 200n
/** What the test provider says it used: 12 in, 7 out. */
const CHAT_CHARGE = 26n

function post(agent: Agent, body: object, target = '/v1/chat/completions'): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return agent.fetch(target, { method: 'POST', headers, body: JSON.stringify(body) })
}

const billed = (sent: readonly Sent[]) => sent.filter(({ method }) => method === 'POST')
const totals = (sent: readonly Sent[]) => billed(sent).map(({ voucher }) => voucher)

async function spentOf({ gateway }: VoucherSite, { publicKey }: Agent): Promise<bigint> {
  return (await gateway.ledger.balance(publicKey)).spent
}

describe('what is signed', () => {
  test('C9: the last verified total plus the worst case of the call, each time', async () => {
    const { agent, sent } = await (await voucherSite()).agent(1_000_000n)
    for (let calls = 0; calls < 3; calls += 1) expect((await post(agent, CHAT)).status).toBe(200)
    const expected = [0n, 1n, 2n].map((calls) => calls * CHAT_CHARGE + CHAT_BOUND)
    expect(totals(sent)).toEqual(expected)
    expect(billed(sent).map(({ status }) => status)).toEqual([200, 200, 200])
  })

  test('C9: many calls at once: each is covered, and all of them by no more than their sum', async () => {
    const site = await voucherSite()
    const { agent, sent } = await site.agent(1_000_000n)
    const calls = 40n
    const answers = await Promise.all(
      Array.from({ length: Number(calls) }, () => post(agent, CHAT)),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(sent.filter(({ status }) => status === 402)).toEqual([])
    const highest = totals(sent).reduce<bigint>(
      (most, total) => ((total ?? 0n) > most ? (total ?? 0n) : most),
      0n,
    )
    expect(highest).toBeLessThanOrEqual(calls * CHAT_BOUND)
    expect(await spentOf(site, agent)).toBe(calls * CHAT_CHARGE)
    await post(agent, CHAT)
    expect(totals(sent).at(-1)).toBe(highest)
  })

  test('C9: a stream counts with its worst case while it runs, and with its charge once it has ended', async () => {
    const site = await voucherSite()
    const { agent, sent } = await site.agent(1_000_000n)
    site.gateway.provider.will(streamReply(chatStream(['Hel', 'lo'])), chatReply())
    const body = { ...CHAT, stream: true }
    const bound = BigInt(JSON.stringify(body).length) + 200n
    const stream = await post(agent, body)
    const reader = stream.body?.getReader()
    await reader?.read()
    await post(agent, CHAT)
    expect(totals(sent)).toEqual([bound, bound + CHAT_BOUND])
    while ((await reader?.read())?.done === false);
    const before = sent.length
    for (let total = 0n; total <= bound + CHAT_BOUND; total += CHAT_CHARGE) await post(agent, CHAT)
    expect(sent.slice(before).map(({ target }) => target)).toContain('/v1/receipts')
    const spent = await spentOf(site, agent)
    expect(totals(sent).at(-1)).toBe(spent - CHAT_CHARGE + CHAT_BOUND)
  })

  test('a stream that its reader leaves stays open until it is on a receipt', async () => {
    const site = await voucherSite()
    const { agent, sent } = await site.agent(1_000_000n)
    site.gateway.provider.will(streamReply(chatStream(['Hel', 'lo']), 'stall'), chatReply())
    const stream = await post(agent, { ...CHAT, stream: true })
    const reader = stream.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    expect((await post(agent, CHAT)).status).toBe(200)
    expect(sent.filter(({ status }) => status === 402)).toEqual([])
  })

  test('reads, quotes and counts bring no voucher', async () => {
    const { agent, sent } = await (await voucherSite()).agent(1_000_000n)
    await agent.balance()
    await agent.quote(CHAT)
    await agent.receipts()
    expect(sent.every(({ voucher }) => voucher === null)).toBe(true)
  })
})

describe('the official clients, where vouchers are required', () => {
  test('OpenAI: whole, streamed, in parallel, embeddings; Anthropic: whole and streamed', async () => {
    const site = await voucherSite()
    const { agent, sent } = await site.agent(10_000_000n)
    const openai = new OpenAI({
      apiKey: 'unused',
      baseURL: `${agent.url}/v1`,
      fetch: agent.fetch,
    })
    const anthropic = new Anthropic({ apiKey: 'unused', baseURL: agent.url, fetch: agent.fetch })
    const whole = await openai.chat.completions.create(CHAT)
    expect(whole.choices[0]?.message.content).toBe('Hello there.')
    const tools = [
      { type: 'function' as const, function: { name: 'f', parameters: { type: 'object' } } },
    ]
    await Promise.all(
      Array.from({ length: 8 }, () => openai.chat.completions.create({ ...CHAT, tools })),
    )
    site.gateway.provider.will(streamReply(chatStream(['Hel', 'lo'])))
    let text = ''
    for await (const chunk of await openai.chat.completions.create({ ...CHAT, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? ''
    }
    expect(text).toBe('Hello')
    site.gateway.provider.will(streamReply(messagesStream('Hello there.')))
    const message = await anthropic.messages
      .stream({ model: 'claude-test', max_tokens: 100, messages: HELLO })
      .finalMessage()
    expect(message.content[0]).toMatchObject({ text: 'Hello there.' })
    expect(sent.filter(({ status }) => status === 402)).toEqual([])
    expect(await site.gateway.ledger.audit()).toBe(null)
  })

  test('C9: a session brings a voucher for its limit, and a plain client spends up to it', async () => {
    const site = await voucherSite()
    const { agent, sent } = await site.agent(1_000_000n)
    await post(agent, CHAT)
    const session = await agent.session({ spend_limit: '1000' })
    expect(totals(sent).at(-1)).toBe(CHAT_CHARGE + 1_000n)
    const plain = new OpenAI({ apiKey: session.token, baseURL: `${agent.url}/v1` })
    const answer = await plain.chat.completions.create(CHAT)
    expect(answer.choices[0]?.message.content).toBe('Hello there.')
    await agent.fetch('/v1/balance')
    expect((await post(agent, CHAT)).status).toBe(200)
    expect((await post(agent, CHAT)).status).toBe(200)
    expect(sent.filter(({ status }) => status === 402)).toEqual([])
  })

  test("a later run knows an earlier one's session by the agent's own signature", async () => {
    const site = await voucherSite()
    const first = await site.agent(1_000_000n)
    const { token } = await first.agent.session({ spend_limit: '1000' })
    const plain = new OpenAI({ apiKey: token, baseURL: `${first.agent.url}/v1` })
    await plain.chat.completions.create(CHAT)
    const second = await site.agent(0n, { key: first.key })
    expect((await post(second.agent, CHAT)).status).toBe(200)
    expect(second.sent.some(({ target }) => target.startsWith('/v1/sessions/ses_'))).toBe(true)
  })
})

describe("the owner's limit", () => {
  test('C9: nothing above it is signed, and the refusal names it', async () => {
    const { agent, sent } = await (await voucherSite()).agent(1_000_000n, {
      vouchers: { limit: '0.000500' },
    })
    expect((await post(agent, CHAT)).status).toBe(200)
    const refused = post(agent, { ...CHAT, max_completion_tokens: 1_000 })
    await expect(refused).rejects.toMatchObject({
      code: 'authorization_required',
      status: 402,
      message: expect.stringContaining('above the limit of 500 on vouchers'),
    })
    await expect(agent.session({ spend_limit: '600' })).rejects.toMatchObject({
      code: 'authorization_required',
    })
    expect(totals(sent).every((total) => total === null || total <= 500n)).toBe(true)
    expect((await post(agent, CHAT)).status).toBe(200)
  })

  test('is an amount of USDC', async () => {
    const site = await voucherSite()
    await expect(site.agent(0n, { vouchers: { limit: 'much' } })).rejects.toMatchObject({
      code: 'invalid_option',
    })
  })

  test('without vouchers switched on the 402 is the caller’s to read', async () => {
    const site = await voucherSite()
    const { agent } = await site.agent(1_000_000n)
    const key = agent.publicKey
    const plain = await site.gateway.agent(1_000_000n)
    const answer = await plain.post('/v1/chat/completions', CHAT)
    expect(answer.status).toBe(402)
    expect(await answer.json()).toMatchObject({ error: { code: 'authorization_required' } })
    expect(key).not.toBe(plain.pubkey)
  })
})

import { expect, test } from 'vitest'
import { units } from '../../src/money.ts'
import { credit, depositInstructions, startGateway } from '../support/gateway.ts'

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 10 }

interface Page {
  readonly data: { id: string; type: string; amount: string; balance_after: string }[]
  readonly next_cursor: string | null
}

test('the balance names every state of the money, and what is still to be final', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  await agent.post(CALL, CHAT)
  const pending = { agent: agent.pubkey, signature: 'sig', amount: units(77n) }
  await gateway.ledger.replacePending([pending])
  expect(await (await agent.fetch('/v1/balance')).json()).toEqual({
    agent: agent.pubkey,
    asset: 'USDC',
    decimals: 6,
    available: '9974',
    held: '0',
    frozen: '0',
    spent: '26',
    deposited: '10000',
    settled: '0',
    withdrawn: '0',
    owed: '0',
    pending: [{ signature: 'sig', amount: '77', status: 'confirmed' }],
  })
})

test('transactions come newest first, page by page, each once', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  for (let index = 2; index <= 7; index += 1) await credit(gateway.ledger, agent.pubkey, 10n, index)
  await agent.post(CALL, CHAT)
  const seen: Page['data'] = []
  let target = '/v1/transactions?limit=3'
  for (let pages = 1; ; pages += 1) {
    const page = (await (await agent.fetch(target)).json()) as Page
    seen.push(...page.data)
    if (page.next_cursor === null) {
      expect(pages).toBe(3)
      break
    }
    target = `/v1/transactions?limit=3&cursor=${page.next_cursor}`
  }
  expect(seen.map(({ type }) => type)).toEqual(['DEBIT', ...Array(7).fill('DEPOSIT')])
  expect(new Set(seen.map(({ id }) => id)).size).toBe(8)
  expect(seen[0]).toMatchObject({
    amount: '26',
    balance_after: '10034',
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    request_id: expect.stringMatching(/^req_/),
    usage: { model: 'gpt-4o-mini', outcome: 'completed', tokens: { input: 12, output: 7 } },
  })
  expect(seen[7]).toMatchObject({ amount: '10000', signature: expect.stringMatching(/^deposit-/) })
})

test.each(['limit=0', 'limit=501', 'limit=x', 'limit=-1', 'cursor=x'])(
  'transactions refuse %s',
  async (query) => {
    const gateway = await startGateway()
    const agent = await gateway.agent(0n)
    const response = await agent.fetch(`/v1/transactions?${query}`)
    expect(response.status).toBe(400)
  },
)

test('a 402 says in both dialects what is missing and how to pay, and is not cached', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(100n)
  const anthropic = { model: 'claude-test', max_tokens: 100, messages: CHAT.messages }
  const asked: [string, object][] = [
    [CALL, { ...CHAT, max_tokens: 100 }],
    ['/v1/messages', anthropic],
  ]
  for (const [target, body] of asked) {
    const response = await agent.post(target, body)
    expect(response.status).toBe(402)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const bytes = JSON.stringify(body).length
    expect(await response.json()).toMatchObject({
      error: { code: 'insufficient_balance' },
      payment: {
        required: String(bytes + 200),
        available: '100',
        shortfall: String(bytes + 100),
        affordable_max_tokens: Math.max(0, Math.floor((100 - bytes) / 2)),
        ...depositInstructions(agent.pubkey),
      },
    })
  }
})

test('paying the shortfall is enough, and with it the same call is never asked for payment', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(100n)
  const body = { ...CHAT, max_tokens: 500 }
  const refused = (await (await agent.post(CALL, body)).json()) as {
    payment: { shortfall: string }
  }
  await credit(gateway.ledger, agent.pubkey, BigInt(refused.payment.shortfall), 2)
  expect((await agent.post(CALL, body)).status).toBe(200)
})

test('a quote is what the call would hold, and charges nothing', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(1_000n)
  const bytes = JSON.stringify(CHAT).length
  const quote = await (await agent.post('/v1/quote', CHAT)).json()
  expect(quote).toMatchObject({
    price_version: expect.stringMatching(/^sha256:/),
    worst_case: String(bytes + 20),
    affordable: true,
    affordable_max_tokens: Math.floor((1_000 - bytes) / 2),
  })
  const called = await agent.post(CALL, CHAT)
  expect(called.headers.get('x-balance-remaining')).toBe(String(1_000 - bytes - 20))
  const messages = { model: 'claude-test', max_tokens: 9, messages: CHAT.messages }
  expect((await agent.post('/v1/quote', messages)).status).toBe(200)
  const embeddings = { model: 'embed-small', input: 'Hi' }
  expect(await (await agent.post('/v1/quote', embeddings)).json()).toMatchObject({
    worst_case: String(JSON.stringify(embeddings).length),
  })
  const unpriced = await agent.post('/v1/quote', { ...CHAT, model: 'unpriced' })
  expect(unpriced.status).toBe(404)
  expect((await agent.post('/v1/quote', { ...CHAT, nonsense: 1 })).status).toBe(400)
  expect(gateway.provider.seen).toHaveLength(1)
})

test('prices and models are public', async () => {
  const gateway = await startGateway()
  const pricing = await (await fetch(`${gateway.url}/v1/pricing`)).json()
  expect(pricing).toMatchObject({
    asset: 'USDC',
    decimals: 6,
    per: 1_000_000,
    version: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    effective_at: expect.stringMatching(/Z$/),
    models: { 'gpt-4o-mini': { provider: 'openai', input: '1000000', output: '2000000' } },
  })
  const models = await (await fetch(`${gateway.url}/v1/models`)).json()
  expect(models).toMatchObject({ object: 'list', data: [{ id: 'gpt-4o-mini' }, {}, {}, {}] })
})

test('how to pay is told to the asking agent, and to anybody about a key', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(0n)
  const expected = depositInstructions(agent.pubkey)
  expect(await (await agent.fetch('/v1/deposit')).json()).toEqual(expected)
  const open = await fetch(`${gateway.url}/v1/deposit?pubkey=${agent.pubkey}`)
  expect(await open.json()).toEqual(expected)
  expect((await fetch(`${gateway.url}/v1/deposit?pubkey=no`)).status).toBe(400)
  expect((await fetch(`${gateway.url}/v1/deposit`)).status).toBe(401)
})

test('a hint of a deposit wakes the watcher and credits nothing', async () => {
  let woken = 0
  const wake = (): void => {
    woken += 1
  }
  const chain = { wake, behind: () => false, problem: () => null, status: () => ({}) }
  const gateway = await startGateway({ chain })
  const agent = await gateway.agent(0n)
  const hinted = await agent.post('/v1/deposits', { signature: '5'.repeat(88) })
  expect(hinted.status).toBe(202)
  expect(woken).toBe(1)
  expect((await agent.post('/v1/deposits', { signature: 'no' })).status).toBe(400)
  expect(woken).toBe(1)
  expect((await gateway.ledger.balance(agent.pubkey)).deposited).toBe(0n)
})

import { expect, test } from 'vitest'
import { units } from '../../src/money.ts'
import { startGateway, until } from '../support/gateway.ts'
import { chatReply } from '../support/provider.ts'

const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 100 }

test('L2: 50 parallel calls with money for 20: 20 are admitted, the rest are asked for payment', async () => {
  const gateway = await startGateway()
  const body = JSON.stringify(CHAT)
  const hold = BigInt(body.length + 200)
  const agent = await gateway.agent(hold * 20n)
  const admitted: (() => void)[] = []
  gateway.provider.will(async (response, seen) => {
    await new Promise<void>((resolve) => admitted.push(resolve))
    await chatReply()(response, seen)
  })
  const calls = Array.from({ length: 50 }, () =>
    agent.fetch('/v1/chat/completions', { method: 'POST', body }),
  )
  let refused = 0
  for (const call of calls) {
    void call.then(({ status }) => {
      if (status === 402) refused += 1
    })
  }
  await until(() => refused === 30 && admitted.length === 20)
  expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({
    available: 0n,
    held: hold * 20n,
  })
  for (const let_go of admitted) let_go()
  const statuses = (await Promise.all(calls)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(20)
  expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({
    held: 0n,
    spent: 20n * 26n,
    available: hold * 20n - 20n * 26n,
  })
  expect(await gateway.ledger.audit()).toBeNull()
})

test('M5: a cap that the gateway chooses is what the balance affords', async () => {
  const gateway = await startGateway()
  const asked = { model: CHAT.model, messages: CHAT.messages }
  const length = JSON.stringify(asked).length
  const agent = await gateway.agent(BigInt(length + 200))
  await agent.post('/v1/chat/completions', asked)
  expect(JSON.parse(gateway.provider.seen[0]?.body ?? '')).toMatchObject({
    max_completion_tokens: 100,
  })
})

test('a cap is chosen again when the money went elsewhere in between', async () => {
  const gateway = await startGateway()
  const { ledger } = gateway
  const balance = ledger.balance.bind(ledger)
  let promised = 1_000n
  ledger.balance = async (of) => {
    const books = await balance(of)
    const available = units(books.available + promised)
    promised = 0n
    return { ...books, available }
  }
  const asked = { model: CHAT.model, messages: CHAT.messages }
  const agent = await gateway.agent(BigInt(JSON.stringify(asked).length + 200))
  expect((await agent.post('/v1/chat/completions', asked)).status).toBe(200)
  expect(JSON.parse(gateway.provider.seen[0]?.body ?? '')).toMatchObject({
    max_completion_tokens: 100,
  })
})

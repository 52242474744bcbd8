import { expect, test } from 'vitest'
import { noteDelay, startGateway, until } from '../support/gateway.ts'
import { chatChunk, chatReply, silence, written } from '../support/provider.ts'

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 10 }
/** Of every delay all but one second is kept for settling. */
const admission = { requireVouchers: false, settleMarginSeconds: 99 }

test('C8: a call ends with the time that the vault’s delay leaves it', async () => {
  const gateway = await startGateway({ admission })
  const agent = await gateway.agent(10_000n)
  await noteDelay(gateway.ledger, agent.pubkey, 100)
  gateway.provider.will(silence)
  const started = performance.now()
  const response = await agent.post(CALL, CHAT)
  expect(response.status).toBe(504)
  expect(performance.now() - started).toBeGreaterThan(900)
  expect(performance.now() - started).toBeLessThan(4_000)
  expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({ held: 0n, spent: 0n })
})

test('C8: a stream ends with that time too, however busy it is, and is charged as one that stalled', async () => {
  const gateway = await startGateway({ admission })
  const agent = await gateway.agent(10_000n)
  await noteDelay(gateway.ledger, agent.pubkey, 100)
  gateway.provider.will(async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    while (!response.destroyed) {
      await written(response, chatChunk('l'))
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  const started = performance.now()
  const response = await agent.post(CALL, { ...CHAT, max_tokens: 1000, stream: true })
  expect(await response.text().catch(() => 'cut')).toBe('cut')
  expect(performance.now() - started).toBeLessThan(4_000)
  await until(async () => (await gateway.ledger.calls(0, 1)).length === 1)
  const [call] = await gateway.ledger.calls(0, 1)
  expect(call).toMatchObject({ state: 'settled', usage: { outcome: 'provider_stalled' } })
})

test('C8: a delay that leaves no time is a 403 with both numbers; one second is enough to be served', async () => {
  const gateway = await startGateway({ admission })
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(chatReply())
  await noteDelay(gateway.ledger, agent.pubkey, 99)
  const refused = await agent.post(CALL, CHAT)
  expect(refused.status).toBe(403)
  const { error } = (await refused.json()) as { error: { code: string; message: string } }
  expect(error.code).toBe('forbidden')
  expect(error.message).toMatch(/is 99 s.*keeps 99 s/)
  expect(await (await agent.post('/v1/quote', CHAT)).json()).toMatchObject({ affordable: false })
  expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({ held: 0n })
  expect(gateway.provider.seen).toEqual([])
  const other = await gateway.agent(10_000n)
  await noteDelay(gateway.ledger, other.pubkey, 100)
  expect((await other.post(CALL, CHAT)).status).toBe(200)
})

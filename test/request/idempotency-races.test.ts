/** One key, one charge: retries that meet, at one gateway and at two on one ledger. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TestAgent } from '../support/agent.ts'
import { codeOf, type ReadAnswer, readAnswer } from '../support/answer.ts'
import { startGateway, type TestGateway, until } from '../support/gateway.ts'
import {
  type Behaviour,
  chatReply,
  chatStream,
  jsonReply,
  streamReply,
} from '../support/provider.ts'
import { openSession } from '../support/session.ts'

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 50 }

interface Retries {
  readonly stream: boolean
  readonly fails: boolean
  /** One a try: by the agent's signature, or by its session. */
  readonly signed: readonly boolean[]
}

const retries: fc.Arbitrary<Retries> = fc.record({
  stream: fc.boolean(),
  fails: fc.boolean(),
  signed: fc.array(fc.boolean(), { minLength: 2, maxLength: 12 }),
})

function behaviour({ stream, fails }: Retries): Behaviour {
  if (fails) return jsonReply(500, {})
  return stream ? streamReply(chatStream(['Hel', 'lo'])) : chatReply()
}

async function askAs(
  gateway: TestGateway,
  agent: TestAgent,
  token: string,
  { body, key, signed }: { readonly body: object; readonly key: string; readonly signed: boolean },
): Promise<ReadAnswer> {
  const headers = { 'idempotency-key': key }
  if (signed) return await readAnswer(await agent.post(CALL, body, { headers }))
  const authorization = `Bearer ${token}`
  const init = {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { ...headers, authorization },
  }
  return await readAnswer(await fetch(`${gateway.url}${CALL}`, init))
}

test('A4 L2: of any retries in parallel one is charged at most, and all that are answered get its bytes', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(1_000_000n)
  const { token } = await openSession(gateway.url, agent)
  let keys = 0
  await fc.assert(
    fc.asyncProperty(retries, async (these) => {
      keys += 1
      const key = `parallel-retries-${keys}`
      const body = { ...CHAT, stream: these.stream }
      const before = (await gateway.ledger.balance(agent.pubkey)).spent
      const asked = gateway.provider.seen.length
      gateway.provider.will(behaviour(these))
      const answers = await Promise.all(
        these.signed.map((signed) => askAs(gateway, agent, token, { body, key, signed })),
      )
      const refused = answers.filter(({ status }) => status === 409)
      expect(refused.map(codeOf)).toEqual(refused.map(() => 'request_in_progress'))
      if (these.fails) {
        const failed = answers.filter(({ status }) => status === 502)
        expect(failed.length + refused.length).toBe(answers.length)
        expect(gateway.provider.seen.length - asked).toBe(failed.length)
        expect((await gateway.ledger.balance(agent.pubkey)).spent).toBe(before)
        return
      }
      const later = await askAs(gateway, agent, token, { body, key, signed: true })
      const answered = [...answers, later].filter(({ status }) => status === 200)
      expect(answered.length + refused.length).toBe(answers.length + 1)
      expect(new Set(answered.map(({ bytes }) => bytes.toString())).size).toBe(1)
      const firsts = answered.filter(({ headers }) => !headers.has('idempotent-replayed'))
      expect(firsts).toHaveLength(1)
      expect(gateway.provider.seen.length - asked).toBe(1)
      const books = await gateway.ledger.balance(agent.pubkey)
      expect(books).toMatchObject({ spent: before + 26n, held: 0n })
    }),
    { numRuns: 20 },
  )
  expect(await gateway.ledger.audit()).toBeNull()
})

test('A4 L3: a retry that finds the key free and then taken holds nothing', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(1_000_000n)
  const { ledger } = gateway
  const headers = { 'idempotency-key': 'found-free-then-taken' }
  // As if each were looked up before any was held: by other processes, say.
  ledger.recall = () => Promise.resolve(null)
  const first = await readAnswer(await agent.post(CALL, CHAT, { headers }))
  const again = await readAnswer(await agent.post(CALL, CHAT, { headers }))
  expect(again.bytes).toEqual(first.bytes)
  expect(again.headers.get('idempotent-replayed')).toBe('true')
  const other = await readAnswer(await agent.post(CALL, { ...CHAT, n: 1 }, { headers }))
  expect(codeOf(other)).toBe('idempotency_conflict')
  expect(gateway.provider.seen).toHaveLength(1)
  expect(await ledger.balance(agent.pubkey)).toMatchObject({ spent: 26n, held: 0n })
})

test('A4 L5: a call that was recovered while its gateway lived is charged once, and its retry told so', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const headers = { 'idempotency-key': 'recovered-meanwhile' }
  gateway.provider.will(async (response, seen) => {
    await gateway.ledger.resolveExpired(Date.now() + 3_600_000)
    await chatReply()(response, seen)
  })
  const late = await readAnswer(await agent.post(CALL, CHAT, { headers }))
  expect(late.status).toBe(200)
  const { spent } = await gateway.ledger.balance(agent.pubkey)
  const retry = await readAnswer(await agent.post(CALL, CHAT, { headers }))
  expect(codeOf(retry)).toBe('idempotency_conflict')
  expect(retry.bytes.toString()).toContain(`was charged ${spent} units`)
  expect((await gateway.ledger.balance(agent.pubkey)).spent).toBe(spent)
  await until(async () => (await gateway.ledger.calls(0, 10)).length === 1)
})

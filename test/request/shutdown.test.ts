import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startGateway, until } from '../support/gateway.ts'
import {
  type Behaviour,
  chatChunk,
  chatReply,
  chatStream,
  silence,
  written,
} from '../support/provider.ts'

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 50 }
const BODY = JSON.stringify({ ...CHAT, stream: true })

test('S2: a live stream ends whole and is charged while the gateway stops; nothing new is accepted', async () => {
  const gateway = await startGateway({ drainMs: 20_000 })
  const agent = await gateway.agent(10_000n)
  let goOn = (): void => {}
  gateway.provider.will(async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const [first = '', ...rest] = chatStream(['Hello', ' there'])
    await written(response, first)
    await new Promise<void>((resolve) => {
      goOn = resolve
    })
    for (const event of rest) await written(response, event)
    response.end()
  })
  const response = await agent.fetch(CALL, { method: 'POST', body: BODY })
  const reader = response.body?.getReader()
  let text = Buffer.from((await reader?.read())?.value ?? []).toString()
  const { ledger } = gateway
  const stopped = gateway.close({ keepLedger: true })
  await expect(
    fetch(`${gateway.url}/health`, { headers: { connection: 'close' } }),
  ).rejects.toThrow()
  goOn()
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
    text += Buffer.from(next.value).toString()
  }
  expect(text).toContain('[DONE]')
  await stopped
  expect(await ledger.balance(agent.pubkey)).toMatchObject({ held: 0n, spent: 26n })
  await ledger.close()
})

test('S2: what does not end within the bound is settled or given back, and none is left held', async () => {
  const gateway = await startGateway({ drainMs: 100 })
  const agent = await gateway.agent(10_000n)
  const stalls: Behaviour = async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    await written(response, chatChunk('Hello'))
  }
  gateway.provider.will(stalls, silence)
  const stream = await agent.fetch(CALL, { method: 'POST', body: BODY })
  const reading = stream.text().catch(() => 'cut')
  const waiting = agent.post(CALL, CHAT)
  await until(() => gateway.provider.seen.length === 2)
  const { ledger } = gateway
  await gateway.close({ keepLedger: true })
  expect(await reading).toBe('cut')
  expect((await waiting).status).toBe(503)
  const records = await ledger.calls(0, 10)
  expect(records).toHaveLength(2)
  expect(records).toContainEqual(
    expect.objectContaining({
      state: 'settled',
      charge: BigInt(BODY.length + 10),
      usage: expect.objectContaining({ outcome: 'recovered' }),
    }),
  )
  expect(records).toContainEqual(expect.objectContaining({ state: 'released' }))
  expect(await ledger.audit()).toBeNull()
  expect((await ledger.balance(agent.pubkey)).held).toBe(0n)
  await ledger.close()
})

test('S2: a connection that is kept alive gets a 503 once the gateway stops', async () => {
  const gateway = await startGateway({ drainMs: 20_000 })
  const agent = await gateway.agent(10_000n)
  let answerIt = (): void => {}
  gateway.provider.will(async (response, seen) => {
    await new Promise<void>((resolve) => {
      answerIt = resolve
    })
    await chatReply()(response, seen)
  })
  const signed = agent.sign(CALL, { method: 'POST', body: BODY })
  const headers = Object.entries(signed).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `POST ${CALL} HTTP/1.1\r\nhost: a\r\ncontent-length: ${BODY.length}\r\n`
  let answers = ''
  const socket = connect(gateway.port, '127.0.0.1', () => {
    socket.write(`${head}${headers.join('')}\r\n${BODY}`)
  })
  socket.on('data', (chunk) => {
    answers += chunk.toString()
  })
  await until(() => gateway.provider.seen.length === 1)
  const stopped = gateway.close()
  socket.write('GET /v1/pricing HTTP/1.1\r\nhost: a\r\n\r\n')
  answerIt()
  await stopped
  expect(answers).toMatch(/^HTTP\/1\.1 200 /)
  await until(() => answers.includes('HTTP/1.1 503') || socket.destroyed)
  expect(answers).not.toContain('"asset"')
})

test('L5: a live stream outlives its lease, because it is renewed with what it has delivered', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    await written(response, chatChunk('Hello'))
  })
  const renewed: { requestId: string; leaseUntil: number; charge: bigint }[] = []
  const renew = gateway.ledger.renew.bind(gateway.ledger)
  gateway.ledger.renew = async (leases) => {
    renewed.push(
      ...leases.map(({ requestId, leaseUntil, recovery }) => ({
        requestId,
        leaseUntil,
        charge: recovery.charge,
      })),
    )
    await renew(leases)
  }
  const controller = new AbortController()
  const { signal } = controller
  const response = await agent.fetch(CALL, { method: 'POST', body: BODY, signal })
  const before = Date.now()
  await until(() => renewed.length > 0)
  expect(renewed[0]).toMatchObject({
    requestId: response.headers.get('x-request-id'),
    charge: BigInt(BODY.length + 10),
  })
  expect(renewed[0]?.leaseUntil).toBeGreaterThan(before + 5_000)
  controller.abort()
})

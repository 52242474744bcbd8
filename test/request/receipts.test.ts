import { expect, test } from 'vitest'
import { verifyStrict } from '../../src/identity/ed25519.ts'
import {
  FIRST_PREV,
  type Receipt,
  receiptBytes,
  receiptDigest,
  receiptText,
  type SignedReceipt,
} from '../../src/proof/receipt.ts'
import { type MessageSigner, SignerFailed } from '../../src/signers/message-signer.ts'
import { startGateway, until } from '../support/gateway.ts'
import { chatReply, chatStream, jsonReply, streamReply } from '../support/provider.ts'
import { RECEIPT_PUBLIC_KEY, TEST_SIGNER } from '../support/receipt-key.ts'
import { openSession } from '../support/session.ts'
import vectors from '../vectors.json' with { type: 'json' }

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 10 }

function receiptIn(response: Response): SignedReceipt {
  const header = response.headers.get('x-receipt') ?? expect.fail('there is no X-Receipt')
  return JSON.parse(Buffer.from(header, 'base64').toString()) as SignedReceipt
}

function verifies({ receipt, signature }: SignedReceipt): boolean {
  const bytes = receiptBytes(receiptText(receipt))
  return verifyStrict(RECEIPT_PUBLIC_KEY, bytes, Buffer.from(signature, 'base64'))
}

/** A signer that can be told to fail, and counts. */
function fallibleSigner(): MessageSigner & { failing: boolean; signed: number } {
  const signer = {
    ...TEST_SIGNER,
    failing: false,
    signed: 0,
    async sign(message: Uint8Array) {
      if (signer.failing) throw new SignerFailed('RECEIPT_KEY: the signing command ended')
      signer.signed += 1
      return TEST_SIGNER.sign(message)
    },
  }
  return signer
}

test('a call comes with its signed receipt, and one agent’s receipts are a chain', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const { version } = (await (await fetch(`${gateway.url}/v1/pricing`)).json()) as {
    version: string
  }
  const first = await agent.post(CALL, CHAT, { priceVersion: version })
  const one = receiptIn(first)
  expect(verifies(one)).toBe(true)
  expect(one.receipt).toMatchObject({
    v: 1,
    gateway: vectors.program.gateway.address,
    agent: agent.pubkey,
    seq: 1,
    prev: FIRST_PREV,
    request_id: first.headers.get('x-request-id'),
    provider: 'openai',
    upstream_id: 'chatcmpl-test',
    model: 'gpt-4o-mini',
    outcome: 'completed',
    price_version: version,
    charge: first.headers.get('x-charge'),
    spent: '26',
    balance_after: '9974',
    auth: { method: 'POST', target: CALL, price_version: version },
  })
  const body = Buffer.from(await first.arrayBuffer())
  expect(one.receipt.response_digest).toBe(receiptDigest(body))
  expect(one.receipt.request_digest).toBe(receiptDigest(Buffer.from(JSON.stringify(CHAT))))
  const two = receiptIn(await agent.post(CALL, CHAT))
  expect(two.receipt).toMatchObject({
    seq: 2,
    prev: receiptDigest(receiptBytes(receiptText(one.receipt))),
    spent: '52',
  })
  expect(two.receipt.auth).not.toHaveProperty('price_version')
})

test('a call that is not charged has no receipt; a stream’s is fetched', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  gateway.provider.will(jsonReply(400, {}), jsonReply(500, {}), streamReply(chatStream(['Hi'])))
  for (const status of [400, 502]) {
    const failed = await agent.post(CALL, CHAT)
    expect([failed.status, failed.headers.get('x-receipt')]).toEqual([status, null])
  }
  const stream = await agent.post(CALL, { ...CHAT, stream: true })
  expect(stream.headers.get('x-receipt')).toBeNull()
  const sent = await stream.text()
  const id = stream.headers.get('x-request-id')
  const fetched = await agent.fetch(`/v1/receipts/${id}`)
  const delivered = (await fetched.json()) as SignedReceipt
  expect(verifies(delivered)).toBe(true)
  expect(delivered.receipt).toMatchObject({ seq: 1, request_id: id, charge: '26' })
  expect(delivered.receipt.response_digest).toBe(receiptDigest(Buffer.from(sent)))
})

test('a session’s call names the session; its token reads the receipt', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const { id, token } = await openSession(gateway.url, agent)
  const headers = { authorization: `Bearer ${token}` }
  const body = JSON.stringify(CHAT)
  const response = await fetch(`${gateway.url}${CALL}`, { method: 'POST', body, headers })
  const { receipt } = receiptIn(response)
  expect(receipt.auth).toEqual({ session: id })
  const read = await fetch(`${gateway.url}/v1/receipts/${receipt.request_id}`, { headers })
  expect(((await read.json()) as SignedReceipt).receipt).toEqual(receipt)
})

test('a key that signs elsewhere: the answer waits for its signature, which is stored', async () => {
  const signer = fallibleSigner()
  const gateway = await startGateway({ receiptSigner: signer })
  const agent = await gateway.agent(10_000n)
  const before = signer.signed
  const delivered = receiptIn(await agent.post(CALL, CHAT))
  expect(verifies(delivered)).toBe(true)
  expect(signer.signed).toBe(before + 1)
  const [stored] = await gateway.ledger.receipts(agent.pubkey, 0, 10)
  expect(stored?.signature).toBe(delivered.signature)
  const again = await agent.fetch(`/v1/receipts/${delivered.receipt.request_id}`)
  expect(await again.json()).toEqual(delivered)
  expect(signer.signed).toBe(before + 1)
})

test('a key that does not sign loses no charge and no answer: the receipt is signed later', async () => {
  const signer = fallibleSigner()
  const gateway = await startGateway({ receiptSigner: signer })
  const agent = await gateway.agent(10_000n)
  signer.failing = true
  const response = await agent.post(CALL, CHAT)
  expect(response.status).toBe(200)
  expect(response.headers.get('x-charge')).toBe('26')
  expect(response.headers.get('x-receipt')).toBeNull()
  expect(await gateway.ledger.balance(agent.pubkey)).toMatchObject({ spent: 26n, held: 0n })
  for (const target of ['/v1/receipts', `/v1/receipts/${response.headers.get('x-request-id')}`]) {
    const unsigned = await agent.fetch(target)
    expect(unsigned.status).toBe(503)
    expect(unsigned.headers.get('retry-after')).toBe('5')
  }
  signer.failing = false
  await until(async () => (await gateway.ledger.unsignedReceipts(1)).length === 0)
  const { data } = (await (await agent.fetch('/v1/receipts')).json()) as { data: SignedReceipt[] }
  expect(data).toHaveLength(1)
  expect(data.every(verifies)).toBe(true)
})

test('receipts come in order, page by page, each once, and to their agent only', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(100_000n)
  gateway.provider.will(chatReply())
  for (let calls = 0; calls < 7; calls += 1) await agent.post(CALL, CHAT)
  const seen: Receipt[] = []
  let after = ''
  for (let pages = 1; ; pages += 1) {
    const response = await agent.fetch(`/v1/receipts?limit=3&after=${after}`)
    const page = (await response.json()) as { data: SignedReceipt[]; next_cursor: string | null }
    expect(page.data.every(verifies)).toBe(true)
    seen.push(...page.data.map(({ receipt }) => receipt))
    if (page.next_cursor === null) {
      expect(pages).toBe(3)
      break
    }
    after = page.next_cursor
  }
  expect(seen.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(await (await agent.fetch('/v1/receipts?after=7')).json()).toEqual({
    data: [],
    next_cursor: null,
  })
  const stranger = await gateway.agent(0n)
  expect(await (await stranger.fetch('/v1/receipts')).json()).toEqual({
    data: [],
    next_cursor: null,
  })
  const foreign = await stranger.fetch(`/v1/receipts/${seen[0]?.request_id}`)
  expect(foreign.status).toBe(404)
  expect((await fetch(`${gateway.url}/v1/receipts`)).status).toBe(401)
})

test.each(['limit=0', 'limit=501', 'limit=x', 'after=-1', 'after=x'])(
  'receipts refuse %s',
  async (query) => {
    const gateway = await startGateway()
    const agent = await gateway.agent(0n)
    expect((await agent.fetch(`/v1/receipts?${query}`)).status).toBe(400)
  },
)

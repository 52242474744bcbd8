// Gateways that ask for more, and receipts that are not what was agreed: nothing more is signed for them.
import { sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { receiptBytes, receiptText } from '../../../src/proof/receipt.ts'
import { RECEIPT_KEY } from '../../support/receipt-key.ts'
import vectors from '../../vectors.json' with { type: 'json' }
import { type Spoil, voucherSite } from './site.ts'
import {
  CHAT_BOUND,
  CHAT_TEXT,
  demanding,
  type Loose,
  post,
  TARGET,
  withJson,
  withReceipt,
} from './spoils.ts'

let asked = ''

describe('C9: a gateway that asks for more than was spent and is open', () => {
  test.each([1n, 1_000_000n, 2n ** 64n - 1n])('%d units more', async (more) => {
    const site = await voucherSite()
    const { agent, sent } = await site.agent(
      1_000_000n,
      {},
      demanding(CHAT_BOUND + more, () => asked),
    )
    asked = agent.publicKey
    const refused = await post(agent).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'authorization_required', status: 402 })
    // The gateway did serve the first try, so its charge is on a receipt by the time of the refusal.
    expect(String(refused)).toMatch(/asks for \d+ units, but receipt 1 says 26 are spent/)
    const highest = sent.map(({ voucher }) => voucher ?? 0n)
    expect(highest.filter((total) => total > CHAT_BOUND)).toEqual([])
  })

  test('or for a voucher of another vault', async () => {
    const site = await voucherSite()
    const other = vectors.program.vault.address
    const { agent } = await site.agent(
      1_000_000n,
      {},
      demanding(1n, () => asked, other),
    )
    asked = agent.publicKey
    await expect(post(agent)).rejects.toMatchObject({ code: 'untrusted_answer' })
  })

  test('again and again gets one more try, and then an error', async () => {
    const site = await voucherSite()
    const { agent, sent } = await site.agent(
      1_000_000n,
      {},
      demanding(5n, () => asked),
    )
    asked = agent.publicKey
    await expect(post(agent)).rejects.toMatchObject({ code: 'authorization_required' })
    expect(sent.filter(({ target }) => target === TARGET)).toHaveLength(2)
  })
})

const LIES: [string, (receipt: Loose) => Loose, RegExp, boolean?][] = [
  ['is altered', (receipt) => ({ ...receipt, model: 'gpt-4o' }), /not signed by the key/, false],
  ['skips a number', (receipt) => ({ ...receipt, seq: 0 }), /receipt/],
  [
    'names another before it',
    (receipt) => ({ ...receipt, prev: `sha256:${'1'.repeat(64)}` }),
    /does not name the one before/,
  ],
  [
    'adds up wrongly',
    (receipt) => ({ ...receipt, spent: '27' }),
    /spent goes from 0 to 27 by a charge of 26/,
  ],
  [
    'charges more than the call can cost',
    (receipt) => ({ ...receipt, charge: '5000', spent: '5000' }),
    /charges 5000 for a call that costs at most/,
  ],
  [
    'is of another agent',
    (receipt) => ({ ...receipt, agent: vectors.agent.pubkey }),
    /of another agent or gateway/,
  ],
  [
    'is of another gateway',
    (receipt) => ({ ...receipt, gateway: vectors.agent.pubkey }),
    /of another agent or gateway/,
  ],
  [
    'is for a body that was not sent',
    (receipt) => ({ ...receipt, request_digest: `sha256:${'0'.repeat(64)}` }),
    /auth\.signature is not/,
  ],
  [
    'is for a path that costs nothing',
    (receipt) => ({
      ...receipt,
      auth: { ...Object(receipt['auth']), target: '/v1/balance', method: 'GET' },
    }),
    /is not charged for/,
  ],
  [
    'names a session that was never opened',
    (receipt) => ({ ...receipt, auth: { session: 'ses_1' } }),
    /nothing proves the session ses_1/,
  ],
  [
    'is under another price list',
    (receipt) => ({ ...receipt, price_version: `sha256:${'2'.repeat(64)}` }),
    /charged at the price list/,
  ],
  ['is none', () => ({}), /a receipt is none/],
]

describe('C9: a receipt that does not verify stops the signing, for good', () => {
  test.each(LIES)('one that %s', async (_, change, said, resign = true) => {
    const site = await voucherSite()
    const { agent, sent } = await site.agent(1_000_000n, {}, withReceipt(change, resign))
    expect((await post(agent)).status).toBe(200)
    for (let tries = 0; tries < 2; tries += 1) {
      const refused = await post(agent).catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: 'untrusted_answer' })
      expect(String(refused)).toMatch(said)
    }
    expect(sent.filter(({ target }) => target === TARGET)).toHaveLength(1)
    expect((await agent.balance()).spent).toBe('26')
  })
})

describe('C9: a chain of receipts that is not one', () => {
  test('a receipt twice, and a list that differs from what came with the answers', async () => {
    const site = await voucherSite()
    const first = await site.agent(1_000_000n)
    await post(first.agent)
    await post(first.agent)
    const { data } = await first.agent.receipts()
    const [one] = data as unknown as [{ receipt: Loose }]
    const forged = { ...one.receipt, ended_at: '2026-01-01T00:00:00.000Z' }
    const signature = sign(null, receiptBytes(receiptText(forged as never)), RECEIPT_KEY)
    const shown = [{ receipt: forged, signature: signature.toString('base64') }, ...data.slice(1)]
    const spoil = withJson('/v1/receipts', () => ({ data: shown, next_cursor: null }))
    const second = await site.agent(0n, { key: first.key }, spoil)
    await expect(post(second.agent)).rejects.toMatchObject({ code: 'untrusted_answer' })
    const twice = withJson('/v1/receipts', () => ({ data: [data[0], data[0]], next_cursor: null }))
    const third = await site.agent(0n, { key: first.key }, twice)
    await expect(post(third.agent)).rejects.toThrow('it should be receipt 2')
  })

  test('one signed request charged for twice', async () => {
    const site = await voucherSite()
    let kept: unknown
    const again: Spoil = withReceipt((receipt) => {
      kept ??= { auth: receipt['auth'], request_digest: receipt['request_digest'] }
      return { ...receipt, ...Object(kept) }
    })
    const { agent } = await site.agent(1_000_000n, {}, again)
    await post(agent)
    await post(agent)
    await expect(post(agent)).rejects.toThrow('one signed request is charged for twice')
  })

  test('receipts that are withheld count for nothing', async () => {
    const site = await voucherSite()
    const hiding: Spoil = async (target, answer) => {
      const response = await answer()
      if (target === '/v1/receipts') return Response.json({ data: [], next_cursor: null })
      const headers = new Headers(response.headers)
      headers.delete('x-receipt')
      return new Response(await response.text(), { status: response.status, headers })
    }
    const { agent, sent } = await site.agent(1_000_000n, {}, hiding)
    await (await post(agent)).text()
    await expect(post(agent)).rejects.toMatchObject({ code: 'authorization_required' })
    expect(sent.every(({ voucher }) => voucher === null || voucher <= CHAT_BOUND)).toBe(true)
  })
})

describe('C9: a receipt that comes late, for a call that was taken to be free', () => {
  /** Shows no receipts until told to, and then one for more than its call can cost. */
  function withholding(): { spoil: Spoil; show(): void } {
    let shown = false
    const inflated = (item: { receipt: Loose }) => {
      const charge = `${CHAT_BOUND + 1n}`
      const receipt = { ...item.receipt, charge, spent: charge, held: charge }
      const bytes = receiptBytes(receiptText(receipt as never))
      return { receipt, signature: sign(null, bytes, RECEIPT_KEY).toString('base64') }
    }
    const spoil: Spoil = async (target, answer) => {
      const response = await answer()
      const headers = new Headers(response.headers)
      headers.delete('x-receipt')
      const text = await response.text()
      if (target !== '/v1/receipts') return new Response(text, { status: response.status, headers })
      const { data } = JSON.parse(text) as { data: [{ receipt: Loose }] }
      const listed = shown ? data.slice(0, 1).map(inflated) : []
      return Response.json({ data: listed, next_cursor: null })
    }
    return { spoil, show: () => (shown = true) }
  }

  test('of an answer that had ended', async () => {
    const site = await voucherSite()
    const { spoil, show } = withholding()
    const { agent } = await site.agent(1_000_000n, {}, spoil)
    await (await post(agent)).text()
    await expect(post(agent)).rejects.toMatchObject({ code: 'authorization_required' })
    show()
    await expect(post(agent)).rejects.toThrow(`for a call that costs at most ${CHAT_BOUND}`)
  })
})

describe('C9: a session of an earlier run', () => {
  test.each<[string, (proof: Loose) => Loose]>([
    ['under another signature', (proof) => ({ ...proof, signature: vectors.session_signature })],
    [
      'under another limit',
      ({ message, ...proof }) => ({
        ...proof,
        message: String(message).replace('spend_limit 1000', 'spend_limit 9999'),
      }),
    ],
    [
      'of another agent',
      () => ({ message: vectors.session_message, signature: vectors.session_signature }),
    ],
  ])('shown %s is not believed', async (_, change) => {
    const site = await voucherSite()
    const first = await site.agent(1_000_000n)
    const { id, token } = await first.agent.session({ spend_limit: '1000' })
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    const init = { method: 'POST', headers, body: CHAT_TEXT }
    expect((await fetch(new URL(TARGET, first.agent.url), init)).status).toBe(200)
    const spoil = withJson(`/v1/sessions/${id}`, (body) => ({
      ...body,
      proof: change(Object(body['proof'])),
    }))
    const second = await site.agent(0n, { key: first.key }, spoil)
    await expect(post(second.agent)).rejects.toMatchObject({ code: 'untrusted_answer' })
  })
})

// Receipts for calls of an earlier run: nothing is known of them but what they say, and that is held against signed prices.
import { sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { chargeProblem } from '../../../src/agent/vouchers/charge-bound.ts'
import { NO_TOKENS, type Tokens, units } from '../../../src/money.ts'
import type { ReadPriceList } from '../../../src/proof/read-price-list.ts'
import type { Call } from '../../../src/proof/read-receipt.ts'
import { receiptBytes, receiptDigest, receiptText } from '../../../src/proof/receipt.ts'
import { RECEIPT_KEY } from '../../support/receipt-key.ts'
import { voucherSite } from './site.ts'
import { CHAT_BOUND, CHAT_TEXT, type Loose, post, TARGET, withJson } from './spoils.ts'

function signed(receipt: Loose) {
  const bytes = receiptBytes(receiptText(receipt as never))
  const signature = sign(null, bytes, RECEIPT_KEY).toString('base64')
  return { receipt, signature, digest: receiptDigest(bytes) }
}

/** Shows these receipts, made from the only one that there is. */
function listing(make: (receipt: Loose) => object[]) {
  return withJson('/v1/receipts', (body) => {
    const [item] = body['data'] as { receipt: Loose }[]
    return item === undefined ? body : { data: make(item.receipt), next_cursor: null }
  })
}

/** What a receipt comes to at a unit a token in and two a token out, and what follows from that. */
function counted(receipt: Loose, tokens: Partial<Tokens>, more: Loose = {}): Loose {
  const all = { ...Object(receipt['tokens']), ...tokens } as Tokens
  const { output, ...inputs } = all
  const charge = Object.values(inputs).reduce((sum, count) => sum + count, 2 * output)
  return { ...receipt, tokens: all, charge: `${charge}`, spent: `${charge}`, ...more }
}

const UNSHOWN = `sha256:${'2'.repeat(64)}`

const INFLATED: [string, (receipt: Loose) => Loose, RegExp][] = [
  [
    'charges more than tokens and prices come to',
    (receipt) => ({ ...receipt, charge: '5000', spent: '5000' }),
    /charges 5000 where tokens and prices come to 26/,
  ],
  [
    'names a hold above that',
    (receipt) => ({ ...receipt, charge: '5000', spent: '5000', held: '5000' }),
    /charges 5000 where tokens and prices come to 26/,
  ],
  [
    'charges less than its tokens and names no hold',
    (receipt) =>
      counted(receipt, { input: 900_000_000 }, { charge: '90000000', spent: '90000000' }),
    /charges 90000000 where tokens/,
  ],
  [
    'hides tokens of no call behind a hold',
    (receipt) => {
      const charge = '90000000'
      return counted(receipt, { input: 900_000_000 }, { charge, spent: charge, held: charge })
    },
    /charges 90000000 for a call that costs 46810432 at the very most/,
  ],
  [
    'counts more than the window took in',
    (receipt) => counted(receipt, { input: 500_000, cached_input: 500_000 }),
    /charges 1000014 for a call that costs 556000 at the very most/,
  ],
  [
    'counts more than every choice gave out',
    (receipt) => counted(receipt, { output: 300_000 }),
    /charges 600012 for a call that costs 556000 at the very most/,
  ],
  [
    'estimates more than any body holds',
    (receipt) => counted(receipt, { input: 100_000_000 }, { outcome: 'recovered' }),
    /charges 100000014 for a call that costs 46810432 at the very most/,
  ],
  [
    'is for a model that was not for sale',
    (receipt) => ({ ...receipt, model: 'no-such' }),
    /has no model no-such/,
  ],
  [
    'is under another price list than the call was signed for',
    (receipt) => ({ ...receipt, price_version: UNSHOWN }),
    /charged at the price list sha256:2+, signed for/,
  ],
]

describe('C9: a receipt of an earlier run stops the signing where it', () => {
  test.each(INFLATED)('%s', async (_, change, said) => {
    const site = await voucherSite()
    const first = await site.agent(1_000_000n)
    await post(first.agent)
    const spoil = listing((receipt) => [signed(change({ ...receipt }))])
    const { agent, sent } = await site.agent(0n, { key: first.key }, spoil)
    for (let tries = 0; tries < 2; tries += 1) {
      const refused = await post(agent).catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: 'untrusted_answer' })
      expect(String(refused)).toMatch(said)
    }
    expect(sent.every(({ voucher }) => voucher === null)).toBe(true)
  })

  test('names a price list that nobody shows', async () => {
    const site = await voucherSite()
    const first = await site.agent(1_000_000n)
    const { token } = await first.agent.session({ spend_limit: '1000' })
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    await fetch(new URL(TARGET, first.agent.url), { method: 'POST', headers, body: CHAT_TEXT })
    const spoil = listing((receipt) => [signed({ ...receipt, price_version: UNSHOWN })])
    const { agent } = await site.agent(0n, { key: first.key }, spoil)
    await expect(post(agent)).rejects.toMatchObject({
      code: 'untrusted_answer',
      message: expect.stringContaining(`the price list ${UNSHOWN} is not shown`),
    })
  })
})

describe('C9: an honest receipt of an earlier run is taken', () => {
  test('under the list that it was charged at, though prices have changed since', async () => {
    const site = await voucherSite()
    const first = await site.agent(1_000_000n)
    for (let calls = 0; calls < 2; calls += 1) await post(first.agent)
    const { pricesFile } = site.gateway
    const dearer = readFileSync(pricesFile, 'utf8').replaceAll('"2000000"', '"3000000"')
    writeFileSync(pricesFile, dearer)
    await site.gateway.restart()
    const { agent, sent } = await site.agent(0n, { key: first.key })
    expect((await post(agent)).status).toBe(200)
    expect((await post(agent)).status).toBe(200)
    const [voucher] = sent.flatMap((one) => (one.voucher === null ? [] : [one.voucher]))
    expect(voucher).toBe(52n + CHAT_BOUND + 100n)
    // The old list was asked for once, the new one once.
    expect(sent.filter(({ target }) => target === '/v1/pricing')).toHaveLength(2)
  })

  test('where it was estimated from the bytes of a body, and where a correction follows', async () => {
    const site = await voucherSite()
    const first = await site.agent(1_000_000n)
    await post(first.agent)
    const spoil = listing((receipt) => {
      const estimate = signed(counted(receipt, { input: 700_000 }, { outcome: 'client_left' }))
      const { v, gateway, agent, ended_at, balance_after, charge } = estimate.receipt
      const back = `${26n - BigInt(String(charge))}`
      const correction = { charge: back, spent: '26', corrects: 1, prev: estimate.digest }
      const second = { v, gateway, agent, ended_at, balance_after, seq: 2, ...correction }
      return [estimate, signed(second)]
    })
    const { agent, sent } = await site.agent(0n, { key: first.key }, spoil)
    expect((await post(agent)).status).toBe(200)
    expect(sent.some(({ voucher }) => voucher === 26n + CHAT_BOUND)).toBe(true)
  })
})

describe('the bound of a call that is not known', () => {
  const price = units(1_000_000n)
  const classes = { input: price, cached_input: price, cache_write: price, cache_write_1h: price }
  const model = {
    prices: { ...classes, output: price },
    longContext: null,
    limits: { contextWindow: 1_000, maxOutputTokens: 100 },
  }
  const list = (limits: typeof model.limits | null) =>
    ({ models: new Map([['m', { ...model, limits }]]) }) as unknown as ReadPriceList
  const problem = (target: string, tokens: Partial<Tokens>, limits = model.limits as never) => {
    const all = { ...NO_TOKENS, ...tokens }
    const auth = { target }
    const call = { model: 'm', outcome: 'completed', held: null, tokens: all, auth }
    const charge = BigInt(all.input + all.cached_input + all.output)
    return chargeProblem(charge, call as unknown as Call, list(limits), false)
  }

  test.each<[string, Partial<Tokens>, Partial<Tokens>]>([
    ['/v1/messages', { input: 1_000, output: 100 }, { input: 1_000, output: 101 }],
    ['/v1/responses', { cached_input: 1_000, output: 100 }, { cached_input: 1_101 }],
    ['/v1/chat/completions', { input: 1_000, output: 13_800 }, { input: 1_000, output: 13_801 }],
    ['/v1/embeddings', { input: 300_000 }, { input: 40_000_000 }],
  ])('%s', (target, most, beyond) => {
    expect(problem(target, most)).toBe(null)
    expect(problem(target, beyond)).toMatch(/at the very most/)
  })

  test('a list that states no limits bounds nothing', () => {
    expect(problem('/v1/messages', { input: 1 }, null as never)).toMatch(/how long calls may be/)
  })
})

// The prices that vouchers rest on: signed by the key that the chain names, and bound to each call.
import { describe, expect, test } from 'vitest'
import { type Spoil, voucherSite } from './site.ts'
import { type Loose, post, TARGET, withJson } from './spoils.ts'

describe('prices and keys', () => {
  test.each<[string, (body: Loose) => Loose]>([
    [
      'whose models are other ones',
      (body) => ({
        ...body,
        models: {
          ...Object(body['models']),
          'gpt-4o-mini': { ...Object(Object(body['models'])['gpt-4o-mini']), input: '9' },
        },
      }),
    ],
    ['without a signature', ({ signature: _, ...body }) => body],
    ['from another time', (body) => ({ ...body, effective_at: '2020-01-01T00:00:00.000Z' })],
    ['that is none', () => ({})],
  ])('M7: a price list %s is signed for by nobody', async (_, change) => {
    const site = await voucherSite()
    const { agent, sent } = await site.agent(1_000_000n, {}, withJson('/v1/pricing', change))
    await expect(post(agent)).rejects.toMatchObject({ code: 'untrusted_answer' })
    expect(sent.every(({ voucher }) => voucher === null)).toBe(true)
  })

  test('a call is bound to the list that was signed; a new list is read and the call made again', async () => {
    const site = await voucherSite()
    let changes = 1
    const changing: Spoil = async (target, answer) => {
      if (target !== TARGET || changes === 0) return await answer()
      changes -= 1
      return Response.json({ error: { code: 'price_changed', message: 'x' } }, { status: 409 })
    }
    const { agent, sent } = await site.agent(1_000_000n, {}, changing)
    expect((await post(agent)).status).toBe(200)
    const targets = sent.map(({ target }) => target).filter((target) => target === '/v1/pricing')
    expect(targets).toHaveLength(2)
  })

  test('the receipt key is read on chain, and again where it has changed', async () => {
    const site = await voucherSite()
    const [account = ''] = site.accounts
    const key = '07'.repeat(32)
    const at = 2 * (8 + 32 * 3 + 8)
    const other = account.slice(0, at) + key + account.slice(at + 64)
    site.accounts = [other, account]
    const { agent } = await site.agent(1_000_000n)
    expect((await post(agent)).status).toBe(200)
    site.accounts = [other]
    const stranger = await site.agent(1_000_000n)
    await expect(post(stranger.agent)).rejects.toMatchObject({ code: 'untrusted_answer' })
  })
})

// Every finding of the proof contract, through the real collector: a real gateway, a real chain, and a hostile operator in between.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { versionOf } from '../../../src/prices/make-list.ts'
import { type PriceListBody, priceListBytes } from '../../../src/proof/price-list.ts'
import { type Change, forge, type Hiding, relink, rewritten } from '../../proof/forge.ts'
import { type Delivered, type Document, signed } from '../../proof/honest-gateway.ts'
import { digestOf, testKey } from '../../proof/keys.ts'
import type { Tampering } from '../../support/tampering-gateway.ts'
import { VerifySite } from './site.ts'

let site: VerifySite
let session: string

/** Two signed calls, one of them for one price list only, a deposit, a session's call, a signed one. */
beforeAll(async () => {
  site = await VerifySite.start()
  const { agent } = site
  await agent.deposit({ usdc: '1' })
  await site.call()
  await site.call({ 'x-price-version': (await agent.prices()).version })
  await agent.deposit({ usdc: '2' })
  const opened = await agent.session({ spend_limit: '500000' })
  session = opened.id
  await site.call({ authorization: `Bearer ${opened.token}` })
  await site.call()
})
afterAll(() => site.close())

/** Shows other receipts. */
function receipts(change: (delivered: Delivered[]) => readonly unknown[]): Tampering {
  return (target, shown) => {
    if (!target.startsWith('/v1/receipts?')) return null
    const { data } = shown.body as { data: Delivered[] }
    return { ...shown, body: { data: change(data), next_cursor: null } }
  }
}

function forged(seq: number, change: Change, hiding: Hiding): Tampering {
  return receipts((delivered) => forge(delivered, site.key, seq, change, hiding))
}

/** Shows other members where this is asked for. */
function changed(path: string, change: (body: Document) => Document): Tampering {
  return (target, shown) =>
    target.startsWith(path) && shown.status === 200
      ? { ...shown, body: { ...(shown.body as Document), ...change(shown.body as Document) } }
      : null
}

const plus =
  (name: string, by: bigint): Change =>
  (found) => ({
    ...found,
    [name]: (BigInt(String(found[name])) + by).toString(),
  })

test('the honest gateway is found honest, by addresses that it was never asked for', async () => {
  site.proxy.tamper()
  const verdict = await site.agent.verify()
  expect(verdict).toMatchObject({ ok: true, findings: [], notes: [] })
  expect(verdict.checked).toMatchObject({
    receipts: 4,
    deposits: 2,
    deposited: '3000000',
    sessions: 1,
  })
  // Four receipts, three signed calls, one session, the list in force and the one that charged.
  expect(verdict.checked.signatures).toBe(10)
  expect(site.proxy.asked.filter((target) => target.startsWith('/v1/deposit'))).toEqual([])
})

test('a gap, a fork and a broken chain', async () => {
  expect(await site.kinds(receipts((all) => all.filter((_, at) => at !== 1)))).toEqual([
    'receipt_gap',
  ])
  const other = (all: Delivered[]) => forge(all, site.key, 2, plus('charge', 1n), 'signed')[1]
  expect(
    await site.kinds(receipts((all) => [...all.slice(0, 2), other(all), ...all.slice(2)])),
  ).toEqual(['receipt_fork'])
  const response_digest = digestOf('another answer')
  expect(await site.kinds(forged(2, (found) => ({ ...found, response_digest }), 'signed'))).toEqual(
    ['chain_broken'],
  )
})

test('the last receipts are withheld, or all of them', async () => {
  expect(await site.kinds(receipts((all) => all.slice(0, 2)))).toEqual(['spent_differs'])
  const refused: Tampering = (target) =>
    target.startsWith('/v1/receipts') ? { status: 404, body: {} } : null
  expect(await site.kinds(refused)).toEqual(['spent_differs', 'unanswered'])
})

test('an altered field, a wrong signature', async () => {
  expect(await site.kinds(forged(4, plus('charge', -1n), 'none'))).toContain('wrong_signature')
  expect(await site.kinds(forged(4, (found) => ({ ...found, model: 'gpt-4o' }), 'none'))).toContain(
    'wrong_signature',
  )
  const stranger = (all: Delivered[]) => signed(all[3]?.receipt ?? {}, testKey('a stranger'))
  expect(await site.kinds(receipts((all) => [...all.slice(0, 3), stranger(all)]))).toEqual([
    'wrong_signature',
  ])
})

test('a charge that does not follow from tokens and price', async () => {
  expect(await site.kinds(forged(3, plus('charge', 1n), 'reckoned'))).toEqual([
    'charge_differs',
    'spent_differs',
  ])
})

test('a charge that nobody asked for', async () => {
  const again: Tampering = receipts((all) => {
    const documents = [
      ...all.map(({ receipt }) => receipt),
      { ...all[3]?.receipt, request_id: 'req_made_up' },
    ]
    return relink(rewritten(documents, site.key), site.key, true)
  })
  expect(await site.kinds(again)).toEqual(['nonce_reused'])
  const request_digest = digestOf('a body that was never sent')
  expect(await site.kinds(forged(1, (found) => ({ ...found, request_digest }), 'linked'))).toEqual([
    'not_asked_for',
  ])
})

test('a charge at another price list than the one signed for', async () => {
  const dear = async (): Promise<Tampering> => {
    const list = (await site.agent.prices()) as unknown as PriceListBody
    const stated = list.models as Record<string, Document>
    const models = {
      ...list.models,
      'gpt-4o-mini': { ...stated['gpt-4o-mini'], input: '100000000', output: '600000' },
    }
    const body = { ...list, models, version: versionOf(models) }
    const shown = { ...body, signature: site.key.sign(priceListBytes(body)) }
    const charge = (found: Document) => {
      const { input = 0, output = 0 } = found['tokens'] as Record<string, number>
      return String(Math.ceil((input * 100_000_000 + output * 600_000) / 1_000_000))
    }
    const change: Change = (found) => ({
      ...found,
      price_version: body.version,
      charge: charge(found),
    })
    const rewrite = forged(2, change, 'reckoned')
    return (target, answer) =>
      target.endsWith(body.version) ? { status: 200, body: shown } : rewrite(target, answer)
  }
  expect(await site.kinds(await dear())).toEqual(['other_price_list', 'spent_differs'])
})

test('spent or balance_after that does not add up', async () => {
  expect(await site.kinds(forged(4, plus('spent', 7n), 'signed'))).toEqual([
    'balance_differs',
    'spent_differs',
  ])
  expect(await site.kinds(forged(4, plus('balance_after', -7n), 'signed'))).toEqual([
    'balance_differs',
  ])
  // The second deposit was counted and is taken back.
  expect(await site.kinds(forged(4, plus('balance_after', -2_000_000n), 'signed'))).toEqual([
    'balance_differs',
  ])
  const claimed = changed('/v1/balance', (body) => ({
    spent: String(BigInt(String(body['spent'])) + 1n),
  }))
  expect(await site.kinds(claimed)).toContain('spent_differs')
})

test('a deposit on chain that was not credited', async () => {
  const claimed = changed('/v1/balance', () => ({ deposited: '1000000' }))
  expect(await site.kinds(claimed)).toEqual(['deposit_not_credited'])
})

test('more money than the vault holds', async () => {
  expect(await site.kinds(changed('/v1/balance', () => ({ frozen: '4000000' })))).toEqual([
    'insolvent',
  ])
})

test('a price list that changed under one version, or that is not signed', async () => {
  const dearer = changed('/v1/pricing?', (body) => {
    const models = body['models'] as Record<string, Document>
    const list = {
      ...body,
      models: { ...models, 'gpt-4o-mini': { ...models['gpt-4o-mini'], input: '1' } },
    }
    return { ...list, signature: site.key.sign(priceListBytes(list as unknown as PriceListBody)) }
  })
  expect(await site.kinds(dearer)).toEqual(['price_list_changed'])
  const unsigned = changed('/v1/pricing', () => ({ signature: undefined }))
  expect(await site.kinds(unsigned)).toEqual(['price_list_unsigned'])
  const gone: Tampering = (target) =>
    target.includes('version=') ? { status: 404, body: {} } : null
  // The list in force is the same one: who shows it has shown it.
  expect(await site.kinds(gone)).toEqual([])
})

test('charges through a session beyond its terms, or without proof', async () => {
  const limit = changed('/v1/sessions/', (body) => {
    const { message, signature } = body['proof'] as { message: string; signature: string }
    return { proof: { message: message.replace('500000', '900000000'), signature } }
  })
  expect(await site.kinds(limit)).toEqual(['session_invalid'])
  site.proxy.tamper(changed('/v1/sessions/', () => ({ proof: undefined })))
  const unproven = await site.agent.verify()
  expect(unproven).toMatchObject({ ok: true, notes: [{ kind: 'session_unproven', session }] })
  const mine = await site.agent.verify({ openedSessions: [session] })
  expect(mine.ok).toBe(true)
  const { findings } = await site.agent.verify({ openedSessions: ['ses_of_mine'] })
  expect(findings).toMatchObject([{ kind: 'session_unknown' }])
  const hidden: Tampering = (target) =>
    target.startsWith('/v1/sessions/') ? { status: 404, body: {} } : null
  expect(await site.kinds(hidden)).toEqual([])
  const madeUp: Tampering = (target, shown) =>
    target === '/v1/sessions' ? { ...shown, body: { data: [] } } : hidden(target, shown)
  expect(await site.kinds(madeUp)).toEqual(['session_unknown'])
})

test('what the agent kept is held against what is shown', async () => {
  const kept = await site.receipts()
  site.proxy.tamper(
    receipts((all) =>
      rewritten(
        all.slice(1).map(({ receipt }) => receipt),
        site.key,
      ),
    ),
  )
  const { findings } = await site.agent.verify({ kept })
  expect(findings.map(({ kind }) => kind)).toContain('receipt_fork')
})

test.each<[string, Tampering, string]>([
  ['hangs up', (target) => (target.startsWith('/v1/receipts') ? 'hang up' : null), 'unanswered'],
  [
    'answers text',
    (target) => (target.startsWith('/v1/receipts') ? { text: '<html>' } : null),
    'unanswered',
  ],
  [
    'answers no page',
    (target) => (target.startsWith('/v1/receipts') ? { status: 200, body: [] } : null),
    'unanswered',
  ],
  ['answers what are no receipts', receipts(() => [1, {}, null]), 'malformed'],
  [
    'answers without end',
    (target, shown) =>
      target.startsWith('/v1/receipts')
        ? { ...shown, body: { ...(shown.body as object), next_cursor: '1' } }
        : null,
    'unanswered',
  ],
  [
    'answers the same page for ever',
    (target, shown) =>
      target.startsWith('/v1/receipts') ? { ...shown, body: { data: [], next_cursor: '9' } } : null,
    'unanswered',
  ],
  [
    'answers too much',
    (target) => (target.startsWith('/v1/receipts') ? { text: ' '.repeat(17_000_000) } : null),
    'unanswered',
  ],
  [
    'shows no balance',
    (target) => (target.startsWith('/v1/balance') ? { status: 500, body: {} } : null),
    'unanswered',
  ],
  [
    'shows no prices',
    (target) => (target.startsWith('/v1/pricing') ? { status: 200, body: 7 } : null),
    'malformed',
  ],
])('a gateway that %s gives a finding', async (_, tampering, kind) => {
  expect(await site.kinds(tampering)).toContain(kind)
})

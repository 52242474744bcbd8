import { expect } from 'vitest'
import { NO_TOKENS } from '../../src/money.ts'
import { everyLedger } from './backends.ts'
import { AGENT, funded, holdRequest, NOW, PRICES, settlement } from './facts.ts'

const OTHER = 'Other1111111111111111111111111111111111111'

everyLedger(
  '$name: transactions: newest first, a page at a time, with what recomputes each charge',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    for (const id of ['r1', 'r2', 'r3']) {
      await ledger.hold(holdRequest(id))
      await ledger.settle(settlement(id))
    }
    const page = await ledger.transactions(AGENT, null, 2)
    const rest = await ledger.transactions(AGENT, page.at(-1)?.id ?? 0, 10)
    expect([...page, ...rest].map((row) => [row.type, row.requestId, row.balanceAfter])).toEqual([
      ['DEBIT', 'r3', 880n],
      ['DEBIT', 'r2', 920n],
      ['DEBIT', 'r1', 960n],
      ['DEPOSIT', null, 1_000n],
    ])
    expect(page[0]).toMatchObject({ amount: 40n, timestamp: NOW + 1_000, signature: null })
    expect(page[0]?.usage).toEqual({
      provider: 'openai',
      model: 'gpt-4o-mini',
      outcome: 'completed',
      tokens: { ...NO_TOKENS, input: 8, output: 3 },
      price_version: PRICES,
      held: '100',
      upstream_id: 'chatcmpl-1',
      request_digest: holdRequest('r3').requestDigest,
      response_digest: settlement('r3').responseDigest,
    })
    expect(await ledger.transactions(OTHER, null, 10)).toEqual([])
  },
)

everyLedger(
  '$name: calls: settled and released ones, in the order in which they ended, read by cursor',
  async (backend) => {
    const ledger = await funded(backend, 1_000n)
    for (const id of ['r1', 'r2', 'r3']) await ledger.hold(holdRequest(id))
    await ledger.settle(settlement('r2'))
    await ledger.release({ requestId: 'r1', at: NOW + 5, reason: 'upstream_error' })
    const calls = await ledger.calls(0, 10)
    expect(calls).toMatchObject([
      { requestId: 'r2', state: 'settled', charge: 40n, held: 100n, endedAt: NOW + 1_000 },
      { requestId: 'r1', state: 'released', reason: 'upstream_error', startedAt: NOW },
    ])
    expect(calls[0]?.auth).toEqual(holdRequest('r2').auth)
    const cursor = calls[1]?.seq ?? 0
    expect(await ledger.calls(cursor, 10)).toEqual([])
    await ledger.settle(settlement('r3'))
    expect(await ledger.calls(cursor, 10)).toMatchObject([{ requestId: 'r3' }])
    expect(await ledger.calls(0, 1)).toMatchObject([{ requestId: 'r2' }])
  },
)

everyLedger(
  '$name: M7: a price list is stored once and never changes under its version',
  async (backend) => {
    const ledger = await funded(backend, 1n)
    const first = '2026-11-21T12:00:00.000Z'
    expect(await ledger.storePrices('sha256:v2', first, '{"a":1}')).toBe(first)
    expect(await ledger.storePrices('sha256:v2', '2026-11-22T12:00:00.000Z', '{"a":1}')).toBe(first)
    await expect(
      ledger.storePrices('sha256:v2', '2026-11-21T12:00:00.000Z', '{"a":2}'),
    ).rejects.toThrow(/stored with other prices/)
    expect(await ledger.prices('sha256:v2')).toEqual({ effectiveAt: first, json: '{"a":1}' })
    expect(await ledger.prices('sha256:v3')).toBeNull()
  },
)

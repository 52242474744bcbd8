import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { startGateway } from '../support/gateway.ts'
import { chatReply } from '../support/provider.ts'

const CALL = '/v1/chat/completions'
const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 100 }

interface Debit {
  readonly type: string
  readonly amount: string
  readonly usage: { model: string; price_version: string; tokens: Record<string, number> }
}
type Models = Record<string, Record<string, string>>

/** As an agent would: in whole numbers, rounded up once. */
function chargeOf({ usage }: Debit, models: Models): bigint {
  const prices = models[usage.model] ?? {}
  const sum = Object.entries(usage.tokens).reduce(
    (total, [tokenClass, count]) => total + BigInt(count) * BigInt(prices[tokenClass] ?? 0),
    0n,
  )
  return (sum + 999_999n) / 1_000_000n
}

test('M7: every charge is recomputed from its row and the list of its version', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(10_000n)
  const usages = [
    { prompt_tokens: 12, completion_tokens: 7 },
    { prompt_tokens: 90, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 64 } },
    null,
  ]
  gateway.provider.will(...usages.map((usage) => chatReply(usage)))
  const charged: (string | null)[] = []
  for (const _ of usages) {
    charged.push((await agent.post(CALL, CHAT)).headers.get('x-charge'))
  }
  const { data } = (await (await agent.fetch('/v1/transactions')).json()) as { data: Debit[] }
  const debits = data.filter(({ type }) => type === 'DEBIT').reverse()
  expect(debits.map(({ amount }) => amount)).toEqual(charged)
  const published = (await (await fetch(`${gateway.url}/v1/pricing`)).json()) as {
    version: string
    models: Models
  }
  for (const debit of debits) {
    expect(debit.usage.price_version).toBe(published.version)
    const stored = await gateway.ledger.prices(debit.usage.price_version)
    const models = JSON.parse(stored?.json ?? '{}') as Models
    expect(models).toEqual(published.models)
    expect(chargeOf(debit, models).toString()).toBe(debit.amount)
  }
})

test('M6: 80 KB of one letter stall nothing, and are held for by their bytes', async () => {
  const gateway = await startGateway()
  const agent = await gateway.agent(1_000_000n)
  gateway.provider.will(chatReply())
  const delay = monitorEventLoopDelay({ resolution: 10 })
  const messages = [{ role: 'user', content: 'a'.repeat(80_000) }]
  const body = JSON.stringify({ ...CHAT, messages })
  delay.enable()
  const response = await agent.fetch(CALL, { method: 'POST', body })
  delay.disable()
  expect(response.headers.get('x-balance-remaining')).toBe(String(1_000_000 - body.length - 200))
  // A tokenizer takes 3 s for this; hashing, scanning and forwarding take milliseconds.
  expect(delay.max / 1e6).toBeLessThan(1_000)
})

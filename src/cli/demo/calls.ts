/** Calls of the demo, and what the ledger says of them. */
import type { Agent } from '../../agent/index.ts'
import type { Transaction } from '../../ledger/ledger.ts'
import { charge, type TokenPrices, type Tokens, units } from '../../money.ts'
import type { Stage } from './stage.ts'

const HEADERS = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' }
const ROWS_LOOKED_AT = 500
/** What a call may take here: the provider is on this machine. */
const TIME_LIMIT_MS = 20_000

/** Makes a signed call. */
export function call(agent: Agent, target: string, body: object): Promise<Response> {
  return agent.fetch(new URL(target, agent.url), {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIME_LIMIT_MS),
  })
}

/** The header, which every answer of this kind carries. Throws when it does not. */
export function headerOf(response: Response, name: string): string {
  const value = response.headers.get(name)
  if (value === null) throw new Error(`the answer (${response.status}) carries no ${name}`)
  return value
}

/** The debit of a call in the ledger's own file. Throws when there is none. */
export async function debitOf({ ledger, agent }: Stage, requestId: string): Promise<Transaction> {
  const rows = await ledger.transactions(agent.publicKey, null, ROWS_LOOKED_AT)
  const found = rows.find((row) => row.type === 'DEBIT' && row.requestId === requestId)
  if (found === undefined) throw new Error(`the ledger has no debit of ${requestId}`)
  return found
}

/** The tokens of a debit, as a person reads them. */
export function tokensText(tokens: Tokens): string {
  const counted = Object.entries(tokens).filter(([, count]) => count > 0)
  return counted.map(([name, count]) => `${count} ${name}`).join(', ')
}

/** Computes a debit anew: its tokens at the prices that `GET /v1/pricing` publishes. */
export async function recomputedCharge({ agent }: Stage, debit: Transaction): Promise<string> {
  const { usage } = debit
  const { models, version } = await agent.prices()
  if (usage === null || usage.price_version !== version) throw new Error('charged at other prices')
  const listed = models[usage.model]
  if (listed === undefined) throw new Error(`${usage.model} has no price`)
  const price = (text: string) => units(BigInt(text))
  const prices: TokenPrices = {
    input: price(listed.input),
    cached_input: price(listed.cached_input),
    cache_write: price(listed.cache_write),
    cache_write_1h: price(listed.cache_write_1h ?? listed.cache_write),
    output: price(listed.output),
  }
  return charge(usage.tokens, prices).toString()
}

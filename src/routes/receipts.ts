/** What an agent was charged, under the gateway's signature. Source: proof contract, "Receipts". */
import type { Hono } from 'hono'
import { refusal } from '../errors.ts'
import type { IssuedReceipt } from '../ledger/receipt-ledger.ts'
import { authenticated, type Env } from './context.ts'
import { readPage } from './paging.ts'
import type { RouteParts } from './parts.ts'
import { json, type Reply, refused, unsigned } from './reply.ts'

export function addReceipts(app: Hono<Env>, parts: RouteParts): void {
  app.get(
    '/v1/receipts',
    authenticated(parts, ({ caller }, context) =>
      list(parts, caller.agent, (name) => context.req.query(name)),
    ),
  )
  app.get(
    '/v1/receipts/:request_id',
    authenticated(parts, ({ caller }, context) =>
      one(parts, caller.agent, context.req.param('request_id') ?? ''),
    ),
  )
}

async function one({ ledger, path }: RouteParts, agent: string, requestId: string): Promise<Reply> {
  const issued = await ledger.receipt(agent, requestId)
  if (issued === null) {
    return refused(refusal('not_found', 'This agent has no receipt of such a call.'))
  }
  const delivered = await path.receipts.deliver(issued)
  return delivered === null ? refused(unsigned()) : json(JSON.parse(delivered) as object)
}

/** Ascending from `after`, exclusive: a chain is checked from its first link. */
async function list(
  { ledger, path }: RouteParts,
  agent: string,
  query: (name: string) => string | undefined,
): Promise<Reply> {
  const asked = readPage(query, 'after')
  if (asked.kind === 'refused') return asked
  const { limit, cursor } = asked
  const issued: IssuedReceipt[] = await ledger.receipts(agent, cursor ?? 0, limit + 1)
  const page = issued.slice(0, limit)
  const data: object[] = []
  for (const receipt of page) {
    const delivered = await path.receipts.deliver(receipt)
    if (delivered === null) return refused(unsigned())
    data.push(JSON.parse(delivered) as object)
  }
  const last = page.at(-1)
  const more = issued.length > limit && last !== undefined
  return json({ data, next_cursor: more ? last.seq.toString() : null })
}

/** What an agent has, and what became of it. Source: wire contract, "Money routes". */
import type { Hono } from 'hono'
import { refusal } from '../errors.ts'
import type { Transaction } from '../ledger/ledger.ts'
import { USDC_DECIMALS } from '../money.ts'
import { authenticated, type Env } from './context.ts'
import type { RouteParts } from './parts.ts'
import { json, type Reply, refused } from './reply.ts'

const PAGE = 50
const PAGE_MAX = 500

export function addMoney(app: Hono<Env>, parts: RouteParts): void {
  app.get(
    '/v1/balance',
    authenticated(parts, ({ caller }) => balance(parts, caller.agent)),
  )
  app.get(
    '/v1/transactions',
    authenticated(parts, ({ caller }, context) =>
      transactions(parts, caller.agent, context.req.query('cursor'), context.req.query('limit')),
    ),
  )
}

async function balance({ ledger }: RouteParts, agent: string): Promise<Reply> {
  const books = await ledger.balance(agent)
  const pending = await ledger.pending(agent)
  const { available, held, frozen, spent, deposited, settled, withdrawn, owed } = books
  return json({
    agent,
    asset: 'USDC',
    decimals: USDC_DECIMALS,
    available: available.toString(),
    held: held.toString(),
    frozen: frozen.toString(),
    spent: spent.toString(),
    deposited: deposited.toString(),
    settled: settled.toString(),
    withdrawn: withdrawn.toString(),
    owed: owed.toString(),
    pending: pending.map(({ signature, amount }) => ({
      signature,
      amount: amount.toString(),
      status: 'confirmed',
    })),
  })
}

async function transactions(
  { ledger }: RouteParts,
  agent: string,
  cursor: string | undefined,
  limitText: string | undefined,
): Promise<Reply> {
  const limit = limitText === undefined ? PAGE : wholeNumber(limitText)
  if (limit === null || limit < 1 || limit > PAGE_MAX) {
    return refused(refusal('invalid_request', `limit is not 1 to ${PAGE_MAX}.`, 'limit'))
  }
  const before = cursor === undefined || cursor === '' ? null : wholeNumber(cursor)
  if (before === null && cursor !== undefined && cursor !== '') {
    return refused(refusal('invalid_request', 'cursor is not one of this list.', 'cursor'))
  }
  const rows = await ledger.transactions(agent, before, limit + 1)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const more = rows.length > limit && last !== undefined
  return json({ data: page.map(row), next_cursor: more ? last.id.toString() : null })
}

function row(transaction: Transaction): object {
  const { id, type, amount, balanceAfter, timestamp, requestId, usage, signature } = transaction
  return {
    id: id.toString(),
    type,
    amount: amount.toString(),
    balance_after: balanceAfter.toString(),
    timestamp: new Date(timestamp).toISOString(),
    ...(requestId === null ? {} : { request_id: requestId }),
    ...(usage === null ? {} : { usage }),
    ...(signature === null ? {} : { signature }),
  }
}

function wholeNumber(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}

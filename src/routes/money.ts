/** What an agent has, and what became of it. Source: wire contract, "Money routes". */
import type { Hono } from 'hono'
import type { Refusal } from '../errors.ts'
import type { SpendLedger, Transaction } from '../ledger/ledger.ts'
import { USDC_DECIMALS } from '../money.ts'
import { authenticated, type Env } from './context.ts'
import { readPage } from './paging.ts'
import type { RouteParts } from './parts.ts'
import { json, type Reply } from './reply.ts'

export function addMoney(app: Hono<Env>, parts: RouteParts): void {
  app.get(
    '/v1/balance',
    authenticated(parts, ({ caller }) => balance(parts, caller.agent)),
  )
  app.get(
    '/v1/transactions',
    authenticated(parts, async ({ caller }, context) => {
      const read = await transactionPage(parts.ledger, caller.agent, (name) =>
        context.req.query(name),
      )
      return read.kind === 'refused' ? read : json(read.page)
    }),
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

type PageOutcome =
  | {
      readonly kind: 'read'
      readonly page: { readonly data: readonly object[]; readonly next_cursor: string | null }
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** A page of an agent's journal, as `?cursor=` and `?limit=` ask for it. */
export async function transactionPage(
  ledger: Pick<SpendLedger, 'transactions'>,
  agent: string,
  query: (name: string) => string | undefined,
): Promise<PageOutcome> {
  const asked = readPage(query, 'cursor')
  if (asked.kind === 'refused') return asked
  const { limit, cursor } = asked
  const rows = await ledger.transactions(agent, cursor, limit + 1)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const more = rows.length > limit && last !== undefined
  const next_cursor = more ? last.id.toString() : null
  return { kind: 'read', page: { data: page.map(row), next_cursor } }
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

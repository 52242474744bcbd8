/** The money of an agent, as a gateway that speaks the level5 contract shows it. Source: wire contract, "Money routes"; proof contract. */
import { z } from 'zod'
import { type Answer, type Ask, type Money, Unseen } from '../target.ts'

const PAGE_ROWS_MAX = 500

const amount = z
  .string()
  .regex(/^-?\d{1,30}$/)
  .transform(BigInt)
const Balance = z.object({
  available: amount,
  held: amount,
  frozen: amount,
  spent: amount,
  deposited: amount,
  withdrawn: amount,
  settled: amount,
  owed: amount.default(0n),
})
const Rows = z.object({
  data: z.array(
    z.object({
      id: z.union([z.string(), z.number()]).transform(String),
      type: z.string(),
      amount,
      balance_after: amount,
      request_id: z.string().optional(),
      signature: z.string().optional(),
    }),
  ),
  next_cursor: z.string().nullable(),
})
const Receipts = z.object({ data: z.array(z.unknown()), next_cursor: z.string().nullable() })
const Quote = z.object({ worst_case: amount })

/** Reads the books through `send`, which adds the credentials. */
export function level5Money(send: (ask: Ask) => Promise<Answer>): Money {
  async function get<T>(target: string, shape: z.ZodType<T>): Promise<T> {
    return read(target, await send({ method: 'GET', target }), shape)
  }
  async function journal(limit = Number.POSITIVE_INFINITY) {
    const rows: z.infer<typeof Rows>['data'] = []
    for (let cursor = ''; rows.length < limit; ) {
      const count = Math.min(PAGE_ROWS_MAX, limit - rows.length)
      const page = await get(`/v1/transactions?limit=${count}${cursor}`, Rows)
      rows.push(...page.data)
      if (page.next_cursor === null || page.data.length === 0) break
      cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`
    }
    return rows.map((row) => ({
      id: row.id,
      type: row.type,
      amount: row.amount,
      balanceAfter: row.balance_after,
      requestId: row.request_id ?? null,
      signature: row.signature ?? null,
    }))
  }
  return {
    books: () => get('/v1/balance', Balance),
    journal,
    async debits(limit) {
      const rows = await journal(limit)
      const debits = rows.filter(({ type }) => type === 'DEBIT')
      return debits.map(({ requestId, amount: charge }) => ({ requestId: requestId ?? '', charge }))
    },
    async receipts(after) {
      const all: unknown[] = []
      let from: string | null = String(after)
      while (from !== null) {
        const target: string = `/v1/receipts?limit=${PAGE_ROWS_MAX}&after=${encodeURIComponent(from)}`
        const answer = await send({ method: 'GET', target })
        if (answer.status === 404 && all.length === 0) return null
        const page: z.infer<typeof Receipts> = read(target, answer, Receipts)
        all.push(...page.data)
        from = page.data.length === 0 ? null : page.next_cursor
      }
      return all
    },
    pricing(version) {
      const query = version === undefined ? '' : `?version=${encodeURIComponent(version)}`
      return get(`/v1/pricing${query}`, z.unknown())
    },
    async worstCase(body) {
      const headers = { 'content-type': 'application/json' }
      const answer = await send({ method: 'POST', target: '/v1/quote', headers, body })
      return answer.status === 200 ? read('/v1/quote', answer, Quote).worst_case : null
    },
  }
}

function read<T>(target: string, answer: Answer, shape: z.ZodType<T>): T {
  const text = Buffer.from(answer.bytes).toString()
  if (answer.status !== 200) {
    throw new Unseen(`${target} answered ${answer.status}: ${text.slice(0, EXCERPT_CHARACTERS)}`)
  }
  const parsed = shape.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data
  const problem = parsed.error.issues[0]
  const where = `${problem?.path.join('.')}: ${problem?.message}`
  throw new Unseen(
    `${target} answered other than its contract says (${where}): ${text.slice(0, EXCERPT_CHARACTERS)}`,
  )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const EXCERPT_CHARACTERS = 400

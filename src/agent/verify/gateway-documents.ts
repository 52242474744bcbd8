/** What the gateway shows of an agent's history: receipts, the price lists and the sessions that they name. */
import { z } from 'zod'
import { boundedText } from '../../bounded.ts'
import type { Answered, Evidence } from '../../proof/evidence.ts'
import { type Ask, askAll } from './asking.ts'

type Shown = Pick<
  Evidence,
  'receipts' | 'receiptTroubles' | 'prices' | 'sessions' | 'listedSessions' | 'balance'
>

const PAGE = 500
/** An agent with more than these is checked by who keeps its receipts. */
const RECEIPTS_MAX = 1_000_000
const VERSIONS_MAX = 2_000
const SESSIONS_MAX = 5_000

const Page = z.object({ data: z.array(z.unknown()), next_cursor: boundedText(0, 64).nullable() })
const Named = z.object({
  receipt: z.object({
    price_version: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/)
      .optional()
      .catch(undefined),
    auth: z
      .object({ session: boundedText(0, 256) })
      .optional()
      .catch(undefined),
    ended_at: z.iso.datetime().optional().catch(undefined),
  }),
})

/** Asks for everything. `open` asks public routes, `signed` in the agent's name. */
export async function readDocuments(open: Ask, signed: Ask): Promise<Shown> {
  const balance = await signed('/v1/balance')
  const { receipts, receiptTroubles } = await readReceipts(signed)
  const { versions, sessions } = namedIn(receipts)
  const asked = [...versions].slice(0, VERSIONS_MAX)
  const ids = [...sessions].slice(0, SESSIONS_MAX)
  const [now] = await askAll(open, ['/v1/pricing'])
  const lists = await askAll(
    open,
    asked.map((version) => `/v1/pricing?version=${version}`),
  )
  const proofs = await askAll(
    signed,
    ids.map((id) => `/v1/sessions/${encodeURIComponent(id)}`),
  )
  const listedSessions = ids.length === 0 ? null : await signed('/v1/sessions')
  return {
    balance,
    receipts,
    receiptTroubles,
    prices: [
      ...(now === undefined ? [] : [{ asked: null, answer: now }]),
      ...lists.map((answer, index) => ({ asked: asked[index] ?? null, answer })),
    ],
    sessions: new Map(proofs.map((answer, index) => [ids[index] ?? '', answer])),
    listedSessions,
  }
}

/** When the first receipt ended, by its own word (Unix milliseconds); null where there is none. */
export function firstEnd(receipts: readonly unknown[]): number | null {
  for (const delivered of receipts) {
    const endedAt = Named.safeParse(delivered).data?.receipt.ended_at
    if (endedAt !== undefined) return Date.parse(endedAt)
  }
  return null
}

/** Pages through the list for as long as it goes on, and no longer. */
async function readReceipts(ask: Ask): Promise<Pick<Shown, 'receipts' | 'receiptTroubles'>> {
  const receipts: unknown[] = []
  const trouble = (target: string, problem: string) => ({
    receipts,
    receiptTroubles: [{ kind: 'unanswered', target, problem } as const],
  })
  for (let after = 0; ; ) {
    const target = `/v1/receipts?after=${after}&limit=${PAGE}`
    const answer: Answered = await ask(target)
    if (answer.kind === 'unanswered') return trouble(answer.target, answer.problem)
    const page = Page.safeParse(answer.body)
    if (!page.success) return trouble(answer.target, 'the answer is no page of receipts')
    for (const delivered of page.data.data) receipts.push(delivered)
    const next = page.data.next_cursor
    if (next === null) return { receipts, receiptTroubles: [] }
    if (!/^\d{1,15}$/.test(next) || Number(next) <= after || page.data.data.length === 0) {
      return trouble(answer.target, `the list does not go on from next_cursor ${next}`)
    }
    if (receipts.length > RECEIPTS_MAX) return trouble(answer.target, 'the list does not end')
    after = Number(next)
  }
}

/** What the receipts name, whether or not they are true. */
function namedIn(receipts: readonly unknown[]) {
  const versions = new Set<string>()
  const sessions = new Set<string>()
  for (const delivered of receipts) {
    const receipt = Named.safeParse(delivered).data?.receipt
    if (receipt?.price_version !== undefined) versions.add(receipt.price_version)
    if (receipt?.auth !== undefined) sessions.add(receipt.auth.session)
  }
  return { versions, sessions }
}

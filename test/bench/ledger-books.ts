/** Books on which calls are held and settled, one after the other: level5's as the gateway makes them, and the floor's. */
import { createHash } from 'node:crypto'
import type { HoldRequest, Ledger } from '../../src/ledger/ledger.ts'
import type { ReceiptIssuer } from '../../src/ledger/receipt-ledger.ts'
import { NO_TOKENS, units } from '../../src/money.ts'
import { depositFact, fund, holdRequest, sessionOpening, settlement } from '../ledger/facts.ts'
import { FloorLedger } from './floor-ledger.ts'

export type OpenLedger = (file: string, issuer: ReceiptIssuer | null) => Ledger

export interface Books {
  /** Takes the next call's hold; resolves once it is durable, with what settles it. */
  hold(): Promise<() => Promise<void>>
  /** Commits so far; null where they are not counted. */
  commits(): number | null
  close(): Promise<void>
}

/** Who calls, and how they identify themselves. */
export interface Callers {
  readonly agents: readonly string[]
  readonly by: 'signature' | 'session'
  /** What tells the request ids of this run from those of others on the same file. */
  readonly run: string
}

/** Of each agent, in units: more than it spends. */
const FUNDS = units(1_000_000_000_000n)
const SIGNATURE = Buffer.alloc(64, 'signature').toString('base64')
const SETTLED = {
  tokens: { ...NO_TOKENS, input: 500, cached_input: 1_500, output: 300 },
  upstreamId: 'chatcmpl-CaBcDeFgHiJkLmNoPqRsTuVwXyZ01',
}

/** A text as long as asked for and as scattered as random ones, the same for the same name and number. */
function scattered(what: string, index: number, length: number): string {
  return createHash('sha256').update(`${what} ${index}`).digest('hex').slice(0, length)
}

export function agentNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => scattered('agent', index, 44))
}

/** Gives every agent its deposit; on a file that has them already, nothing. */
export async function fundAll(ledger: Ledger, agents: readonly string[]): Promise<void> {
  const [first = '', ...others] = agents
  await fund(ledger, FUNDS, first)
  await Promise.all(
    others.map((agent) => ledger.credit(depositFact(1, { agent, amount: FUNDS }), 0)),
  )
}

/** Calls on `ledger` by agents in turn, all of whom have money. */
export async function level5Books(ledger: Ledger, { agents, by, run }: Callers): Promise<Books> {
  const [agent = ''] = agents
  const session = `ses_${scattered(run, 0, 24)}`
  if (by === 'session') {
    await ledger.openSession(sessionOpening(session, { agent, spendLimit: FUNDS }), 0)
  }
  let next = 0
  return {
    async hold() {
      const index = next++
      const requestId = `req_${scattered(run, index, 24)}`
      const identity = by === 'signature' ? signed(run, index) : inSession(session)
      const outcome = await ledger.hold(
        holdRequest(requestId, { agent: agents[index % agents.length] ?? '', ...identity }),
      )
      if (outcome.kind !== 'held') throw new Error(`${requestId}: ${outcome.kind}`)
      return async () => {
        const { kind } = await ledger.settle(settlement(requestId, SETTLED))
        if (kind !== 'settled') throw new Error(`${requestId}: ${kind}`)
      }
    },
    commits: () => ledger.commits,
    close: () => ledger.close(),
  }
}

function signed(run: string, index: number): Partial<HoldRequest> {
  const nonce = scattered(`nonce of ${run}`, index, 32)
  const issued_at = '2026-11-21T12:00:00.000Z'
  const target = '/v1/chat/completions'
  return {
    nonce: { value: nonce, forgetAt: 1_795_000_180_000 },
    auth: { method: 'POST', target, nonce, issued_at, signature: SIGNATURE },
  }
}

function inSession(sessionId: string): Partial<HoldRequest> {
  return { sessionId, nonce: null, auth: { session: sessionId } }
}

/** The bare floor's. */
export async function floorBooks(file: string): Promise<Books> {
  const ledger = new FloorLedger(file, 'agent')
  return {
    async hold() {
      const hold = await ledger.hold('agent', 100)
      if (hold === null) throw new Error('the floor has no money')
      return () => ledger.settle(hold, 40)
    },
    commits: () => null,
    close: async () => {},
  }
}

/** So many callers, each with one call after the other, whose providers take none to seven turns of the event loop. */
export async function drive(books: Books, inFlight: number, calls: number): Promise<void> {
  let left = calls
  async function caller(turns: number): Promise<void> {
    while (left > 0) {
      left -= 1
      const settle = await books.hold()
      for (let turn = 0; turn < turns; turn += 1) await new Promise((done) => setImmediate(done))
      await settle()
    }
  }
  await Promise.all(Array.from({ length: inFlight }, (_, lane) => caller(lane % 8)))
}

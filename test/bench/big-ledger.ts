/**
 * Grows a ledger file to the size of years: every call with its debit and its receipt, chained and summed, so that the
 * audit finds nothing. Only the signatures of calls and receipts are filler: signing ten million takes longer than all the rest.
 * `npx tsx test/bench/big-ledger.ts FILE [--rows n] [--agents n]`: n rows of the journal (default 10,000,000, a third of
 * them calls, a third debits, a third receipts), about 0.9 KB each, on a file that is not there yet.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import Database from 'better-sqlite3'
import {
  authText,
  type ChainHead,
  chargeReceiptText,
  NO_RECEIPT,
} from '../../src/ledger/charge-receipt.ts'
import type { CallAuth, Usage } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/sqlite/open-ledger.ts'
import { NO_TOKENS, units } from '../../src/money.ts'
import { receiptBytes, receiptDigest } from '../../src/proof/receipt.ts'
import { depositFact, NOW, PRICES } from '../ledger/facts.ts'
import { TEST_ISSUER } from '../support/receipt-key.ts'

const ROWS_PER_CALL = 3
const CALLS_PER_TRANSACTION = 100_000
const HELD = 900n
const CHARGE = 368n
const TOKENS = { ...NO_TOKENS, input: 500, cached_input: 1_500, output: 300 }
const SIGNATURE = Buffer.alloc(64, 'signature').toString('base64')
const DIGEST = `sha256:${'b'.repeat(64)}`
const CALL_MS = 1_250
/** Of each agent: more than it spends. */
const FUNDS = units(1_000_000_000_000n)

const CHARGED = {
  provider: 'openai',
  upstreamId: 'chatcmpl-CaBcDeFgHiJkLmNoPqRsTuVwXyZ01',
  model: 'gpt-4o-mini',
  outcome: 'completed',
  tokens: TOKENS,
  priceVersion: PRICES,
  held: HELD,
  charge: CHARGE,
  requestDigest: DIGEST,
  responseDigest: DIGEST,
} as const

const USAGE = JSON.stringify({
  provider: CHARGED.provider,
  model: CHARGED.model,
  outcome: CHARGED.outcome,
  tokens: TOKENS,
  price_version: PRICES,
  held: HELD.toString(),
  upstream_id: CHARGED.upstreamId,
  request_digest: DIGEST,
  response_digest: DIGEST,
} satisfies Usage)

const DEBIT = `
INSERT INTO transactions (agent_pubkey, type, amount, balance_after, usage_json, request_id, timestamp)
VALUES (?, 'DEBIT', ${CHARGE}, ?, ?, ?, ?)`
const RECEIPT = `
INSERT INTO receipts (transaction_id, agent_pubkey, seq, prev, digest, text, signature)
VALUES (?, ?, ?, ?, ?, ?, '${SIGNATURE}')`
const CALL = `
INSERT INTO calls (request_id, agent_pubkey, state, held, charge, transaction_id, provider, model, price_version,
  request_digest, auth_json, started_at, ended_at)
VALUES (?, ?, 'settled', ${HELD}, ${CHARGE}, ?, 'openai', 'gpt-4o-mini', '${PRICES}', '${DIGEST}', ?, ?, ?)`
const SPENT = `
UPDATE agents SET spent = spent + @charges, balance = balance - @charges WHERE pubkey = @agent`

/** An agent of the big ledger, and how far its chain of receipts has come. */
interface Spender {
  readonly agent: string
  head: ChainHead
  calls: bigint
}

/** As long as a base58 key, and as scattered. */
export function spenderName(index: number): string {
  return `${scattered(index + 1)}${scattered(index + 2)}`.slice(0, 44)
}

/** 24 hex digits that no other index below 2^32 has, in no order. */
function scattered(index: number): string {
  const first = Math.imul(index, 0x9e3779b1) >>> 0
  const second = Math.imul(first ^ (first >>> 15), 0x85ebca6b) >>> 0
  const third = Math.imul(second ^ (second >>> 13), 0xc2b2ae35) >>> 0
  return [first, second, third].map((word) => word.toString(16).padStart(8, '0')).join('')
}

/**
 * Creates the ledger at `file` and fills it with `rows` rows of the journal, over `agents` agents in turn but for the
 * first, which makes every tenth call. Throws when the file is there already, or when the books do not balance after it.
 */
export async function growLedger(
  file: string,
  rows: number,
  agents: number,
  say: (progress: string) => void,
): Promise<void> {
  if (existsSync(file)) throw new Error(`${file} is there already`)
  const spenders = await openBooks(file, agents)
  const db = new Database(file)
  db.pragma('journal_mode = OFF')
  db.pragma('synchronous = OFF')
  db.pragma('cache_size = -1000000')
  db.pragma('foreign_keys = OFF')
  db.pragma('locking_mode = EXCLUSIVE')
  const rebuild = takeDown(db)
  insertCalls(db, spenders, Math.floor(rows / ROWS_PER_CALL), say)
  say('putting indexes and triggers back')
  db.exec(rebuild)
  say('checking foreign keys')
  const strays = db.pragma('foreign_key_check') as unknown[]
  db.close()
  if (strays.length > 0) throw new Error(`rows without their parents: ${strays.length}`)
  say('auditing')
  const ledger = openLedger(file, TEST_ISSUER)
  const fault = await ledger.audit()
  await ledger.close()
  if (fault !== null) throw new Error(`the books do not balance: ${fault}`)
}

/** An empty ledger of the newest schema, on which every agent has its deposit. */
async function openBooks(file: string, agents: number): Promise<Spender[]> {
  const ledger = openLedger(file, TEST_ISSUER)
  await ledger.storePrices(PRICES, '2026-11-21T12:00:00.000Z', '{}')
  const spenders = Array.from({ length: agents }, (_, index): Spender => {
    return { agent: spenderName(index), head: NO_RECEIPT, calls: 0n }
  })
  await Promise.all(
    spenders.map(({ agent }) => ledger.credit(depositFact(1, { agent, amount: FUNDS }), NOW)),
  )
  await ledger.close()
  return spenders
}

/** Drops every index and trigger that was made by name; returns the SQL that makes them again. */
function takeDown(db: Database.Database): string {
  const made = db
    .prepare<[], { type: string; name: string; sql: string }>(
      "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL",
    )
    .all()
  for (const { type, name } of made) db.exec(`DROP ${type} ${name}`)
  return made.map(({ sql }) => `${sql};`).join('\n')
}

function insertCalls(
  db: Database.Database,
  spenders: readonly Spender[],
  calls: number,
  say: (progress: string) => void,
): void {
  const insert = insertion(db)
  const some = db.transaction((from: number, to: number) => {
    for (let index = from; index < to; index += 1) insert(spenderOf(spenders, index), index)
  })
  for (let from = 0; from < calls; from += CALLS_PER_TRANSACTION) {
    some(from, Math.min(calls, from + CALLS_PER_TRANSACTION))
    say(`${(from * ROWS_PER_CALL) / 1_000_000} million rows`)
  }
  const spent = db.prepare(SPENT)
  for (const { agent, calls: made } of spenders) spent.run({ agent, charges: made * CHARGE })
}

function spenderOf(spenders: readonly Spender[], index: number): Spender {
  const spender = spenders[index % 10 === 0 ? 0 : index % spenders.length]
  if (spender === undefined) throw new Error('there are no agents')
  return spender
}

/** What writes one settled call of an agent: its debit, its receipt and its line in the journal of calls. */
function insertion(db: Database.Database): (spender: Spender, index: number) => void {
  const debit = db.prepare(DEBIT)
  const receipt = db.prepare(RECEIPT)
  const call = db.prepare(CALL)
  return (spender, index) => {
    const { agent } = spender
    const requestId = `req_${scattered(index)}`
    const startedAt = NOW + index
    spender.calls += 1n
    const spent = spender.calls * CHARGE
    const balanceAfter = FUNDS - spent
    const endedAt = startedAt + CALL_MS
    const id = debit.run(agent, balanceAfter, USAGE, requestId, endedAt).lastInsertRowid
    const auth = authText(authOf(requestId))
    const times = { startedAt, endedAt }
    const text = chargeReceiptText(TEST_ISSUER.gateway, spender.head, {
      ...CHARGED,
      ...times,
      agent,
      requestId,
      authText: auth,
      spent,
      balanceAfter,
    })
    const head = { seq: spender.head.seq + 1, digest: receiptDigest(receiptBytes(text)) }
    receipt.run(id, agent, head.seq, spender.head.digest, head.digest, text)
    spender.head = head
    call.run(requestId, agent, id, auth, startedAt, endedAt)
  }
}

function authOf(requestId: string): CallAuth {
  return {
    method: 'POST',
    target: '/v1/chat/completions',
    nonce: requestId,
    issued_at: '2026-11-21T12:00:00.000Z',
    signature: SIGNATURE,
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rows: { type: 'string', default: '10000000' },
      agents: { type: 'string', default: '10000' },
    },
  })
  const [file] = positionals
  if (file === undefined) throw new Error('name the file that is to be made')
  const start = performance.now()
  const say = (progress: string) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(0)
    process.stderr.write(`${seconds.padStart(5)} s  ${progress}\n`)
  }
  await growLedger(file, Number(values.rows), Number(values.agents), say)
  say('the books balance')
}

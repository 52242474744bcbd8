/**
 * Measures what a receipt adds to a call, in CPU time: canonical text, chaining by SHA-256 and signature; then all of it
 * with its row, inside the settling transaction and with its share of the commit; and what signing and verifying cost by
 * each engine. `npx tsx test/bench/receipts.ts [calls]`. Machines differ: the ratio to one signature of the same run carries over.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  runtimeEngine,
  type SignatureEngine,
  signatureEngine,
  sodiumEngine,
} from '../../src/identity/signature-engine.ts'
import {
  authText,
  type Charge,
  chargeReceiptText,
  NO_RECEIPT,
} from '../../src/ledger/charge-receipt.ts'
import type { CallAuth } from '../../src/ledger/ledger.ts'
import { IssueReceipt } from '../../src/ledger/sqlite/issue-receipt.ts'
import { openFiles } from '../../src/ledger/sqlite/open-files.ts'
import { receiptBytes, receiptDigest } from '../../src/proof/receipt.ts'
import { RECEIPT_PUBLIC_KEY, RECEIPT_SEED, TEST_ISSUER } from '../support/receipt-key.ts'
import vectors from '../vectors.json' with { type: 'json' }

const AGENTS = 50
/** As many as share a commit under load. */
const PER_COMMIT = 12
const ROUNDS = 5
const AGENT_ROW = 'INSERT INTO agents (pubkey, updated_at) VALUES (?, 0)'
const DEBIT_ROW = `
INSERT INTO transactions (agent_pubkey, type, amount, balance_after, usage_json, request_id, timestamp)
VALUES (?, 'DEBIT', 1, 0, '{}', ?, 0)`

const [first] = vectors.receipts
if (first === undefined) throw new Error('the vectors have no receipt')
const { auth, tokens, request_digest, response_digest, price_version } = first.receipt

function chargeOf(agent: string, requestId: string): Charge {
  return {
    agent,
    requestId,
    provider: 'openai',
    upstreamId: 'chatcmpl-9d1c2b7a',
    model: 'gpt-4o-mini',
    outcome: 'completed',
    tokens,
    priceVersion: price_version,
    held: 900n,
    charge: 368n,
    spent: 120_344n,
    balanceAfter: 879_656n,
    requestDigest: request_digest,
    responseDigest: response_digest,
    authText: authText(auth as CallAuth),
    startedAt: 1_795_262_400_000,
    endedAt: 1_795_262_401_250,
  }
}

/** Microseconds of CPU of this thread's process while `work` runs. */
function cpuMicros(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** CPU microseconds per call of the transaction, with receipts and without. */
function settling(calls: number, withReceipts: boolean): number {
  const folder = mkdtempSync(join(tmpdir(), 'level5-receipts-'))
  const { writer, reader } = openFiles(join(folder, 'ledger.sqlite'))
  const issue = new IssueReceipt(writer, TEST_ISSUER)
  const debit = writer.prepare(DEBIT_ROW)
  const agents = Array.from({ length: AGENTS }, (_, index) => `agent ${index}`)
  for (const agent of agents) writer.prepare(AGENT_ROW).run(agent)
  const some = (from: number) => {
    for (let call = from; call < from + PER_COMMIT; call += 1) {
      const agent = agents[call % AGENTS] ?? ''
      const { lastInsertRowid } = debit.run(agent, `req_${call}`)
      if (withReceipts) issue.run(BigInt(lastInsertRowid), chargeOf(agent, `req_${call}`))
    }
  }
  const transaction = writer.transaction(some)
  for (let call = 0; call < calls; call += PER_COMMIT) transaction.immediate(call)
  const micros = cpuMicros(() => {
    for (let call = calls; call < 2 * calls; call += PER_COMMIT) transaction.immediate(call)
  })
  reader.close()
  writer.close()
  rmSync(folder, { recursive: true })
  return micros / calls
}

/** CPU microseconds of doing it once, warmed up. */
function each(times: number, work: () => void): number {
  for (let time = 0; time < times; time += 1) work()
  const micros = cpuMicros(() => {
    for (let time = 0; time < times; time += 1) work()
  })
  return micros / times
}

const bytes = receiptBytes(first.canonical)
const charge = chargeOf(first.receipt.agent, 'req_1')

function signChained(): string {
  const signed = receiptBytes(chargeReceiptText(TEST_ISSUER.gateway, NO_RECEIPT, charge))
  const signature = TEST_ISSUER.sign?.(signed) ?? []
  return receiptDigest(signed) + Buffer.from(signature).toString('base64')
}

const calls = Number(process.argv[2] ?? 6_000)
const median = (figures: number[]) => figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? 0
const signature = signatureEngine.signer(RECEIPT_SEED)(bytes)

function signingBy(engine: SignatureEngine): number {
  const sign = engine.signer(RECEIPT_SEED)
  return each(calls, () => sign(bytes))
}

function verifyingBy(engine: SignatureEngine): number {
  return each(calls, () => engine.verifies(RECEIPT_PUBLIC_KEY, bytes, signature))
}

const engines = [runtimeEngine, ...(sodiumEngine === null ? [] : [sodiumEngine])]
const rounds = Array.from(
  { length: ROUNDS },
  (): Record<string, number> => ({
    ...Object.fromEntries(
      engines.flatMap((engine) => [
        [`a signature by ${engine.name}`, signingBy(engine)],
        [`a verification by ${engine.name}`, verifyingBy(engine)],
      ]),
    ),
    'a receipt, chained and signed': each(calls, signChained),
    'with its row and its commit': settling(calls, true) - settling(calls, false),
  }),
)
const medianOf = (what: string) => median(rounds.map((round) => round[what] ?? 0))
const unit = medianOf(`a signature by ${signatureEngine.name}`)
for (const what of Object.keys(rounds[0] ?? {})) {
  const micros = medianOf(what)
  const ratio = (micros / unit).toFixed(2)
  process.stdout.write(
    `${what.padEnd(30)} ${micros.toFixed(1).padStart(6)} µs CPU  ${ratio} signatures\n`,
  )
}

/**
 * Measures what a grown ledger costs to open, to ask and to audit: `npx tsx test/bench/ledger-size.ts FILE`, on a file
 * that `big-ledger.ts` made (after `npm run build`). What calls cost on it says `ledger.ts --on FILE`.
 */
import { resolve } from 'node:path'
import { TEST_ISSUER } from '../support/receipt-key.ts'
import { spenderName } from './big-ledger.ts'
import type { OpenLedger } from './ledger-books.ts'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('name the ledger file')
const { openLedger } = (await import(resolve('dist/src/ledger/sqlite/open-ledger.js'))) as {
  openLedger: OpenLedger
}
const PAGE = 100
const TIMES = 200

async function say(
  what: string,
  times: number,
  ask: (time: number) => Promise<unknown>,
): Promise<void> {
  const start = performance.now()
  for (let time = 0; time < times; time += 1) await ask(time)
  const ms = (performance.now() - start) / times
  process.stdout.write(`${what.padEnd(60)} ${ms.toFixed(3).padStart(12)} ms\n`)
}

await say('open and close', 3, () => openLedger(file, TEST_ISSUER).close())
const ledger = openLedger(file, TEST_ISSUER)
const heavy = spenderName(0)
const last = (await ledger.receipts(heavy, 0, 1)).length === 0 ? 0 : await lastSeq()
const [newest] = await ledger.transactions(heavy, null, 1)
const someone = (time: number) => spenderName(1 + (time % 99))

/** The length of the chain of receipts of the agent that has most, found by halving. */
async function lastSeq(): Promise<number> {
  let [low, high] = [1, 2 ** 32]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((await ledger.receipts(heavy, middle - 1, 1)).length > 0) low = middle
    else high = middle - 1
  }
  return low
}

process.stdout.write(`the agent with most calls has ${last} receipts\n`)
await say('balance', TIMES, (time) => ledger.balance(someone(time)))
await say(`transactions: the newest ${PAGE}`, TIMES, (time) =>
  ledger.transactions(someone(time), null, PAGE),
)
await say(`transactions: the newest ${PAGE} of the agent with most`, TIMES, () =>
  ledger.transactions(heavy, null, PAGE),
)
await say(`transactions: ${PAGE} from the middle of them`, TIMES, (time) =>
  ledger.transactions(heavy, Math.floor((newest?.id ?? 0) / 2) + time, PAGE),
)
await say(`receipts: the first ${PAGE}`, TIMES, () => ledger.receipts(heavy, 0, PAGE))
await say(`receipts: ${PAGE} from the middle`, TIMES, (time) =>
  ledger.receipts(heavy, Math.floor(last / 2) + time, PAGE),
)
await say(`receipts: the last ${PAGE}`, TIMES, () => ledger.receipts(heavy, last - PAGE, PAGE))
await say(`calls: ${PAGE} from the middle of the journal`, TIMES, (time) =>
  ledger.calls(Math.floor((newest?.id ?? 0) / 2) + time, PAGE),
)
await say('receipts that wait for their signature', TIMES, () => ledger.unsignedReceipts(PAGE))
await say('unsettled charges of one agent', TIMES, (time) => ledger.unsettled(someone(time)))
await say('unsettled charges of all agents', 3, () => ledger.unsettled())
await say('one durable write (GET /ready)', 20, (time) => ledger.probe(time))
await say('forget what has expired', 1, () => ledger.forgetExpired(0))
await say('resolve holds whose lease has ended', 1, () => ledger.resolveExpired(0))
await say('audit: everything, summed', 1, async () => {
  const fault = await ledger.audit()
  if (fault !== null) throw new Error(fault)
})
await say('audit: what came since, and every agent', 3, async () => {
  const { kind } = await ledger.auditPass({ sums: 'new', between: () => Promise.resolve(true) })
  if (kind !== 'held') throw new Error(kind)
})
await ledger.close()

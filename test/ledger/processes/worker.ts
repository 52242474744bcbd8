/**
 * One more process on a ledger file: `worker.ts <file> <name> <calls>`.
 * Says `ready`, waits for a line, credits deposits 1 to 40 like everybody else and, many at once, holds and settles
 * `calls` calls of its own. Says each call that the ledger acknowledged, then `done <credited>`.
 */
import { once } from 'node:events'
import { openLedger } from '../../../src/ledger/sqlite/open-ledger.ts'
import { units } from '../../../src/money.ts'
import { TEST_ISSUER } from '../../support/receipt-key.ts'
import { depositFact, holdRequest, NOW, settlement } from '../facts.ts'

const LANES = 8
const [file = '', name = '', calls = '0'] = process.argv.slice(2)
const ledger = openLedger(file, TEST_ISSUER)
process.stdout.write('ready\n')
await once(process.stdin, 'data')
process.stdin.destroy()

let credited = 0
let next = 0

async function credit(): Promise<void> {
  for (let index = 2; index <= 41; index += 1) {
    const { kind } = await ledger.credit(depositFact(index), NOW)
    if (kind === 'credited') credited += 1
  }
}

async function call(): Promise<void> {
  while (next < Number(calls)) {
    const id = `${name}-${next++}`
    const { kind } = await ledger.hold(holdRequest(id, { amount: units(3n) }))
    if (kind !== 'held') throw new Error(`${id}: ${kind}`)
    process.stdout.write(`held ${id}\n`)
    await ledger.settle(settlement(id, { charge: units(1n) }))
    process.stdout.write(`settled ${id}\n`)
  }
}

await Promise.all([credit(), ...Array.from({ length: LANES }, call)])
await ledger.close()
process.stdout.write(`done ${credited}\n`)

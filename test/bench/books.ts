/** Checks the books of a ledger after a run: what was answered is what was charged, nothing is left open. */
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/sqlite/open-ledger.ts'
import { ZERO } from '../../src/money.ts'
import type { BooksResult } from './results.ts'

const PAGE = 500

/** The agent's calls against `answered`: how many 200s its callers got. Nobody else may have the file open. */
export async function checkBooks(
  subject: string,
  file: string,
  agent: string,
  answered: number,
): Promise<BooksResult> {
  const ledger = openLedger(file, null)
  try {
    const { settled, charged } = await sumCalls(ledger, agent)
    const { held, spent } = await ledger.balance(agent)
    const wrong = [
      settled === answered ? null : `${answered} calls were answered, ${settled} are settled`,
      held === ZERO ? null : `${held} units are still held`,
      spent === charged ? null : `${spent} units are spent, the calls' charges sum to ${charged}`,
      await ledger.audit(),
    ].filter((finding) => finding !== null)
    return { subject, answered, settled, wrong: wrong.length === 0 ? null : wrong.join('; ') }
  } finally {
    await ledger.close()
  }
}

async function sumCalls(ledger: Ledger, agent: string) {
  let settled = 0
  let charged = 0n
  let after = 0
  for (;;) {
    const calls = await ledger.calls(after, PAGE)
    for (const call of calls) {
      if (call.agent !== agent || call.state !== 'settled') continue
      settled += 1
      charged += call.charge
    }
    const last = calls.at(-1)
    if (last === undefined) return { settled, charged }
    after = last.seq
  }
}

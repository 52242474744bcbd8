/** The settle crank by hand: everything that can be settled, once, beside whatever else runs on the same ledger. */
import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Binding } from '../../watcher/binding.ts'
import { Crank, type CrankReport } from '../../watcher/crank.ts'
import { configuredGateway } from '../chain/configured.ts'
import { connectRpc } from '../chain/rpc.ts'
import { systemClock } from '../clock.ts'
import { openLedger } from '../ledger/sqlite/open-ledger.ts'
import { createLog } from '../log.ts'
import type { Settings } from '../settings.ts'
import { openSigner } from '../signers/open-signer.ts'
import { SPREAD_UNITS } from './watch-chain.ts'

const RPC_TIMEOUT_MS = 15_000

/**
 * Settles for every agent, or the one that is named (base58). Throws where there is no ledger, where it belongs to
 * another chain, and where `operatorKey`, a file or `cmd:…`, cannot sign; whatever else fails is in the report.
 */
export async function settleOnce(
  settings: Settings,
  operatorKey: string,
  agent: string | null,
): Promise<CrankReport> {
  const file = join(settings.dataDir, 'ledger.sqlite')
  if (!existsSync(file)) throw new Error(`DATA_DIR: there is no ledger at ${file}`)
  const { rpcUrl, settleThreshold, priorityFeeMax } = settings.chain
  const watched = configuredGateway(settings.chain)
  const rpc = connectRpc({ url: rpcUrl, timeoutMs: RPC_TIMEOUT_MS })
  const operator = await openSigner('OPERATOR_KEY', operatorKey)
  const ledger = openLedger(file, null)
  try {
    await new Binding(rpc, ledger, watched, { operator, receiptKey: null }).check()
    const crank = new Crank({
      ...watched,
      rpc,
      ledger,
      operator,
      thresholdUnits: settleThreshold,
      priorityFeeMax,
      spread: () => randomInt(SPREAD_UNITS),
      now: systemClock,
      log: createLog(settings.logLevel),
      signal: new AbortController().signal,
    })
    return await crank.run({ byHand: true, ...(agent === null ? {} : { agent }) })
  } finally {
    await ledger.close()
    await operator.close()
  }
}

/** Starts the watcher as the settings say, and shows it to the routes. */
import { randomInt } from 'node:crypto'
import { startWatcher, type Watcher, type WatcherStatus } from '../../watcher/start-watcher.ts'
import { configuredGateway, webSocketBeside } from '../chain/configured.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'
import type { ChainView } from '../routes/parts.ts'
import type { ChainSettings } from '../settings.ts'
import type { Keys } from './keys.ts'

/** The longest time between two sweeps: deposits are credited by then even if no WebSocket wakes anybody. */
const POLL_MS = 5_000
/** The same on a chain of this machine, where asking costs nothing. */
const LOCAL_POLL_MS = 500
const RPC_TIMEOUT_MS = 15_000
/** By how many compute units the budgets of two cranks may differ. */
export const SPREAD_UNITS = 1_000
/** The watcher counts as behind when no sweep has ended well for this long. */
const BEHIND_MS = 60_000

export function watchChain(
  settings: ChainSettings,
  { operator, receipts }: Pick<Keys, 'operator' | 'receipts'>,
  ledger: Ledger,
  log: Log,
  now: () => number,
): Watcher {
  const { rpcUrl, wsUrl, chain, minSync, settleThreshold, priorityFeeMax } = settings
  return startWatcher({
    ...configuredGateway(settings),
    ledger,
    rpcUrl,
    wsUrl: wsUrl ?? webSocketBeside(rpcUrl),
    rpcTimeoutMs: RPC_TIMEOUT_MS,
    pollIntervalMs: chain === 'localnet' ? LOCAL_POLL_MS : POLL_MS,
    operator,
    receiptKey: receipts?.publicKey ?? null,
    minSyncUnits: minSync,
    settling: {
      thresholdUnits: settleThreshold,
      priorityFeeMax,
      spread: () => randomInt(SPREAD_UNITS),
    },
    now,
    log,
  })
}

export function chainView(watcher: Watcher, now: () => number): ChainView {
  return {
    wake: () => watcher.wake(),
    behind: () => isBehind(watcher.status(), now()),
    problem: () => watcher.status().receiptKeyProblem,
    status: () => watcher.status(),
  }
}

/** One failed sweep does not make a gateway unready; none that ended well for a while does. */
function isBehind({ state, sweptAt }: WatcherStatus, now: number): boolean {
  return state !== 'watching' || sweptAt === null || now - sweptAt > BEHIND_MS
}

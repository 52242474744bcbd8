/** The ways for a watcher to live; the same stories hold in each. */
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { Watcher, WatcherOptions } from '../../watcher/start-watcher.ts'
import type { TestNetwork } from './chain.ts'
import { seededFaults } from './faults.ts'
import type { FaultyRpc } from './faulty-rpc.ts'
import { restartAfterEveryCall } from './restarted-watcher.ts'
import { watchGateway } from './watching.ts'

export interface WatchMode {
  readonly name: string
  watch(
    network: TestNetwork,
    ledger: Ledger,
    proxy: FaultyRpc,
    changed: Partial<WatcherOptions>,
  ): Watcher
}

export const STRAIGHT: WatchMode = { name: 'straight', watch: watchGateway }

/** Nobody listens there. */
const CLOSED_PORT = 'ws://127.0.0.1:1'

const WITHOUT_WEBSOCKET: WatchMode = {
  name: 'WebSocket at a closed port',
  watch: (network, ledger, { rpcUrl }, changed) =>
    watchGateway(network, ledger, { rpcUrl, wsUrl: CLOSED_PORT }, changed),
}

const RESTARTED: WatchMode = {
  name: 'restarted after every RPC call',
  watch: (network, ledger, proxy, changed) =>
    restartAfterEveryCall(proxy, () => watchGateway(network, ledger, proxy, changed)),
}

/**
 * Every scenario runs in all of these, but for four. Three are about what one process remembers or sees in time, so
 * they run in ONE_LIFE: the wait that a 429 asks for, the one synchronisation in flight while the node refuses it, and
 * the sight of a deposit in the half second between confirmed and final. The wakes of the WebSocket need one. And
 * where a process judges by several tries in a row (a transaction set aside, a vault stopped), that process alone
 * lives through (`WatchedSite.watchThrough`), and those before and after it live as the mode says.
 */
export const EVERY_MODE: readonly WatchMode[] = [STRAIGHT, WITHOUT_WEBSOCKET, RESTARTED]

/** The modes in which a watcher lives for as long as its test. */
export const ONE_LIFE: readonly WatchMode[] = [STRAIGHT, WITHOUT_WEBSOCKET]

/** Share of the answers that go wrong: a sweep needs a dozen right ones, or it begins again, later each time. */
const FAULT_RATE = 0.1

/** Straight through a node of which one answer in ten is wrong, late, lost or twice there. */
export function throughFaults(seed: number): WatchMode {
  return {
    name: `through faults of seed ${seed}`,
    watch(network, ledger, proxy, changed) {
      proxy.breakWith(seededFaults(seed, FAULT_RATE))
      return watchGateway(network, ledger, proxy, changed)
    },
  }
}

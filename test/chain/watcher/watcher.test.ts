import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { startTestNetwork, type TestNetwork } from '../../support/chain.ts'
import { seededFaults } from '../../support/faults.ts'
import { FaultyRpc } from '../../support/faulty-rpc.ts'
import { CALLER, Depositor, newGateway } from '../../support/watched-gateway.ts'
import {
  closedWsUrl,
  newLedgerFile,
  untilCredited,
  type Watching,
  watchGateway,
} from '../../support/watching.ts'

/** One way for a watcher to live; the same story holds in each. */
interface Mode {
  readonly name: string
  watch(network: TestNetwork, ledger: Ledger): Promise<Watching>
}

const straight: Mode = {
  name: 'straight at the validator',
  async watch(network, ledger) {
    return watchGateway(network, ledger, network.validator)
  },
}

const withoutWebSocket: Mode = {
  name: 'with the WebSocket URL at a closed port',
  async watch(network, ledger) {
    const { rpcUrl } = network.validator
    return watchGateway(network, ledger, { rpcUrl, wsUrl: await closedWsUrl() })
  },
}

/** Faults that the proxies of this run injected. */
let injected = 0

function throughFaults(seed: number): Mode {
  return {
    name: `through faults of seed ${seed}`,
    async watch(network, ledger) {
      const proxy = await FaultyRpc.start(network.validator, seed)
      proxy.breakWith(seededFaults(seed, 0.2))
      const watcher = watchGateway(network, ledger, proxy)
      return {
        status: () => watcher.status(),
        async stop() {
          await watcher.stop()
          await proxy.stop()
          injected += proxy.injected
        },
      }
    },
  }
}

/** The first watcher lives for one request, the next for two, and so on: each dies after another call. */
const dyingAfterEveryCall: Mode = {
  name: 'restarted after every RPC call',
  async watch(network, ledger) {
    const proxy = await FaultyRpc.start(network.validator)
    let stopping = false
    let calls = 0
    const lives = (async () => {
      while (!stopping) {
        calls += 1
        const exhausted = proxy.allow(calls)
        const watcher = watchGateway(network, ledger, proxy)
        await exhausted
        await watcher.stop()
      }
    })()
    return {
      status: () => ({ calls }),
      async stop() {
        stopping = true
        await lives
        await proxy.stop()
      },
    }
  },
}

const MODES = [straight, withoutWebSocket, dyingAfterEveryCall, ...[1, 2, 3].map(throughFaults)]

let network: TestNetwork
beforeAll(async () => {
  network = await startTestNetwork([CALLER])
})
afterAll(() => network.stop())

describe.each(MODES)('$name', ({ watch }) => {
  test('C1, C3, C7: credits equal the history of the chain, each deposit once', async () => {
    const own = await newGateway(network)
    const { ledger, dispose } = newLedgerFile()
    const one = await Depositor.open(own, 1_000_000n)
    const two = await Depositor.open(own, 2_000_000n)
    await one.fail()
    await one.spoof()
    await one.transfer(3_000_000n)

    const first = await watch(own, ledger)
    await two.depositByCpi(500n)
    await one.deposit(10n, 20n)
    await first.stop()

    await one.deposit(7n)
    await two.transfer(40_000n)
    const second = await watch(own, ledger)
    await two.depositByLookup(5_000n)
    const three = await Depositor.open(own, 11n)
    await untilCredited(ledger, [one, two, three], () => second.status())
    await second.stop()

    // Whoever reads it all again finds nothing to add.
    const again = await straight.watch(own, ledger)
    await untilCredited(ledger, [one, two, three], () => again.status())
    expect(await ledger.quarantined()).toEqual([])
    await again.stop()
    await dispose()
  })
})

test('the faulty runs were faulty', () => {
  expect(injected).toBeGreaterThan(20)
})

/** What the chain says of an agent's vault and of its gateway's keys: addresses derived, nothing asked of the gateway. */
import type { Connection } from '@solana/web3.js'
import { vaultAddress } from '../../chain/addresses.ts'
import type { VaultParties } from '../../chain/instructions.ts'
import { units } from '../../money.ts'
import type { ChainHistory, ChainReceiptKey, VaultTotals } from '../../proof/evidence.ts'
import type { Surroundings } from '../clock.ts'
import { patiently } from '../vault/drive.ts'
import { readGateway, readSight } from '../vault/sight.ts'
import { type LogSource, readEvents, type TimedEvent } from './event-log.ts'

/** Accounts at one finalized slot, read before the gateway is asked for anything. */
export type Snapshot = Pick<ChainHistory, 'slot' | 'vault' | 'tokens' | 'receiptKey' | 'gateway'>

/** Transactions that are read at most: of a vault, and of a gateway in search of its keys. */
const VAULT_LOG_MAX = 100_000
const GATEWAY_LOG_MAX = 20_000
/** Before the first receipt by this much, another key cannot matter. */
const KEY_MARGIN_MS = 120_000

/** Throws `untrusted_answer` where the program has no such gateway, `unreachable` where the node does not answer. */
export async function readSnapshot(
  rpc: Connection,
  parties: VaultParties,
  surroundings: Surroundings,
): Promise<Snapshot> {
  const { program, gateway, agent } = parties
  const sight = await patiently(surroundings, () => readSight(rpc, parties, 'finalized'))
  const { receiptKey } = await patiently(surroundings, () =>
    readGateway(rpc, program, gateway, 'finalized'),
  )
  const vault: VaultTotals | null = sight.vault && {
    address: vaultAddress(program, gateway, agent).toBase58(),
    deposited: sight.vault.deposited,
    settled: sight.vault.settled,
    withdrawn: sight.vault.withdrawn,
  }
  return {
    slot: sight.slot,
    vault,
    tokens: sight.depositAddress?.tokens ?? units(0n),
    receiptKey: receiptKey.toBase58(),
    gateway: gateway.toBase58(),
  }
}

/**
 * The events behind a snapshot, read after the receipts, so that nothing that a receipt counts is missing. Settlements
 * after the snapshot are left out: their receipts may be, too. `since` is when the first receipt ended.
 */
export async function readHistory(
  source: LogSource,
  parties: VaultParties,
  snapshot: Snapshot,
  since: number | null,
): Promise<ChainHistory> {
  const { program, gateway, agent } = parties
  const vaultKey = vaultAddress(program, gateway, agent)
  const own = await readEvents(source, vaultKey, () => false, VAULT_LOG_MAX)
  const vault = vaultKey.toBase58()
  const settled = snapshot.vault?.settled ?? 0n
  return {
    ...snapshot,
    deposits: own
      .flatMap(({ event, ...place }) =>
        event.kind === 'deposit' && event.vault === vault ? [{ ...event, ...place }] : [],
      )
      .sort((a, b) => ascending(a.depositIndex, b.depositIndex)),
    settlements: payouts(own, 'settlement', vault).filter(
      ({ cumulative }) => cumulative <= settled,
    ),
    withdrawals: payouts(own, 'withdrawal', vault),
    ...(await readKeys(source, snapshot, since)),
  }
}

function payouts(events: readonly TimedEvent[], kind: 'settlement' | 'withdrawal', vault: string) {
  return events
    .flatMap(({ event, ...place }) =>
      event.kind === kind && event.vault === vault ? [{ ...event, ...place }] : [],
    )
    .sort((a, b) => ascending(a.cumulative, b.cumulative))
}

/** The keys that the gateway named, back to its creation or to the one that was named before `since`. */
async function readKeys(
  source: LogSource,
  snapshot: Snapshot,
  since: number | null,
): Promise<Pick<ChainHistory, 'receiptKeys' | 'keysComplete'>> {
  const changes = (events: readonly TimedEvent[]) => keyChanges(events, snapshot.gateway)
  const reachesBack = (events: readonly TimedEvent[]) =>
    changes(events).some(
      ({ createsGateway, timeSeconds }) =>
        createsGateway ||
        (since !== null && timeSeconds !== null && timeSeconds * 1000 < since - KEY_MARGIN_MS),
    )
  const events = await readEvents(source, source.gateway, reachesBack, GATEWAY_LOG_MAX)
  const isNow = ({ receiptKey }: ChainReceiptKey) => (receiptKey === snapshot.receiptKey ? 1 : 0)
  // Within a slot no order is known; the key that stands in the account came last.
  const receiptKeys = changes(events).sort((a, b) => a.slot - b.slot || isNow(a) - isNow(b))
  return { receiptKeys, keysComplete: reachesBack(events) }
}

function keyChanges(events: readonly TimedEvent[], gateway: string) {
  return events.flatMap(({ event, ...place }) =>
    event.kind === 'gateway_changed' && event.gateway === gateway
      ? [{ ...place, receiptKey: event.receiptKey }]
      : [],
  )
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

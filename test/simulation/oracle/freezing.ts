/** What an agent asks back is frozen as soon as it is confirmed, however long finality takes [C8]. */
import { requestWithdrawalOf } from '../actions/chain.ts'
import type { World } from '../world.ts'
import { least } from './reckoning.ts'
import { must } from './violation.ts'

/** Slots by which finality is late meanwhile. */
const LAG = 60
/** A request lands and is confirmed, and the watcher comes by: all of that long before it is final. */
const FROZEN_WITHIN_MS = 12_000

/** In a world at rest, one agent asks for some of its money while finality stalls. */
export async function holdToFreezing(world: World): Promise<void> {
  const { cluster, books } = world
  const free = world.agents.filter(({ pubkey }) => {
    const vault = cluster.at(pubkey, cluster.finalSlot)
    const left = vault === null ? 0n : vault.deposited - vault.settled - vault.withdrawn
    return vault?.pending === 0n && left > 0n
  })
  if (free.length === 0) return
  const agent = world.dice.pick(free)
  const { pubkey } = agent
  requestWithdrawalOf(world, agent)
  cluster.finalityLag = LAG
  await world.advance(FROZEN_WITHIN_MS)
  const pending = cluster.at(pubkey, cluster.confirmedSlot)?.pending ?? 0n
  const isFinal = (cluster.at(pubkey, cluster.finalSlot)?.pending ?? 0n) > 0n
  const row = books.rows.agents().find((one) => one.pubkey === pubkey)
  cluster.finalityLag = 0
  if (row === undefined || isFinal) return
  const leaving = least(pending, row.balance + row.frozen)
  must(row.frozen >= leaving, 'C8', () => {
    return `${pubkey}: ${row.frozen} is frozen, ${leaving} is confirmed to be leaving`
  })
}

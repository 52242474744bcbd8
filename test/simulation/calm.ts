/** Everything is healed and given time; then books and chain must be one, and every hold must have ended. */

import { SETTLE_AT_UNITS } from './gateway/terms.ts'
import { holdToFreezing } from './oracle/freezing.ts'
import { least } from './oracle/reckoning.ts'
import { must } from './oracle/violation.ts'
import type { World } from './world.ts'

/** Longer than finality, a drift's recheck, a lease and the backoffs before it. */
const CALM_MS = 100_000
const ROUNDS = 12

/** `still`: nothing may be open any more. */
export async function calmDown(world: World, still: boolean): Promise<void> {
  const { lives, disk, cluster } = world
  lives.disarm()
  disk.unlock()
  disk.empty()
  world.stormPercent = 0
  world.forgetful = false
  cluster.finalityLag = 0
  if (lives.skewMs !== 0) world.disturb('clock')
  lives.skewMs = 0
  await world.advance(10_000)
  must(lives.allRun, 'L5', () => 'a gateway does not start on a healthy ledger')
  for (let round = 1; ; round += 1) {
    await world.advance(CALM_MS)
    const wrong = difference(world) ?? (still ? openHold(world) : null)
    if (wrong === null) break
    must(round < ROUNDS, wrong.property, () => wrong.message)
  }
  if (!still) await holdToFreezing(world)
}

interface Difference {
  readonly property: string
  readonly message: string
}

/** What books and final chain do not agree on, or null. */
function difference(world: World): Difference | null {
  const rows = new Map(world.books.rows.agents().map((row) => [row.pubkey, row]))
  for (const { pubkey } of world.agents) {
    const vault = world.cluster.at(pubkey, world.cluster.finalSlot)
    const row = rows.get(pubkey)
    const chain = [vault?.deposited ?? 0n, vault?.settled ?? 0n, vault?.withdrawn ?? 0n]
    const books = [row?.deposited ?? 0n, row?.settled ?? 0n, row?.withdrawn ?? 0n]
    if (chain.join() !== books.join()) {
      return { property: 'C1', message: `${pubkey}: the chain has ${chain}, the books ${books}` }
    }
    if (row === undefined || vault === null) continue
    const short = row.spent + row.held + row.withdrawn - row.deposited
    const owed = short > 0n ? short : 0n
    if (row.owed !== owed) {
      return { property: 'C8', message: `${pubkey}: ${row.owed} is owed, ${owed} is missing` }
    }
    const leaving = least(vault.pending, row.balance + row.frozen)
    if (row.frozen !== leaving) {
      const message = `${pubkey}: ${row.frozen} is frozen, ${vault.pending} is leaving`
      return { property: 'C8', message }
    }
    const signed = world.books.rows.signedBy(pubkey)
    const payable = least(least(signed, row.spent), vault.deposited - vault.withdrawn)
    if (payable - row.settled >= SETTLE_AT_UNITS) {
      const message = `${pubkey}: ${row.settled} is settled of the ${payable} that are signed for`
      return { property: 'C8', message }
    }
  }
  return null
}

function openHold(world: World): Difference | null {
  const [open] = world.books.rows.holds()
  if (open === undefined) return null
  return { property: 'L5', message: `the hold of ${open.request_id} is open for good` }
}

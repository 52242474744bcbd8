/** What must hold after every operation beyond the books themselves: leases, vouchers, what may leave the vaults. */
import type { World } from '../world.ts'
import { must } from './violation.ts'

/** A dead call's hold resolves by then: two sweeps after its lease ended, and the write of it. */
const SWEPT_WITHIN_MS = 5_000
/** No lease reaches further, so that the hold of a dead call resolves within 15 s, the sweep included. */
const LEASE_MS_MAX = 13_000

export class Invariants {
  readonly #world: World
  /** Virtual time since which a gateway has run on a healthy ledger by a right clock. */
  #quietSince = 0
  #cursor = 0
  /** Agents whose vaults were stopped, until they have caught up: they resume first and are credited then. */
  readonly #heldUp = new Set<string>()
  /** Agents with a hold whose lease is of a clock that was ahead: it may outlive its call by more than the vault's delay. */
  readonly #heldByWrongClock = new Set<string>()

  constructor(world: World) {
    this.#world = world
  }

  check(): void {
    this.#noteQuiet()
    this.#checkLeases()
    this.#checkAgents()
    this.#checkCursor()
    this.#checkAudits()
  }

  /** No process ever finds the books broken, whatever befalls them meanwhile. */
  #checkAudits(): void {
    for (const process of this.#world.lives.running) {
      const { conservation } = process.auditor.status()
      const isFine = conservation === 'held' || conservation === 'not audited yet'
      must(isFine, 'L1', () => `a gateway's audit says: ${conservation}`)
    }
  }

  #noteQuiet(): void {
    const { lives, disk, time, healedAt } = this.#world
    const keepsHouse = lives.running.some(({ stopping }) => !stopping)
    const isQuiet = keepsHouse && !disk.busy && !disk.full && lives.skewMs === 0
    this.#quietSince = isQuiet ? Math.max(this.#quietSince, healedAt) : time.now
  }

  #checkLeases(): void {
    const { books, lives, time, clockWasWrong } = this.#world
    const quietMs = time.now - this.#quietSince
    if (!clockWasWrong) {
      for (const { request_id: id, lease_until: leaseUntil } of books.rows.holds()) {
        const leftMs = Number(leaseUntil) - time.now
        must(leftMs <= LEASE_MS_MAX, 'L5', () => `the lease of ${id} lasts ${leftMs} ms more`)
      }
    }
    if (quietMs < SWEPT_WITHIN_MS) return
    for (const { request_id: id, lease_until: leaseUntil } of books.rows.holds()) {
      const overdue = lives.now() - Number(leaseUntil)
      const late = Math.min(overdue, quietMs)
      must(late <= SWEPT_WITHIN_MS, 'L5', () => `the lease of ${id} ended ${overdue} ms ago`)
    }
  }

  /** Whatever the cursor has passed is on the books, but for what the node kept from the watcher. */
  #checkCursor(): void {
    const { books, cluster, lastFaultSlot } = this.#world
    for (const pubkey of books.rows.stopped()) this.#heldUp.add(pubkey)
    const cursor = books.rows.cursor()
    if (cursor === this.#cursor) return
    const from = Math.max(this.#cursor, lastFaultSlot)
    this.#cursor = cursor
    for (const { pubkey } of this.#world.agents) {
      const [before, passed] = [from, cursor].map((slot) => cluster.at(pubkey, slot)?.depositIndex)
      const credited = books.creditedOf(pubkey)
      const isWhole = credited >= (passed ?? 0n)
      if (isWhole) this.#heldUp.delete(pubkey)
      // One that was kept from the watcher holds up those after it, and drift all of its vault.
      if (credited < (before ?? 0n) || this.#heldUp.has(pubkey)) continue
      must(isWhole, 'C5', () => {
        return `the cursor is at ${cursor}; of ${passed} deposits of ${pubkey} ${credited} are booked`
      })
    }
  }

  #noteWrongLeases(): void {
    const { books, lives, time, clockWasWrong } = this.#world
    if (!clockWasWrong || lives.skewMs !== 0) return
    for (const { agent_pubkey: agent, lease_until: until } of books.rows.holds()) {
      if (Number(until) > time.now + LEASE_MS_MAX) this.#heldByWrongClock.add(agent)
    }
  }

  #checkAgents(): void {
    const { books, cluster, requireVouchers, agents } = this.#world
    this.#noteWrongLeases()
    const byKey = new Map(agents.map((agent) => [agent.pubkey, agent]))
    for (const { pubkey, spent, held, owed, settled } of books.rows.agents()) {
      const signed = byKey.get(pubkey)?.signed ?? 0n
      must(settled <= signed, 'C9', () => `${pubkey} signed for ${signed}, ${settled} was taken`)
      if (!requireVouchers) continue
      must(spent + held <= signed, 'C9', () => `${pubkey} signed ${signed}, spends ${spent + held}`)
      if (this.#heldByWrongClock.has(pubkey)) continue
      must(owed === 0n, 'C8', () => `${pubkey} owes ${owed} though vouchers are required`)
      const vault = cluster.tip(pubkey)
      const left = (vault?.deposited ?? 0n) - (vault?.withdrawn ?? 0n)
      must(spent + held <= left, 'C8', () => {
        return `${pubkey} spends ${spent} and holds ${held}, its vault has had ${left}`
      })
    }
  }
}

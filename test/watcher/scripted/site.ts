/** A ledger and a watcher of a scripted chain, an agent that calls, and an operator that settles. */
import { createHash } from 'node:crypto'
import { PublicKey } from '@solana/web3.js'
import { expect } from 'vitest'
import type { HoldOutcome, Ledger } from '../../../src/ledger/ledger.ts'
import { least, units, ZERO } from '../../../src/money.ts'
import { Watch } from '../../../watcher/watch.ts'
import { holdRequest, NOW, PRICES, settlement } from '../../ledger/facts.ts'
import { KeptLog, newLedgerFile } from '../../support/watching.ts'
import { HEALTHY, type NodeView, SCRIPTED, ScriptedNode } from './node.ts'
import { type Act, VaultChain, type VaultState } from './vault-chain.ts'

const { agent, vault } = SCRIPTED

export interface SiteOptions {
  /** Whether the ledger holds only what a voucher covers; the agent then signs for what it calls, and no more. */
  readonly vouchers: boolean
}

export class ScriptedSite {
  readonly chain = new VaultChain()
  readonly node = new ScriptedNode(this.chain)
  readonly ledger: Ledger
  readonly log = new KeptLog()
  readonly dispose: () => Promise<void>
  readonly #vouchers: boolean
  readonly #open = new Map<string, bigint>()
  #watch: Watch
  #requests = 0
  /** The highest that the agent has signed for. */
  #signed = 0n
  #now = NOW

  private constructor({ vouchers }: SiteOptions) {
    const { ledger, dispose } = newLedgerFile()
    this.ledger = ledger
    this.dispose = dispose
    this.#vouchers = vouchers
    this.#watch = this.#newWatch()
  }

  static async open(options: SiteOptions): Promise<ScriptedSite> {
    const site = new ScriptedSite(options)
    await site.ledger.storePrices(PRICES, '2026-11-21T12:00:00.000Z', '{}')
    return site
  }

  #newWatch(): Watch {
    return new Watch({
      ...SCRIPTED,
      rpc: this.node.rpc,
      ledger: this.ledger,
      log: this.log,
      now: () => this.#now,
      operator: null,
      receiptKey: null,
      minSyncUnits: units(10_000n),
    })
  }

  /** Deposits that are final and on the books before anything else happens. */
  async fund(amount: bigint): Promise<void> {
    this.chain.land({ kind: 'deposit', amount })
    this.chain.finalize(this.chain.slot)
    await this.sweep()
  }

  /** Sweeps once as the node sees it; a sweep that gets no answer ends where it stands. True when it came to its end. */
  async sweep(view: Partial<NodeView> = {}): Promise<boolean> {
    this.node.look(view)
    try {
      await this.#watch.sweep()
      return true
    } catch (error) {
      expect(String(error)).toMatch(/no answer to|the process died|does not have it/)
      return false
    } finally {
      this.node.look(HEALTHY)
    }
  }

  /** Kills the watcher: the next one knows what is on the books. */
  restart(): void {
    this.#watch = this.#newWatch()
  }

  /** Lets the clock of the gateway's machine run. */
  later(ms: number): void {
    this.#now += ms
  }

  /** Has the books know this many vaults whose turn to be read comes before the scripted one's. */
  async knowStrangers(count: number): Promise<void> {
    const strangers: string[] = []
    for (let seed = 0; strangers.length < count; seed += 1) {
      const stranger = new PublicKey(createHash('sha256').update(`${seed}`).digest()).toBase58()
      if (stranger < vault) strangers.push(stranger)
    }
    await Promise.all(strangers.map((one) => this.ledger.knowVault(one, `agent of ${one}`)))
  }

  /** Asks for a call that costs up to `amount`. */
  async hold(amount: bigint): Promise<HoldOutcome> {
    const { spent, held } = await this.balance()
    const requestId = `r${this.#requests++}`
    const cumulative = units(spent + held + amount)
    const signature = Buffer.alloc(64, requestId).toString('base64')
    const outcome = await this.ledger.hold(
      holdRequest(requestId, {
        agent,
        amount: units(amount),
        voucher: this.#vouchers ? { vault, cumulative, signature } : null,
        requireVoucher: this.#vouchers,
      }),
    )
    if (this.#vouchers && cumulative > this.#signed) this.#signed = cumulative
    if (outcome.kind === 'held') this.#open.set(requestId, amount)
    return outcome
  }

  /** Ends the oldest call that is open, at this charge or at its whole hold. */
  async end(charge: bigint): Promise<void> {
    const [oldest] = this.#open
    if (oldest === undefined) return
    const [requestId, held] = oldest
    this.#open.delete(requestId)
    const billed = least(units(charge), units(held))
    if (billed === 0n) await this.ledger.release({ requestId, at: NOW, reason: 'upstream_error' })
    else await this.ledger.settle(settlement(requestId, { charge: billed }))
  }

  /** Ends every call that is open. */
  async endAll(): Promise<void> {
    while (this.#open.size > 0) await this.end(1n)
  }

  /** The operator settles all that was spent and signed for. */
  async settle(): Promise<void> {
    const { spent } = await this.balance()
    const { deposited, withdrawn } = this.chain.tip
    const payable = least(least(spent, units(this.#signed)), units(deposited - withdrawn))
    this.chain.land({ kind: 'settle', cumulative: payable, voucher: this.#signed })
  }

  land(...acts: Act[]): void {
    this.chain.land(...acts)
  }

  balance() {
    return this.ledger.balance(agent)
  }

  /** What the books have of the vault, where they know it. */
  async books() {
    const known = (await this.ledger.vaults()).find((one) => one.vault === vault)
    const { stopped = null, withdrawn = ZERO, pendingWithdrawal = ZERO } = known ?? {}
    return { stopped, withdrawn, pendingWithdrawal, leaving: withdrawn + pendingWithdrawal }
  }

  /** Heals everything, lets all become final, and holds the books against the chain. */
  async untilEqual(): Promise<void> {
    this.chain.wait(1)
    this.chain.finalize(this.chain.slot)
    // A stopped vault is looked at again a minute later.
    this.later(61_000)
    for (let sweeps = 0; sweeps < 3; sweeps += 1) expect(await this.sweep()).toBe(true)
    const { deposited, settled, withdrawn, pending }: VaultState = this.chain.tip
    const { stopped, pendingWithdrawal } = await this.books()
    expect({ stopped, pendingWithdrawal }).toEqual({ stopped: null, pendingWithdrawal: pending })
    expect(await this.balance()).toMatchObject({ deposited, settled, withdrawn })
    expect(await this.ledger.audit()).toBeNull()
  }
}

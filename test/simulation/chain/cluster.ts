/**
 * A cluster of virtual time: slots go by with it, transactions wait, land, become confirmed and final, and forks drop
 * those that are not final yet. It remembers every state, so that a node may answer from any slot.
 */
import { type Act, type Emitted, execute, type VaultState } from './vault-program.ts'

const MS_PER_SLOT = 400
/** Slots from landing to finality. */
const FINAL_AFTER = 20
/** A blockhash lives for so many slots. */
export const BLOCKHASH_SLOTS = 150
const FIRST_SLOT = 1_000
/** The transaction that created the gateway. */
const CREATION = 'creation'

/** What a transaction is to do; all of it or nothing. */
export interface Sent {
  readonly signature: string
  readonly acts: readonly { readonly agent: string; readonly act: Act }[]
  readonly lastSlot: number
}

interface Happened {
  readonly agent: string
  readonly emitted: Emitted | null
  readonly after: VaultState
}

export interface Landed {
  readonly slot: number
  readonly signature: string
  readonly sent: Sent
  /** The error, where it failed: the index of the act, and the program's code. */
  readonly failed: { readonly act: number; readonly code: number } | null
  readonly happened: readonly Happened[]
  /** Whether the gateway is named in it: plain transfers name no account of the program. */
  readonly listed: boolean
}

export class Cluster {
  readonly delaySeconds: number
  landed: Landed[] = []
  readonly #now: () => number
  readonly #began: number
  readonly #states = new Map<string, { readonly slot: number; readonly state: VaultState }[]>()
  readonly #waiting: { readonly sent: Sent; readonly slot: number }[] = []
  readonly #known = new Map<string, Landed>()
  #processed = FIRST_SLOT
  /** Slots by which finality is late now, and the highest that was ever final. */
  finalityLag = 0
  #finalSlot = FIRST_SLOT

  constructor(now: () => number, delaySeconds: number) {
    this.#now = now
    this.#began = now()
    this.delaySeconds = delaySeconds
    this.#land({ signature: CREATION, acts: [], lastSlot: FIRST_SLOT }, FIRST_SLOT)
  }

  get slot(): number {
    return FIRST_SLOT + Math.floor((this.#now() - this.#began) / MS_PER_SLOT)
  }

  get confirmedSlot(): number {
    return this.slot - 1
  }

  get finalSlot(): number {
    const final = this.slot - FINAL_AFTER - this.finalityLag
    this.#finalSlot = Math.max(this.#finalSlot, final)
    return this.#finalSlot
  }

  get seconds(): number {
    return Math.floor(this.#now() / 1000)
  }

  /** Takes a transaction, to land in so many slots. One that has landed or waits is taken once. */
  send(sent: Sent, slots: number): void {
    this.proceed()
    const { signature } = sent
    if (this.#known.has(signature)) return
    if (this.#waiting.some((one) => one.sent.signature === signature)) return
    this.#waiting.push({ sent, slot: this.slot + slots })
  }

  /** Lands what has waited long enough. */
  proceed(): void {
    const { slot } = this
    while (this.#processed < slot) {
      this.#processed += 1
      for (let at = 0; at < this.#waiting.length; ) {
        const one = this.#waiting[at]
        if (one === undefined || one.slot > this.#processed) {
          at += 1
          continue
        }
        this.#waiting.splice(at, 1)
        if (one.sent.lastSlot >= this.#processed) this.#land(one.sent, this.#processed)
      }
    }
  }

  /** What became of it so far. */
  find(signature: string): Landed | undefined {
    this.proceed()
    return this.#known.get(signature)
  }

  /** What `act` would come to now. */
  trial(sent: Sent): Landed {
    this.proceed()
    return this.#execute(sent, this.slot)
  }

  /** A vault at the end of a slot, or null where it was not opened by then. */
  at(agent: string, slot: number): VaultState | null {
    this.proceed()
    return this.#states.get(agent)?.findLast((one) => one.slot <= slot)?.state ?? null
  }

  tip(agent: string): VaultState | null {
    return this.at(agent, Number.POSITIVE_INFINITY)
  }

  /**
   * Another fork wins: what landed in the last slots and is not final never was. `returns` says which of it lands on
   * the new fork too. Answers how many were dropped.
   */
  fork(slots: number, returns: () => boolean): number {
    this.proceed()
    const last = Math.max(this.finalSlot, this.slot - slots)
    const dropped = this.landed.filter(({ slot }) => slot > last)
    this.landed = this.landed.filter(({ slot }) => slot <= last)
    for (const { signature, sent } of dropped) {
      this.#known.delete(signature)
      if (returns()) this.#waiting.push({ sent, slot: this.slot + 1 })
    }
    for (const [agent, states] of this.#states) {
      this.#states.set(
        agent,
        states.filter(({ slot }) => slot <= last),
      )
    }
    return dropped.length
  }

  #land(sent: Sent, slot: number): void {
    const landed = this.#execute(sent, slot)
    this.landed.push(landed)
    this.#known.set(sent.signature, landed)
    for (const { agent, after } of landed.happened) {
      const states = this.#states.get(agent) ?? []
      states.push({ slot, state: after })
      this.#states.set(agent, states)
    }
  }

  #execute(sent: Sent, slot: number): Landed {
    const happened: Happened[] = []
    const listed = sent.acts.every(({ act }) => act.kind !== 'transfer')
    for (const [index, { agent, act }] of sent.acts.entries()) {
      const before = happened.findLast((one) => one.agent === agent)?.after
      const state = before ?? this.#states.get(agent)?.at(-1)?.state ?? null
      const executed = execute(state, act, this.seconds, this.delaySeconds)
      if (executed.kind === 'failed') {
        const failed = { act: index, code: executed.code }
        return { slot, signature: sent.signature, sent, failed, happened: [], listed }
      }
      happened.push({ agent, emitted: executed.emitted, after: executed.after })
    }
    return { slot, signature: sent.signature, sent, failed: null, happened, listed }
  }
}

/** One agent's money, said as plainly as possible. */

/** What the chain is said to show of an open withdrawal. */
export interface SeenWithdrawal {
  readonly slot: number
  readonly withdrawn: bigint
  readonly pending: bigint
  readonly confirmedSlot: number
  readonly confirmed: bigint | null
}

export class ModelBooks {
  available = 0n
  held = 0n
  frozen = 0n
  spent = 0n
  deposited = 0n
  settled = 0n
  withdrawn = 0n
  owed = 0n
  pending = 0n
  seenSlot = 0
  /** The vault's delay has been read. */
  read = false
  voucher = 0n
  readonly settlements = new Map<bigint, bigint>()
  readonly withdrawals = new Map<bigint, bigint>()

  get balanceAfter(): bigint {
    return this.deposited - this.withdrawn - this.spent
  }

  /** One unit after the other: to who is owed, to what is to be frozen, else to the agent. */
  free(amount: bigint): void {
    for (let unit = 0n; unit < amount; unit += 1n) {
      if (this.owed > 0n) this.owed -= 1n
      else if (this.frozen < this.pending) this.frozen += 1n
      else this.available += 1n
    }
  }

  /** Null: it can be booked. */
  objection(kind: 'settlements' | 'withdrawals', amount: bigint, cumulative: bigint): unknown {
    const booked = this[kind].get(cumulative)
    if (booked !== undefined) return { kind: booked === amount ? 'exists' : 'impossible' }
    const total = kind === 'settlements' ? this.settled : this.withdrawn
    if (cumulative - amount > total) return { kind: 'gap', booked: total }
    if (cumulative - amount < total) return { kind: 'impossible' }
    if (kind === 'settlements' && cumulative > this.spent) return { kind: 'impossible' }
    return null
  }

  withdraw(amount: bigint): void {
    for (let unit = 0n; unit < amount; unit += 1n) {
      if (this.frozen > 0n) this.frozen -= 1n
      else if (this.available > 0n) this.available -= 1n
      else this.owed += 1n
      if (this.pending > 0n) this.pending -= 1n
    }
    this.withdrawn += amount
    if (this.pending === 0n) this.seenSlot = 0
  }

  note({ slot, withdrawn, pending, confirmedSlot, confirmed }: SeenWithdrawal): void {
    this.read = true
    const final = withdrawn < this.withdrawn ? 0n : pending
    const shown = confirmed ?? 0n
    const highest = final > shown ? final : shown
    const proven = confirmed !== null && withdrawn === this.withdrawn && slot >= this.seenSlot
    if (highest > this.pending || (proven && highest < this.pending)) {
      this.pending = highest
      this.seenSlot = final === highest ? slot : confirmedSlot
    }
    if (this.pending === 0n) this.seenSlot = 0
    const unfrozen = this.frozen + this.available
    this.frozen = 0n
    this.available = 0n
    this.free(unfrozen)
  }
}

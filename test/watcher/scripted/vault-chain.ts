/**
 * One gateway with one vault, as a chain without a validator: slots become final when they are told to, and forks drop
 * those that are not. Source of the rules: chain contract, "Instructions".
 */

export interface VaultState {
  readonly deposited: bigint
  readonly settled: bigint
  readonly withdrawn: bigint
  readonly depositIndex: bigint
  readonly pending: bigint
  readonly withdrawableAt: number
}

export type Act =
  | { readonly kind: 'deposit'; readonly amount: bigint }
  /** `voucher`: what the agent signed for. */
  | { readonly kind: 'settle'; readonly cumulative: bigint; readonly voucher: bigint }
  | { readonly kind: 'request'; readonly amount: bigint }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'withdraw' }

/** What a transaction did: the event's name with its amount and total. */
interface Emitted {
  readonly event:
    | 'DepositEvent'
    | 'SettlementEvent'
    | 'WithdrawalRequestedEvent'
    | 'WithdrawalCancelledEvent'
    | 'WithdrawalEvent'
  readonly amount: bigint
  readonly cumulative: bigint
}

/** One transaction, and how it left the vault. */
export interface Landed {
  readonly slot: number
  readonly signature: string
  /** Null: the vault was opened. */
  readonly emitted: Emitted | null
  readonly after: VaultState
}

const OPENED: VaultState = {
  deposited: 0n,
  settled: 0n,
  withdrawn: 0n,
  depositIndex: 0n,
  pending: 0n,
  withdrawableAt: 0,
}
export const DELAY_SECONDS = 20
export const FIRST_SLOT = 100

/** What the vault program makes of an act, or null where it refuses. */
function execute(state: VaultState, act: Act, at: number): [VaultState, Emitted] | null {
  const { deposited, settled, withdrawn, pending } = state
  const left = deposited - settled - withdrawn
  switch (act.kind) {
    case 'deposit': {
      const after = {
        ...state,
        deposited: deposited + act.amount,
        depositIndex: state.depositIndex + 1n,
      }
      return [after, { event: 'DepositEvent', amount: act.amount, cumulative: after.deposited }]
    }
    case 'settle': {
      const { cumulative, voucher } = act
      if (cumulative <= settled || cumulative > voucher || cumulative > deposited - withdrawn)
        return null
      const rest = deposited - cumulative - withdrawn
      const lowered = pending > rest
      const after = { ...state, settled: cumulative, pending: lowered ? rest : pending }
      return [after, { event: 'SettlementEvent', amount: cumulative - settled, cumulative }]
    }
    case 'request': {
      if (pending > 0n || act.amount < 1n || act.amount > left) return null
      const after = { ...state, pending: act.amount, withdrawableAt: at + DELAY_SECONDS }
      return [
        after,
        { event: 'WithdrawalRequestedEvent', amount: act.amount, cumulative: withdrawn },
      ]
    }
    case 'cancel': {
      if (pending === 0n) return null
      const after = { ...state, pending: 0n, withdrawableAt: 0 }
      return [after, { event: 'WithdrawalCancelledEvent', amount: pending, cumulative: withdrawn }]
    }
    case 'withdraw': {
      if (pending === 0n || at < state.withdrawableAt) return null
      const after = { ...state, withdrawn: withdrawn + pending, pending: 0n, withdrawableAt: 0 }
      return [after, { event: 'WithdrawalEvent', amount: pending, cumulative: after.withdrawn }]
    }
  }
}

export class VaultChain {
  landed: Landed[] = [{ slot: FIRST_SLOT, signature: 'opening', emitted: null, after: OPENED }]
  /** Everything up to it is final. */
  finalSlot = FIRST_SLOT
  #slot = FIRST_SLOT

  get tip(): VaultState {
    return this.at(Number.POSITIVE_INFINITY)
  }

  get final(): VaultState {
    return this.at(this.finalSlot)
  }

  /** The newest slot, empty or not. */
  get slot(): number {
    return this.#slot
  }

  /** Seconds of the cluster's clock. */
  get seconds(): number {
    return this.#slot
  }

  /** The vault at the end of this slot. */
  at(slot: number): VaultState {
    const found = this.landed.findLast((one) => one.slot <= slot)
    if (found === undefined) throw new Error(`nothing is as old as slot ${slot}`)
    return found.after
  }

  /** Lands the acts in the next slot, a transaction each; those that the program refuses leave no trace. */
  land(...acts: Act[]): void {
    this.#slot += 1
    for (const [index, act] of acts.entries()) {
      const done = execute(this.tip, act, this.seconds)
      if (done === null) continue
      const [after, emitted] = done
      const signature = `${act.kind} ${this.#slot}.${index}`
      this.landed.push({ slot: this.#slot, signature, emitted, after })
    }
  }

  /** Lets slots go by. */
  wait(slots: number): void {
    this.#slot += slots
  }

  finalize(slot: number): void {
    this.finalSlot = Math.max(this.finalSlot, Math.min(slot, this.#slot))
  }

  /** Another fork wins: what landed in the last slots and is not final never was. */
  drop(slots: number): void {
    const last = Math.max(this.finalSlot, this.#slot - slots)
    this.landed = this.landed.filter(({ slot }) => slot <= last)
  }
}

/** What the vault program makes of an act on one vault. Source of the rules: chain contract, "Instructions". */

import { least } from '../oracle/reckoning.ts'

export interface VaultState {
  readonly deposited: bigint
  readonly settled: bigint
  readonly withdrawn: bigint
  readonly depositIndex: bigint
  readonly pending: bigint
  /** Unix seconds of the cluster. */
  readonly withdrawableAt: number
  /** What the deposit address holds. */
  readonly tokens: bigint
}

export type Act =
  | { readonly kind: 'open' }
  | { readonly kind: 'deposit'; readonly amount: bigint }
  /** USDC sent straight to the deposit address: names no account of the program. */
  | { readonly kind: 'transfer'; readonly amount: bigint }
  | { readonly kind: 'sync' }
  /** `signed`: the total of a voucher that verified; null where none did. */
  | { readonly kind: 'settle'; readonly cumulative: bigint; readonly signed: bigint | null }
  | { readonly kind: 'request'; readonly amount: bigint }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'withdraw' }

export type EventName =
  | 'VaultOpenedEvent'
  | 'DepositEvent'
  | 'SettlementEvent'
  | 'WithdrawalRequestedEvent'
  | 'WithdrawalCancelledEvent'
  | 'WithdrawalEvent'

export interface Emitted {
  readonly event: EventName
  readonly amount: bigint
  readonly cumulative: bigint
}

export type Executed =
  | { readonly kind: 'done'; readonly after: VaultState; readonly emitted: Emitted | null }
  /** `code`: the program's own. */
  | { readonly kind: 'failed'; readonly code: number }

const OPENED: VaultState = {
  deposited: 0n,
  settled: 0n,
  withdrawn: 0n,
  depositIndex: 0n,
  pending: 0n,
  withdrawableAt: 0,
  tokens: 0n,
}

/** `NothingToSettle`, and one for everything else that the program refuses. */
const NOTHING_TO_SETTLE = 6031
const REFUSED = 6000

const refused: Executed = { kind: 'failed', code: REFUSED }

/** `state` null: the vault was never opened. `at`: Unix seconds. */
export function execute(
  state: VaultState | null,
  act: Act,
  at: number,
  delaySeconds: number,
): Executed {
  if (state === null) {
    if (act.kind !== 'open') return refused
    return done(OPENED, 'VaultOpenedEvent', 0n, 0n)
  }
  const { deposited, settled, withdrawn, pending, tokens } = state
  const left = deposited - settled - withdrawn
  switch (act.kind) {
    case 'open':
      return refused
    case 'transfer':
      return { kind: 'done', after: { ...state, tokens: tokens + act.amount }, emitted: null }
    case 'deposit':
      return depositOf({ ...state, tokens: tokens + act.amount }, act.amount)
    case 'sync':
      return tokens - left < 1n ? refused : depositOf(state, tokens - left)
    case 'settle':
      return settle(state, act)
    case 'request': {
      if (pending > 0n || act.amount < 1n || act.amount > left) return refused
      const after = { ...state, pending: act.amount, withdrawableAt: at + delaySeconds }
      return done(after, 'WithdrawalRequestedEvent', act.amount, withdrawn)
    }
    case 'cancel': {
      if (pending === 0n) return refused
      const after = { ...state, pending: 0n, withdrawableAt: 0 }
      return done(after, 'WithdrawalCancelledEvent', pending, withdrawn)
    }
    case 'withdraw': {
      if (pending === 0n || at < state.withdrawableAt) return refused
      const paid = { withdrawn: withdrawn + pending, tokens: tokens - pending }
      const after = { ...state, ...paid, pending: 0n, withdrawableAt: 0 }
      return done(after, 'WithdrawalEvent', pending, after.withdrawn)
    }
  }
}

function settle(state: VaultState, act: Extract<Act, { kind: 'settle' }>): Executed {
  const { deposited, settled, withdrawn, pending, tokens } = state
  const { cumulative, signed } = act
  if (cumulative <= settled) return { kind: 'failed', code: NOTHING_TO_SETTLE }
  if (signed === null || cumulative > signed || cumulative > deposited - withdrawn) return refused
  const amount = cumulative - settled
  const rest = deposited - cumulative - withdrawn
  const after = {
    ...state,
    settled: cumulative,
    tokens: tokens - amount,
    pending: least(pending, rest),
  }
  return done(after, 'SettlementEvent', amount, cumulative)
}

function depositOf(state: VaultState, amount: bigint): Executed {
  const after = {
    ...state,
    deposited: state.deposited + amount,
    depositIndex: state.depositIndex + 1n,
  }
  return done(after, 'DepositEvent', amount, after.deposited)
}

function done(after: VaultState, event: EventName, amount: bigint, cumulative: bigint): Executed {
  return { kind: 'done', after, emitted: { event, amount, cumulative } }
}

/** What can happen next in a world, and how often it does. */
import { balance, openSession, postVoucher, revokeSession } from './actions/agents.ts'
import { burst, call, forged, keyedCall, replay } from './actions/calls.ts'
import {
  cancelWithdrawal,
  deposit,
  requestWithdrawal,
  transfer,
  wake,
  withdraw,
} from './actions/chain.ts'
import { quote } from './actions/quote.ts'
import {
  armDeath,
  fillDisk,
  forget,
  fork,
  jumpClock,
  killAtOnce,
  lockLedger,
  restart,
  stallFinality,
  storm,
} from './actions/troubles.ts'
import type { World } from './world.ts'

export interface Operation {
  readonly name: string
  readonly weight: number
  readonly run: (world: World) => void | Promise<void>
}

export const OPERATIONS: readonly Operation[] = [
  { name: 'call', weight: 62, run: call },
  { name: 'burst of calls', weight: 1.5, run: burst },
  { name: 'replayed call', weight: 3, run: replay },
  { name: 'forged call', weight: 2, run: forged },
  { name: 'call under a key', weight: 8, run: keyedCall },
  { name: 'quote', weight: 1, run: quote },
  { name: 'deposit', weight: 6, run: deposit },
  { name: 'plain transfer', weight: 1.5, run: transfer },
  { name: 'withdrawal request', weight: 2, run: requestWithdrawal },
  { name: 'withdrawal cancel', weight: 0.5, run: cancelWithdrawal },
  { name: 'withdrawal', weight: 2, run: withdraw },
  { name: 'notification', weight: 2, run: wake },
  { name: 'session opening', weight: 3, run: openSession },
  { name: 'session revocation', weight: 1.5, run: revokeSession },
  { name: 'balance', weight: 1.5, run: balance },
  { name: 'voucher', weight: 2, run: postVoucher },
]

/** Faults, by the kind that `--faults` names. */
export const TROUBLES: Readonly<Record<string, readonly Operation[]>> = {
  deaths: [
    { name: 'death at once', weight: 0.3, run: killAtOnce },
    { name: 'death at an effect', weight: 0.8, run: armDeath },
    { name: 'restart', weight: 0.2, run: restart },
  ],
  ledger: [
    { name: 'busy ledger', weight: 0.5, run: lockLedger },
    { name: 'full disk', weight: 0.3, run: fillDisk },
  ],
  chain: [
    { name: 'rpc storm', weight: 0.8, run: storm },
    { name: 'fork', weight: 0.8, run: fork },
    { name: 'forgetful node', weight: 0.4, run: forget },
    { name: 'stalled finality', weight: 0.3, run: stallFinality },
  ],
  clock: [{ name: 'clock jump', weight: 0.3, run: jumpClock }],
}

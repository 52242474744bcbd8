/** What vault accounts say of withdrawals, put as the ledger takes it. Values in, decisions out. */
import type { Vault } from '../src/chain/accounts.ts'
import type { KnownVault, WithdrawalReading } from '../src/ledger/chain-ledger.ts'
import { type Units, units, ZERO } from '../src/money.ts'

/** One vault's account, and the slot at which it stood so. */
export interface AccountAt {
  readonly vault: string
  readonly slot: number
  readonly account: Withdrawing
}

type Withdrawing = Pick<
  Vault,
  'settled' | 'withdrawn' | 'pendingWithdrawal' | 'withdrawableAtSeconds' | 'withdrawalDelaySeconds'
>

/** The account of a vault that was just opened. */
export function openedAccount(withdrawalDelaySeconds: bigint): Withdrawing {
  return {
    settled: ZERO,
    withdrawn: ZERO,
    pendingWithdrawal: ZERO,
    withdrawableAtSeconds: 0n,
    withdrawalDelaySeconds,
  }
}

/**
 * What is to be frozen by an account: what is pending, and what was withdrawn by then and is not on the books yet. So
 * nothing is spendable between a withdrawal and its booking, and an account from before a booked withdrawal does not
 * freeze that amount again.
 */
export function leaving(
  { withdrawn, pendingWithdrawal }: Pick<Withdrawing, 'withdrawn' | 'pendingWithdrawal'>,
  booked: Pick<KnownVault, 'withdrawn'>,
): Units {
  const beyond = withdrawn + pendingWithdrawal - booked.withdrawn
  return beyond > 0n ? units(beyond) : ZERO
}

/** What one account says, at either commitment, without the other: it freezes and never thaws. */
export function freezingReading(
  { vault, slot, account }: AccountAt,
  books: KnownVault,
): WithdrawalReading {
  return {
    vault,
    slot,
    confirmedSlot: 0,
    withdrawn: books.withdrawn,
    settled: books.settled,
    pending: leaving(account, books),
    withdrawableAt: Number(account.withdrawableAtSeconds),
    confirmedPending: null,
    confirmedWithdrawableAt: 0,
    withdrawalDelaySeconds: Number(account.withdrawalDelaySeconds),
  }
}

/** What a final account says beside the newest at `confirmed`. */
export function finalReading(
  { vault, slot, account }: AccountAt,
  confirmed: AccountAt,
  books: KnownVault,
): WithdrawalReading {
  return {
    vault,
    slot,
    confirmedSlot: confirmed.slot,
    withdrawn: account.withdrawn,
    settled: account.settled,
    pending: leaving(account, books),
    withdrawableAt: Number(account.withdrawableAtSeconds),
    confirmedPending: leaving(confirmed.account, books),
    confirmedWithdrawableAt: Number(confirmed.account.withdrawableAtSeconds),
    withdrawalDelaySeconds: Number(account.withdrawalDelaySeconds),
  }
}

/** Stage 4, credit: writes what was planned. Every write is idempotent, so a batch may be repeated after any failure. */
import type { ChainLedger, PayoutFact } from '../src/ledger/chain-ledger.ts'
import type { Decoded } from './decode.ts'
import type { WatcherLog } from './log.ts'
import type { VaultPlan } from './reconcile.ts'

export interface Crediting {
  readonly ledger: ChainLedger
  readonly log: WatcherLog
  readonly now: () => number
}

/** Stops a vault and raises the alert [C6]. */
export async function stopVault(
  { ledger, log }: Crediting,
  vault: string,
  reason: string,
): Promise<void> {
  await ledger.stopVault(vault, reason)
  log.error({ vault, reason }, 'crediting of this vault is stopped')
}

/** Credits one vault's deposits in order, up to the first that the books contradict. True when all are on the books. */
async function creditDeposits(crediting: Crediting, plan: VaultPlan): Promise<boolean> {
  const { ledger, log, now } = crediting
  for (const deposit of plan.credits) {
    const outcome = await ledger.credit(deposit, now())
    const { vault, agent, amount, signature, slot } = deposit
    switch (outcome.kind) {
      case 'credited':
        log.info({ vault, agent, amount: `${amount}`, signature, slot }, 'credited')
        break
      case 'exists':
        break
      case 'exists_different':
        await stopVault(crediting, vault, `deposit ${deposit.depositIndex}: ${outcome.detail}`)
        return false
      case 'stopped':
        return false
    }
  }
  return true
}

/** Books one vault's settlements, or its withdrawals, up to the first that does not follow. Returns why the books cannot hold one, or null. */
export async function bookPayouts(
  { ledger, log, now }: Crediting,
  kind: 'settlement' | 'withdrawal',
  payouts: readonly PayoutFact[],
): Promise<string | null> {
  for (const payout of payouts) {
    const outcome =
      kind === 'settlement'
        ? await ledger.bookSettlement(payout, now())
        : await ledger.bookWithdrawal(payout, now())
    const { vault, agent, amount, signature, slot } = payout
    switch (outcome.kind) {
      case 'booked':
        log.info({ vault, agent, amount: `${amount}`, signature, slot }, `${kind} booked`)
        break
      case 'exists':
        break
      case 'gap':
        return null
      case 'impossible':
        return `${kind} up to ${payout.cumulative}: ${outcome.detail}`
    }
  }
  return null
}

/** Deposits first: they are final, and what a withdrawal took came of them. */
async function bookVault(crediting: Crediting, plan: VaultPlan): Promise<void> {
  if (!(await creditDeposits(crediting, plan))) return
  const problems = [
    await bookPayouts(crediting, 'settlement', plan.settlements),
    await bookPayouts(crediting, 'withdrawal', plan.withdrawals),
    plan.contradiction,
  ].filter((problem) => problem !== null)
  if (problems.length > 0) await stopVault(crediting, plan.vault, problems.join('; '))
}

/** Writes a batch: the vaults, what is set aside, what happened to each vault. */
export async function credit(
  crediting: Crediting,
  decoded: Pick<Decoded, 'named' | 'aside'>,
  plans: readonly VaultPlan[],
): Promise<void> {
  const { ledger, log, now } = crediting
  for (const { vault, agent } of decoded.named) await ledger.knowVault(vault, agent)
  for (const item of decoded.aside) {
    await ledger.quarantine({ ...item, at: now() })
    log.error(item, 'a transaction cannot be read and is set aside')
  }
  await Promise.all(plans.map((plan) => bookVault(crediting, plan)))
}

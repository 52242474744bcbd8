/** Stage 4, credit: writes what was planned. Every write is idempotent, so a batch may be repeated after any failure. */
import type { ChainLedger } from '../src/ledger/chain-ledger.ts'
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
async function creditVault(crediting: Crediting, plan: VaultPlan): Promise<boolean> {
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
  if (plan.contradiction !== null) await stopVault(crediting, plan.vault, plan.contradiction)
  return plan.contradiction === null && plan.missing === null
}

/** Writes a batch: the vaults, what is set aside, the credits. Returns the vaults whose deposits are not all booked. */
export async function credit(
  crediting: Crediting,
  decoded: Decoded,
  plans: readonly VaultPlan[],
): Promise<string[]> {
  const { ledger, log, now } = crediting
  for (const { vault, agent } of decoded.opened) await ledger.knowVault(vault, agent)
  for (const item of decoded.aside) {
    await ledger.quarantine({ ...item, at: now() })
    log.error(item, 'a transaction cannot be read and is set aside')
  }
  const booked = await Promise.all(plans.map((plan) => creditVault(crediting, plan)))
  return plans.flatMap(({ vault }, index) => (booked[index] === true ? [] : [vault]))
}

/** Deposit addresses that the mint's authority has frozen: their agents are admitted to nothing until they thaw. */
import type { KnownVault } from '../src/ledger/chain-ledger.ts'
import type { Crediting } from './credit.ts'
import type { VaultReading } from './vault-accounts.ts'

/** Brings what the ledger knows in line with these readings, and raises an alert for each change; vaults that were not read stay as they are. */
export async function noteFrozen(
  { ledger, log }: Pick<Crediting, 'ledger' | 'log'>,
  readings: readonly Pick<VaultReading, 'vault' | 'agent' | 'tokens'>[],
  known: ReadonlyMap<string, KnownVault>,
): Promise<void> {
  const changed = readings.flatMap(({ vault, agent, tokens }) =>
    tokens === null || tokens.frozen === known.get(vault)?.addressFrozen
      ? []
      : [{ vault, agent, frozen: tokens.frozen }],
  )
  for (const { vault, agent, frozen } of changed) {
    if (frozen) log.error({ vault, agent }, 'deposit address frozen')
    else log.warn({ vault, agent }, 'deposit address thawed')
  }
  await Promise.all(changed.map(({ vault, frozen }) => ledger.noteFrozen(vault, frozen)))
}

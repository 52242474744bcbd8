/** What can be done with a vault by its agent alone, and what an exit does next. Pure. Source: chain contract, "Instructions". */
import { PublicKey, type TransactionInstruction } from '@solana/web3.js'
import { bookedBalance, type Vault } from '../../chain/accounts.ts'
import {
  cancelWithdrawal,
  closeDepositAddress,
  openVault,
  requestWithdrawal,
  syncVault,
  type VaultParties,
  withdraw,
} from '../../chain/instructions.ts'
import { createTokenAccount } from '../../chain/token.ts'
import { type Units, ZERO } from '../../money.ts'
import { surplusOf, type VaultSight } from './sight.ts'

/** A transaction that the agent signs. */
export type Action =
  /** Money lies at the address of a vault that nobody opened. */
  | { readonly kind: 'open'; readonly withdrawalDelaySeconds: bigint }
  | { readonly kind: 'sync' }
  | { readonly kind: 'request'; readonly amount: Units }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'withdraw' }
  | { readonly kind: 'close' }

export type Step =
  | Action
  /** Until the chain's clock says so, in Unix seconds. */
  | { readonly kind: 'wait'; readonly until: bigint }
  | { readonly kind: 'done' }

/** The step that brings a whole exit forward, wherever an earlier run stopped. */
export function nextExitStep(sight: VaultSight, gatewayDelaySeconds: bigint): Step {
  const { vault, depositAddress } = sight
  const surplus = surplusOf(sight)
  if (vault === null) {
    if (surplus === ZERO) return { kind: 'done' }
    return { kind: 'open', withdrawalDelaySeconds: gatewayDelaySeconds }
  }
  if (vault.pendingWithdrawal > ZERO) return pendingStep(sight, vault)
  if (depositAddress === null) return { kind: 'done' }
  // Before the request: what it does not name waits for another delay.
  if (surplus > ZERO) return { kind: 'sync' }
  const amount = bookedBalance(vault)
  return amount > ZERO ? { kind: 'request', amount } : { kind: 'close' }
}

/** What a pending withdrawal asks for next: patience, or to be taken. */
export function pendingStep({ clockSeconds }: VaultSight, vault: Vault): Step {
  const until = vault.withdrawableAtSeconds
  return clockSeconds < until ? { kind: 'wait', until } : { kind: 'withdraw' }
}

/** The instructions of an action. */
export function instructionsOf(action: Action, parties: VaultParties): TransactionInstruction[] {
  const agent = new PublicKey(parties.agent)
  switch (action.kind) {
    case 'open':
      return [openVault(parties, agent, action.withdrawalDelaySeconds), syncVault(parties)]
    case 'sync':
      return [syncVault(parties)]
    case 'request':
      return [requestWithdrawal(parties, action.amount)]
    case 'cancel':
      return [cancelWithdrawal(parties)]
    case 'withdraw':
      return [createTokenAccount(agent, agent, parties.mint), withdraw(parties)]
    case 'close':
      return [closeDepositAddress(parties)]
  }
}

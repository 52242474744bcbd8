/** What an agent can do with its own vault; what it does there needs the gateway's consent nowhere. */
import { parseUnits, units } from '../../money.ts'
import type { Surroundings } from '../clock.ts'
import type { GatewayApi } from '../gateway-api.ts'
import type { Signer } from '../key.ts'
import { Level5Error } from '../level5-error.ts'
import type { Pins } from '../payment-terms.ts'
import type { PinKeeper } from '../pin-keeper.ts'
import type { Balance } from '../wire.ts'
import type { VaultStatus } from './status.ts'
import type { Unspent, WithdrawResult, WithdrawWish } from './withdraw.ts'

export interface VaultDesk {
  /** The vault as the chain has it. With `program`, `gateway` and `rpcUrl` configured no gateway is asked. */
  vault(): Promise<VaultStatus>
  /** Moves USDC of the vault into the agent's wallet: requests, waits out the delay, withdraws; goes on with a pending request. */
  withdraw(wish: WithdrawWish): Promise<WithdrawResult>
  /** Takes a pending request back; `amount` (units) is null where none is pending. */
  cancelWithdrawal(): Promise<{ readonly amount: string | null; readonly signature: string | null }>
}

export interface VaultDeskParts {
  readonly signer: Signer
  readonly configured: Pins
  readonly pins: PinKeeper
  readonly api: GatewayApi
  readonly rpcUrl: string | null
  readonly surroundings: Surroundings
}

export function createVaultDesk(parts: VaultDeskParts): VaultDesk {
  const { signer, configured, pins, api, rpcUrl, surroundings } = parts
  // Loaded on demand: calls and balances need no transactions.
  async function open(terms: PinKeeper['terms']) {
    const { openVaultWork } = await import('./work.ts')
    return await openVaultWork({ signer, pins: configured, terms, rpcUrl, surroundings })
  }
  const unspent: Unspent = async () => {
    const { available, frozen } = await api.get<Balance>('/v1/balance')
    const own = [available, frozen].map(parseUnits)
    return units(own.reduce<bigint>((sum, amount) => sum + known(amount), 0n))
  }
  return {
    async vault() {
      const { rpc, parties } = await open(pins.terms)
      const { readVaultStatus } = await import('./status.ts')
      return await readVaultStatus(rpc, parties)
    },
    async withdraw(wish) {
      const work = await open(pins.termsToPay)
      const { withdraw } = await import('./withdraw.ts')
      return await withdraw(work, wish, unspent)
    },
    async cancelWithdrawal() {
      const work = await open(pins.termsToPay)
      const { cancelWithdrawal } = await import('./withdraw.ts')
      return await cancelWithdrawal(work)
    },
  }
}

function known(amount: bigint | null): bigint {
  if (amount === null) throw new Level5Error('unexpected_answer', 'the balance is not in units')
  return amount
}

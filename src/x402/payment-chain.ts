/** What settling a payment needs of the chain, over an RPC connection. */
import { type Connection, PublicKey, VersionedTransaction } from '@solana/web3.js'
import { decodeVault } from '../chain/accounts.ts'
import { landThroughOutages, type PatientOutcome } from '../chain/land-through-outages.ts'
import type { SignedTransaction } from '../chain/send.ts'
import { readTokenAccount } from '../chain/token.ts'
import { type Units, units } from '../money.ts'

/** Every method throws RpcUnavailable while the node does not answer, but for `land`, which asks again. */
export interface PaymentChain {
  /** Whether a node has executed this signature already. */
  knows(signature: string): Promise<boolean>
  /** Why a signed transaction would fail now, or null. Costs nothing. */
  simulate(bytes: Uint8Array): Promise<string | null>
  /** The block height after which no transaction that is valid now can land. */
  lastValidBlockHeight(): Promise<number>
  /** Sends it, again where nodes drop it, until it is final, failed or expired, or the gateway stops. */
  land(signed: SignedTransaction): Promise<PatientOutcome>
  /**
   * All that ever came into a vault by the finalized `slot` or later, in units: what its `deposited` reaches once
   * everything in the deposit address is recognised.
   */
  inflow(vault: string, depositAddress: string, slot: number): Promise<Units>
}

/** Blocks for which a blockhash is taken. */
const BLOCKHASH_BLOCKS = 150

/** `signal` ends what is waited for. */
export function connectPaymentChain(rpc: Connection, signal: AbortSignal): PaymentChain {
  return {
    async knows(signature) {
      const { value } = await rpc.getSignatureStatuses([signature])
      return value[0] != null
    },
    async simulate(bytes) {
      const transaction = VersionedTransaction.deserialize(bytes)
      const options = { sigVerify: true, commitment: 'confirmed' } as const
      const { value } = await rpc.simulateTransaction(transaction, options)
      return value.err === null ? null : JSON.stringify(value.err)
    },
    async lastValidBlockHeight() {
      return (await rpc.getBlockHeight('confirmed')) + BLOCKHASH_BLOCKS
    },
    land: (signed) => landThroughOutages(rpc, signed, signal, 'finalized'),
    async inflow(vault, depositAddress, minContextSlot) {
      const keys = [new PublicKey(vault), new PublicKey(depositAddress)]
      const [stored, tokens] = await rpc.getMultipleAccountsInfo(keys, {
        commitment: 'finalized',
        minContextSlot,
      })
      if (stored == null || tokens == null) throw new Error(`nothing is left of vault ${vault}`)
      const { settled, withdrawn } = decodeVault(stored.data)
      const held = readTokenAccount(tokens.data)?.amount ?? 0n
      return units(held + settled + withdrawn)
    },
  }
}

/** Opens the way to an agent's own vault: by its configuration alone where that names everything, else by the checked terms. */
import { PublicKey } from '@solana/web3.js'
import type { VaultParties } from '../../chain/instructions.ts'
import { connectRpc } from '../../chain/rpc.ts'
import type { Surroundings } from '../clock.ts'
import type { Signer } from '../key.ts'
import { Level5Error } from '../level5-error.ts'
import type { Pins } from '../payment-terms.ts'
import { RPC_TIMEOUT_MS } from '../sign-transaction.ts'
import type { DepositTerms } from '../wire.ts'
import type { VaultWork } from './drive.ts'
import { readGateway } from './sight.ts'

export interface VaultAccess {
  readonly signer: Signer
  /** As configured. */
  readonly pins: Pins
  /** The gateway's terms, checked against the pins; asked only where the configuration leaves something out. */
  readonly terms: () => Promise<DepositTerms>
  /** As configured; null: the node that the gateway names. */
  readonly rpcUrl: string | null
  readonly surroundings: Surroundings
}

/** Throws what `terms` throws, `invalid_option` without a node, `untrusted_answer` where the chain has no such gateway. */
export async function openVaultWork(access: VaultAccess): Promise<VaultWork> {
  const { signer, surroundings } = access
  const { rpcUrl, program, gateway, mint } = await addresses(access)
  if (rpcUrl === null) {
    throw new Level5Error('invalid_option', 'rpcUrl: the gateway names no RPC node; give one')
  }
  const rpc = connectRpc({ url: rpcUrl, timeoutMs: RPC_TIMEOUT_MS })
  const programKey = new PublicKey(program)
  const gatewayKey = new PublicKey(gateway)
  const parties: VaultParties = {
    program: programKey,
    gateway: gatewayKey,
    mint:
      mint === null ? (await readGateway(rpc, programKey, gatewayKey)).mint : new PublicKey(mint),
    agent: new PublicKey(signer.publicKey),
  }
  return { rpc, parties, signer, surroundings }
}

async function addresses({ pins, terms, rpcUrl }: VaultAccess) {
  const { program, gateway, mint } = pins
  if (program !== null && gateway !== null && rpcUrl !== null) {
    return { rpcUrl, program, gateway, mint }
  }
  const named = await terms()
  return {
    rpcUrl: rpcUrl ?? named.rpc_url,
    program: named.program,
    gateway: named.gateway,
    mint: named.mint,
  }
}

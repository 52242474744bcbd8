/** The scenario's chain, running. */
import type { Connection, PublicKey } from '@solana/web3.js'
import { vaultProgram } from '../../../src/chain/local-network.ts'
import { connectRpc } from '../../../src/chain/rpc.ts'
import type { LocalValidator } from '../../../src/chain/validator/local-validator.ts'
import { startValidator, validatorKind } from '../../../src/chain/validator/validator.ts'
import { CALLER } from '../../support/caller/caller.ts'
import { scenario } from './genesis.ts'

const SLOT_MS = 20
const RPC_TIMEOUT_MS = 10_000

export interface ProgramChain {
  readonly validator: LocalValidator
  readonly rpc: Connection
  /** Holds SOL and stands in no instruction. */
  readonly feePayer: PublicKey
}

/** Starts the validator that this run is about on the scenario; the program is LEVEL5_VAULT_SO where that is set. */
export async function startScenario(): Promise<ProgramChain> {
  const validator = await startValidator(validatorKind(process.env['LEVEL5_VALIDATOR']), {
    programs: [vaultProgram(process.env['LEVEL5_VAULT_SO']), CALLER],
    accounts: await scenario(),
    slotTimeMs: SLOT_MS,
  })
  const rpc = connectRpc({ url: validator.rpcUrl, timeoutMs: RPC_TIMEOUT_MS })
  return { validator, rpc, feePayer: validator.payer.publicKey }
}

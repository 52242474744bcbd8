/** Chains for tests: the validator that LEVEL5_VALIDATOR names, with slots short enough for a suite. */
import { type Connection, Keypair, type TransactionInstruction } from '@solana/web3.js'
import { deposit, openVault, type VaultParties } from '../../src/chain/instructions.ts'
import {
  fundWallet,
  type LocalNetwork,
  setUpLocalNetwork,
  vaultProgram,
} from '../../src/chain/local-network.ts'
import { connectRpc } from '../../src/chain/rpc.ts'
import { type SendOutcome, sendTransaction } from '../../src/chain/send.ts'
import type { GenesisProgram, LocalValidator } from '../../src/chain/validator/local-validator.ts'
import { startValidator, validatorKind } from '../../src/chain/validator/validator.ts'
import { units } from '../../src/money.ts'

/** On the embedded validator a transaction is final after 31 of these. */
const TEST_SLOT_MS = 20
export const WITHDRAWAL_DELAY_SECONDS = 900n
const WALLET_LAMPORTS = 10_000_000_000n

/** Starts the validator that this run is about, with these programs on it. */
export function startTestValidator(programs: readonly GenesisProgram[]): Promise<LocalValidator> {
  return startValidator(validatorKind(process.env['LEVEL5_VALIDATOR']), {
    programs,
    slotTimeMs: TEST_SLOT_MS,
  })
}

/** A validator with the vault program, a local USDC and a gateway. */
export interface TestNetwork extends LocalNetwork {
  readonly validator: LocalValidator
  readonly rpc: Connection
  stop(): Promise<void>
}

export async function startTestNetwork(
  programs: readonly GenesisProgram[] = [],
): Promise<TestNetwork> {
  const program = vaultProgram(process.env['LEVEL5_VAULT_SO'])
  const validator = await startTestValidator([program, ...programs])
  const rpc = connectRpc({ url: validator.rpcUrl, timeoutMs: 10_000 })
  const operator = Keypair.generate()
  const network = await setUpLocalNetwork(rpc, validator.payer, operator, {
    withdrawalDelaySeconds: WITHDRAWAL_DELAY_SECONDS,
    receiptKey: operator.publicKey,
    endpoint: 'http://127.0.0.1:4020',
  })
  return { ...network, validator, rpc, stop: () => validator.stop() }
}

/** An agent with SOL and USDC in its wallet. */
export interface TestAgent {
  readonly keypair: Keypair
  /** Base58. */
  readonly key: string
  readonly parties: VaultParties
}

/** A funded agent of the network's gateway, without a vault yet. */
export async function newAgent(network: TestNetwork, usdc: bigint): Promise<TestAgent> {
  const keypair = Keypair.generate()
  const agent = keypair.publicKey
  await fundWallet(network.rpc, network, agent, { lamports: WALLET_LAMPORTS, usdc: units(usdc) })
  const { program, gateway, mint } = network
  return { keypair, key: agent.toBase58(), parties: { program, gateway, mint, agent } }
}

/** Sends, waits for `confirmed`, and throws when the transaction did not land. */
export async function land(
  network: TestNetwork,
  instructions: readonly TransactionInstruction[],
  signers: readonly [Keypair, ...Keypair[]],
): Promise<Extract<SendOutcome, { kind: 'landed' }>> {
  const outcome = await sendTransaction(network.rpc, instructions, signers, 'confirmed')
  if (outcome.kind !== 'landed') throw new Error(JSON.stringify(outcome))
  return outcome
}

/** Instructions that open the agent's vault and pay `amount` into it. */
export function openAndDeposit({ parties }: TestAgent, amount: bigint): TransactionInstruction[] {
  return [
    openVault(parties, parties.agent, WITHDRAWAL_DELAY_SECONDS),
    deposit(parties, parties.agent, units(amount)),
  ]
}

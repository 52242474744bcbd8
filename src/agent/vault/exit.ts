/**
 * The way out with nothing but an RPC node, the gateway gone: everything that is not settled, and the rent of the
 * deposit address. Source: chain contract, "Instructions"; property C9.
 */
import { PublicKey } from '@solana/web3.js'
import { depositAddress, tokenAddress, vaultAddress } from '../../chain/addresses.ts'
import type { VaultParties } from '../../chain/instructions.ts'
import { connectRpc } from '../../chain/rpc.ts'
import { MACHINE, type Surroundings } from '../clock.ts'
import { type AgentKey, toSigner } from '../key.ts'
import { Level5Error } from '../level5-error.ts'
import { RPC_TIMEOUT_MS } from '../sign-transaction.ts'
import { drive, patiently } from './drive.ts'
import type { Progress } from './progress.ts'
import { readGateway } from './sight.ts'
import { nextExitStep } from './step.ts'

export interface ExitOptions {
  readonly key: AgentKey
  readonly rpcUrl: string
  /** Base58: those that the agent pinned, or finds on a receipt or in an explorer. */
  readonly program: string
  readonly gateway: string
  /** Compared with the Gateway account's where it is given. */
  readonly mint?: string
  readonly onProgress?: (progress: Progress) => void
  /** Clock, nonces and timers; default: the machine's. */
  readonly surroundings?: Surroundings
}

/** What this run brought home; an earlier one may have brought more. Amounts are decimal strings. */
export interface ExitResult {
  readonly agent: string
  readonly vault: string
  readonly deposit_address: string
  /** The agent's own token account, where the money is now. */
  readonly token_account: string
  /** Units. */
  readonly withdrawn: string
  /** Lamports: the rent of the deposit address. */
  readonly rent_lamports: string
  /** Over the vault's life, in units. */
  readonly totals: {
    readonly deposited: string
    readonly settled: string
    readonly withdrawn: string
  }
  /** Base58, in the order in which they landed. */
  readonly signatures: readonly string[]
}

/**
 * Books what came by plain transfer, requests everything, waits out the delay, withdraws, starts over for whatever came
 * meanwhile, and closes the deposit address. Asks no gateway. Safe to stop and to run again at any point.
 * Throws `invalid_option`, `untrusted_answer` (no such gateway on this chain), `withdrawal_failed`, `unreachable`.
 */
export async function exitVault(options: ExitOptions): Promise<ExitResult> {
  const signer = toSigner(options.key)
  const surroundings = options.surroundings ?? MACHINE
  const program = publicKey('program', options.program)
  const gatewayKey = publicKey('gateway', options.gateway)
  const rpc = connectRpc({ url: options.rpcUrl, timeoutMs: RPC_TIMEOUT_MS })
  const gateway = await patiently(surroundings, () => readGateway(rpc, program, gatewayKey))
  const { mint } = gateway
  if (options.mint !== undefined && options.mint !== mint.toBase58()) {
    throw new Level5Error('untrusted_answer', `the gateway takes ${mint}, not ${options.mint}`)
  }
  const agent = new PublicKey(signer.publicKey)
  const parties: VaultParties = { program, gateway: gatewayKey, mint, agent }
  const told: Progress[] = []
  const work = { rpc, parties, signer, surroundings }
  const final = await drive(
    work,
    (sight) => nextExitStep(sight, gateway.withdrawalDelaySeconds),
    (progress) => {
      told.push(progress)
      options.onProgress?.(progress)
    },
  )
  const vault = vaultAddress(program, gatewayKey, agent)
  return {
    agent: signer.publicKey,
    vault: vault.toBase58(),
    deposit_address: depositAddress(vault, mint).toBase58(),
    token_account: tokenAddress(agent, mint).toBase58(),
    withdrawn: sumOf(told.map((step) => (step.stage === 'withdrawn' ? step.amount : '0'))),
    rent_lamports: sumOf(told.map((step) => (step.stage === 'closed' ? step.rent_lamports : '0'))),
    totals: {
      deposited: (final.vault?.deposited ?? 0n).toString(),
      settled: (final.vault?.settled ?? 0n).toString(),
      withdrawn: (final.vault?.withdrawn ?? 0n).toString(),
    },
    signatures: told.flatMap((step) => (step.stage === 'waiting' ? [] : [step.signature])),
  }
}

function sumOf(amounts: readonly string[]): string {
  return amounts.reduce((sum, amount) => sum + BigInt(amount), 0n).toString()
}

function publicKey(name: string, text: string): PublicKey {
  try {
    return new PublicKey(text)
  } catch {
    throw new Level5Error('invalid_option', `${name}: ${text} is not 32 bytes in base58`)
  }
}

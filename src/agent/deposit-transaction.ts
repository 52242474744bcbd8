/** The transaction of a deposit: built from what the chain says, and signed by the agent. */
import { createHash } from 'node:crypto'
import {
  ComputeBudgetProgram,
  type Connection,
  PublicKey,
  Transaction,
  type TransactionInstruction,
} from '@solana/web3.js'
import bs58 from 'bs58'
import { decodeGateway } from '../chain/accounts.ts'
import { tokenAddress } from '../chain/addresses.ts'
import { deposit, openVault, type VaultParties } from '../chain/instructions.ts'
import { connectRpc } from '../chain/rpc.ts'
import { readTokenAccount } from '../chain/token.ts'
import { formatUsdc, type Units } from '../money.ts'
import type { Surroundings } from './clock.ts'
import { broadcast, depositFailed, follow, type SignedTransaction } from './follow-transaction.ts'
import type { Signer } from './key.ts'
import type { DepositTerms } from './wire.ts'

export interface PaymentParts {
  readonly rpcUrl: string
  /** Checked against the pins. */
  readonly terms: DepositTerms
  readonly signer: Signer
  readonly surroundings: Surroundings
}

/** A signed deposit. */
export interface OpenPayment {
  readonly signature: string
  readonly opensVault: boolean
  /** Sends it; the node checks it first. Throws `deposit_failed` with the node's reason. */
  broadcast(): Promise<void>
  /** Waits until it is final and returns its slot. Throws `deposit_failed` or `timeout`. */
  finality(deadline: number, onConfirmed: (slot: number) => void): Promise<number>
}

const RPC_TIMEOUT_MS = 15_000
/** More than opening and depositing need together; the network allows 1,400,000. */
const COMPUTE_UNITS_MIN = 400_000
const COMPUTE_UNITS_SPREAD = 1_000_000

/** Builds and signs the deposit. Throws `deposit_failed` when the wallet cannot pay or the chain is another. */
export async function openPayment(parts: PaymentParts, amount: Units): Promise<OpenPayment> {
  const rpc = connectRpc({ url: parts.rpcUrl, timeoutMs: RPC_TIMEOUT_MS })
  const { terms, signer } = parts
  const agent = new PublicKey(signer.publicKey)
  const parties: VaultParties = {
    program: new PublicKey(terms.program),
    gateway: new PublicKey(terms.gateway),
    mint: new PublicKey(terms.mint),
    agent,
  }
  const delaySeconds = await gatewayDelaySeconds(rpc, parties)
  await checkWallet(rpc, agent, parties.mint, amount)
  const opensVault = (await rpc.getAccountInfo(new PublicKey(terms.vault), 'confirmed')) === null
  const transaction = new Transaction().add(uniqueLimit(parts.surroundings.freshNonce()))
  if (opensVault) transaction.add(openVault(parties, agent, delaySeconds))
  transaction.add(deposit(parties, agent, amount))
  const signed = await signTransaction(rpc, transaction, signer)
  return {
    signature: signed.signature,
    opensVault,
    broadcast: () => broadcast(rpc, signed),
    finality: (deadline, onConfirmed) =>
      follow(rpc, signed, parts.surroundings, deadline, onConfirmed),
  }
}

/** Reads the terms of new vaults from the chain itself; the pinned program must own the account. */
async function gatewayDelaySeconds(rpc: Connection, parties: VaultParties): Promise<bigint> {
  const account = await rpc.getAccountInfo(parties.gateway, 'confirmed')
  if (account === null || !account.owner.equals(parties.program)) {
    throw depositFailed(`${parties.gateway} is not a gateway of ${parties.program} on this chain`)
  }
  const gateway = decodeGateway(account.data)
  if (!gateway.mint.equals(parties.mint)) {
    throw depositFailed(`the gateway takes ${gateway.mint}, not ${parties.mint}`)
  }
  return gateway.withdrawalDelaySeconds
}

async function checkWallet(
  rpc: Connection,
  agent: PublicKey,
  mint: PublicKey,
  amount: Units,
): Promise<void> {
  const address = tokenAddress(agent, mint)
  const account = await rpc.getAccountInfo(address, 'confirmed')
  const has = account === null ? null : readTokenAccount(account.data)
  if (has === null || has.amount < amount) {
    throw depositFailed(
      `the wallet ${agent} has ${formatUsdc(has?.amount ?? 0n)} USDC, not ${formatUsdc(amount)}`,
    )
  }
}

/** Signs under the latest confirmed blockhash. */
async function signTransaction(
  rpc: Connection,
  transaction: Transaction,
  signer: Signer,
): Promise<SignedTransaction> {
  const feePayer = new PublicKey(signer.publicKey)
  const { blockhash, lastValidBlockHeight } = await rpc.getLatestBlockhash('confirmed')
  transaction.feePayer = feePayer
  transaction.recentBlockhash = blockhash
  const signature = Buffer.from(await signer.sign(transaction.serializeMessage()))
  transaction.addSignature(feePayer, signature)
  return { signature: bs58.encode(signature), bytes: transaction.serialize(), lastValidBlockHeight }
}

/**
 * A compute limit of its own for each deposit. Two deposits of one amount under one blockhash would otherwise be one
 * transaction, paid once and believed to be two.
 */
function uniqueLimit(nonce: string): TransactionInstruction {
  const digest = createHash('sha256').update(nonce).digest()
  const units = COMPUTE_UNITS_MIN + (digest.readUInt32LE() % COMPUTE_UNITS_SPREAD)
  return ComputeBudgetProgram.setComputeUnitLimit({ units })
}

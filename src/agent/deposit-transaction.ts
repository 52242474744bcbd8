/** The transaction of a deposit: built from what the chain says, and signed by the agent. */
import { type Connection, PublicKey, type TransactionInstruction } from '@solana/web3.js'
import { decodeGateway, decodeVault } from '../chain/accounts.ts'
import { depositAddress, tokenAddress, vaultAddress } from '../chain/addresses.ts'
import { deposit, openVault, type VaultParties } from '../chain/instructions.ts'
import { connectRpc } from '../chain/rpc.ts'
import { readTokenAccount } from '../chain/token.ts'
import { formatUsdc, type Units } from '../money.ts'
import type { Surroundings } from './clock.ts'
import { broadcast, type Followed, follow } from './follow-transaction.ts'
import type { Signer } from './key.ts'
import { Level5Error } from './level5-error.ts'
import { RPC_TIMEOUT_MS, signTransaction } from './sign-transaction.ts'
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
  const { opensVault, opensAt } = await readVault(rpc, parties, delaySeconds)
  const { surroundings } = parts
  const open = opensAt === null ? [] : [openVault(parties, agent, opensAt)]
  const instructions: TransactionInstruction[] = [...open, deposit(parties, agent, amount)]
  const signed = await signTransaction(rpc, instructions, signer, surroundings.freshNonce())
  const { signature } = signed
  return {
    signature,
    opensVault,
    async broadcast() {
      const sent = await broadcast(rpc, signed)
      if (sent.kind === 'refused') throw depositFailed(sent.reason, sent.cause)
    },
    async finality(deadline, onConfirmed) {
      const patience = { commitment: 'finalized', deadline, onConfirmed } as const
      return finalSlot(signature, await follow(rpc, signed, surroundings, patience))
    },
  }
}

/** The slot of a deposit that is final. Throws what became of it otherwise. */
function finalSlot(signature: string, followed: Followed): number {
  switch (followed.kind) {
    case 'landed':
      return followed.slot
    case 'failed':
      throw depositFailed(`${signature}: ${JSON.stringify(followed.error)}`)
    case 'expired':
      throw depositFailed(`${signature} can land no more`)
    case 'late':
      throw new Level5Error('timeout', `deposit ${signature} was sent and is not final yet`)
  }
}

/** Nothing was paid, and this is why. */
function depositFailed(why: string, cause?: unknown): Level5Error {
  return new Level5Error('deposit_failed', `nothing was deposited: ${why}`, { cause })
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

/**
 * Whether the vault is to be opened, and the delay under which it, or its closed deposit address, is: null where both
 * stand. Whoever sends lamports to either address has opened nothing.
 */
async function readVault(
  rpc: Connection,
  parties: VaultParties,
  gatewayDelaySeconds: bigint,
): Promise<{ readonly opensVault: boolean; readonly opensAt: bigint | null }> {
  const vaultKey = vaultAddress(parties.program, parties.gateway, parties.agent)
  const keys = [vaultKey, depositAddress(vaultKey, parties.mint)]
  const [vault, tokens] = await rpc.getMultipleAccountsInfo(keys, 'confirmed')
  if (vault == null || !vault.owner.equals(parties.program)) {
    return { opensVault: true, opensAt: gatewayDelaySeconds }
  }
  const isClosed = tokens == null || readTokenAccount(tokens.data) === null
  const opensAt = isClosed ? decodeVault(vault.data).withdrawalDelaySeconds : null
  return { opensVault: false, opensAt }
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

/** What the chain says, just before settling, about the gateway, its treasury and the vaults. */
import { type Connection, PublicKey } from '@solana/web3.js'
import { decodeGateway, decodeVault } from '../src/chain/accounts.ts'
import { tokenAddress } from '../src/chain/addresses.ts'
import type { SettlingParties } from '../src/chain/instructions.ts'
import { landThroughOutages } from '../src/chain/land-through-outages.ts'
import { addressOf, signTransaction, type TransactionSigner } from '../src/chain/send.ts'
import { createTokenAccount, readTokenAccount } from '../src/chain/token.ts'
import type { Settleable } from '../src/ledger/voucher-ledger.ts'
import type { Watched } from './binding.ts'
import type { Mirrored } from './settle-plan.ts'
import { readSent, type SentTransaction } from './settle-sent.ts'

interface Place extends Watched {
  readonly rpc: Connection
  readonly operator: TransactionSigner
  readonly signal: AbortSignal
}

/** Who settles and who is paid. Throws where the operator's key is not the gateway's authority. */
export async function readSettlingParties({
  rpc,
  gateway,
  program,
  operator,
}: Place): Promise<SettlingParties> {
  const stored = await rpc.getAccountInfo(gateway, 'confirmed')
  if (!stored?.owner.equals(program)) throw new Error(`${gateway} is not a gateway of ${program}`)
  const { authority, treasury } = decodeGateway(stored.data)
  const own = addressOf(operator)
  if (!own.equals(authority)) {
    throw new Error(`the operator's key is ${own}, the gateway's authority is ${authority}`)
  }
  return { authority, treasury }
}

/** `getMultipleAccounts` takes 100 keys: the treasury's account is one. */
const VAULTS_PER_CALL = 99

/** Reads vaults, and whether the treasury has a token account to be paid on. */
export async function readVaults(
  { rpc, program, mint }: Place,
  { treasury }: SettlingParties,
  wanted: readonly Settleable[],
): Promise<{ vaults: ReadonlyMap<string, Mirrored>; treasuryOpen: boolean }> {
  const vaults = new Map<string, Mirrored>()
  let treasuryOpen = false
  for (let start = 0; start < wanted.length; start += VAULTS_PER_CALL) {
    const some = wanted.slice(start, start + VAULTS_PER_CALL)
    const [paid, ...stored] = await rpc.getMultipleAccountsInfo(
      [tokenAddress(treasury, mint), ...some.map(({ vault }) => new PublicKey(vault))],
      'confirmed',
    )
    // Whoever sends lamports to the address has opened no token account.
    treasuryOpen = paid != null && readTokenAccount(paid.data) !== null
    for (const [index, { vault }] of some.entries()) {
      const account = stored[index]
      if (account == null || !account.owner.equals(program)) continue
      const { withdrawableAtSeconds, ...totals } = decodeVault(account.data)
      vaults.set(vault, { ...totals, withdrawableAt: Number(withdrawableAtSeconds) })
    }
  }
  return { vaults, treasuryOpen }
}

/** Creates the treasury's token account; changes nothing where somebody did so meanwhile. Throws when it does not land. */
export async function openTreasury(
  { rpc, program, mint, operator, signal }: Place,
  { authority, treasury }: SettlingParties,
): Promise<SentTransaction[]> {
  const instruction = createTokenAccount(authority, treasury, mint)
  const signed = await signTransaction(rpc, [instruction], [operator])
  const outcome = await landThroughOutages(rpc, signed, signal)
  if (outcome.kind !== 'landed') {
    throw new Error(
      `the treasury's token account: transaction ${outcome.signature} ${outcome.kind}`,
    )
  }
  const sent = { signature: outcome.signature, vaults: 0, landed: true }
  return [(await readSent(rpc, program, sent, signal)).transaction]
}

/** A local chain made ready for level5: a USDC mint of its own, a gateway, and money for whoever asks. */
import {
  type Connection,
  type Keypair,
  PublicKey,
  SystemProgram,
  type TransactionInstruction,
} from '@solana/web3.js'
import { type Units, USDC_DECIMALS } from '../money.ts'
import { gatewayAddress, TOKEN_PROGRAM, tokenAddress } from './addresses.ts'
import { type GatewayTerms, initializeGateway } from './instructions.ts'
import { vaultIdl, vaultProgramPath } from './program-file.ts'
import { sendTransaction } from './send.ts'
import { createTokenAccount, initializeMint, MINT_SIZE, mintTo } from './token.ts'
import type { GenesisProgram } from './validator/local-validator.ts'

export interface LocalNetwork {
  readonly program: PublicKey
  readonly gateway: PublicKey
  readonly mint: PublicKey
  /** Pays for everything and mints and freezes the local USDC. */
  readonly payer: Keypair
  /** The gateway's authority. */
  readonly operator: Keypair
}

/** Rent and fees of an operator for a long local life, in lamports. */
const OPERATOR_LAMPORTS = 100_000_000_000
/** Seed of the mint's address, which makes it follow from the payer. */
const MINT_SEED = 'usdc'

/** The vault program, to hand to a local validator; `file` is LEVEL5_VAULT_SO where that is set. */
export function vaultProgram(file?: string): GenesisProgram {
  return { address: vaultIdl().address, file: vaultProgramPath(file) }
}

/** Sends and waits for `confirmed`; throws naming `what` when it did not land. */
async function land(
  rpc: Connection,
  what: string,
  instructions: readonly TransactionInstruction[],
  signers: readonly [Keypair, ...Keypair[]],
): Promise<string> {
  const outcome = await sendTransaction(rpc, instructions, signers, 'confirmed')
  if (outcome.kind === 'landed') return outcome.signature
  const why = outcome.kind === 'failed' ? JSON.stringify(outcome.error) : 'its blockhash expired'
  throw new Error(`${what}: transaction ${outcome.signature} ${outcome.kind}: ${why}`)
}

/** Creates a USDC of this chain: six decimals, minted and frozen by the payer. Returns its address. */
async function createLocalMint(rpc: Connection, payer: Keypair): Promise<PublicKey> {
  const base = payer.publicKey
  const mint = await PublicKey.createWithSeed(base, MINT_SEED, TOKEN_PROGRAM)
  const create = SystemProgram.createAccountWithSeed({
    fromPubkey: base,
    basePubkey: base,
    seed: MINT_SEED,
    newAccountPubkey: mint,
    lamports: await rpc.getMinimumBalanceForRentExemption(MINT_SIZE),
    space: MINT_SIZE,
    programId: TOKEN_PROGRAM,
  })
  await land(rpc, 'mint', [create, initializeMint(mint, USDC_DECIMALS, base)], [payer])
  return mint
}

/** Gives a wallet SOL and USDC; returns the transaction's signature once it is confirmed. */
export function fundWallet(
  rpc: Connection,
  network: Pick<LocalNetwork, 'mint' | 'payer'>,
  wallet: PublicKey,
  funds: { readonly lamports: bigint; readonly usdc: Units },
): Promise<string> {
  const { mint, payer } = network
  const from = payer.publicKey
  const account = tokenAddress(wallet, mint)
  const instructions = [
    SystemProgram.transfer({ fromPubkey: from, toPubkey: wallet, lamports: funds.lamports }),
    createTokenAccount(from, wallet, mint),
    mintTo(mint, account, from, funds.usdc, USDC_DECIMALS),
  ]
  return land(rpc, `funds for ${wallet.toBase58()}`, instructions, [payer])
}

/** Makes a new local chain ready: USDC, a funded operator, and its gateway with the operator as treasury. */
export async function setUpLocalNetwork(
  rpc: Connection,
  payer: Keypair,
  operator: Keypair,
  terms: Omit<GatewayTerms, 'treasury'>,
): Promise<LocalNetwork> {
  const program = new PublicKey(vaultIdl().address)
  const mint = await createLocalMint(rpc, payer)
  const authority = operator.publicKey
  const instructions = [
    SystemProgram.transfer({
      fromPubkey: payer.publicKey,
      toPubkey: authority,
      lamports: OPERATOR_LAMPORTS,
    }),
    createTokenAccount(payer.publicKey, authority, mint),
    initializeGateway(program, authority, mint, { ...terms, treasury: authority }),
  ]
  await land(rpc, 'gateway', instructions, [payer, operator])
  const gateway = gatewayAddress(program, authority, mint)
  return { program, gateway, mint, payer, operator }
}

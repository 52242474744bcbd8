/** Payments for tests: what an x402 client sends, with anything in it changed. */
import {
  ComputeBudgetProgram,
  Keypair,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js'
import { transferChecked } from '../../src/chain/token.ts'
import { type Units, units } from '../../src/money.ts'
import type { PaymentTerms } from '../../src/x402/payment-rules.ts'
import { MEMO_PROGRAM } from '../../src/x402/payment-rules.ts'
import type { PaymentSite } from '../../src/x402/requirements.ts'

export interface Payment {
  readonly operator: PublicKey
  readonly payer: Keypair
  readonly mint: PublicKey
  readonly source: PublicKey
  readonly destination: PublicKey
  readonly amount: bigint
  readonly decimals: number
}

export const BLOCKHASH = PublicKey.unique().toBase58()

export function anyPayment(changed: Partial<Payment> = {}): Payment {
  return {
    operator: Keypair.generate().publicKey,
    payer: Keypair.generate(),
    mint: PublicKey.unique(),
    source: PublicKey.unique(),
    destination: PublicKey.unique(),
    amount: 250_000n,
    decimals: 6,
    ...changed,
  }
}

export function termsOf(payment: Payment): PaymentTerms {
  return {
    feePayer: payment.operator.toBase58(),
    mint: payment.mint.toBase58(),
    decimals: payment.decimals,
    depositAddress: payment.destination.toBase58(),
    amount: units(payment.amount),
  }
}

export function memo(text: string, signer?: PublicKey): TransactionInstruction {
  const keys = signer ? [{ pubkey: signer, isSigner: true, isWritable: false }] : []
  return new TransactionInstruction({
    programId: new PublicKey(MEMO_PROGRAM),
    keys,
    data: Buffer.from(text),
  })
}

export function transfer({ payer, amount, decimals, ...places }: Payment): TransactionInstruction {
  return transferChecked({ ...places, owner: payer.publicKey }, units(amount), decimals)
}

/** Limit, price, transfer, memo: as the published client builds it. */
export function instructionsOf(payment: Payment): TransactionInstruction[] {
  return [
    ComputeBudgetProgram.setComputeUnitLimit({ units: 20_000 }),
    ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 1 }),
    transfer(payment),
    memo('0123456789abcdef0123456789abcdef'),
  ]
}

/** A version 0 transaction, signed by all but the operator. */
export function sign(
  { operator, payer }: Payment,
  instructions: readonly TransactionInstruction[],
  blockhash = BLOCKHASH,
  signers: readonly Keypair[] = [payer],
): Uint8Array {
  const message = new TransactionMessage({
    payerKey: operator,
    recentBlockhash: blockhash,
    instructions: [...instructions],
  }).compileToV0Message()
  const transaction = new VersionedTransaction(message)
  transaction.sign([...signers])
  return transaction.serialize()
}

/** The header's value. */
export function header(
  site: Pick<PaymentSite, 'network' | 'mint' | 'feePayer'>,
  vault: string,
  amount: Units | bigint,
  transaction: Uint8Array,
): string {
  const accepted = {
    scheme: 'exact',
    network: site.network,
    amount: `${amount}`,
    asset: site.mint,
    payTo: vault,
    maxTimeoutSeconds: 120,
    extra: { feePayer: site.feePayer },
  }
  const payload = { transaction: Buffer.from(transaction).toString('base64') }
  return encode({ x402Version: 2, accepted, payload })
}

export function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64')
}

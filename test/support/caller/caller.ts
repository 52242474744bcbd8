/** Everybody else's program: see src/lib.rs. */
import { PublicKey, TransactionInstruction } from '@solana/web3.js'
import type { GenesisProgram } from '../../../src/chain/validator/local-validator.ts'

export const CALLER: GenesisProgram = {
  address: 'Ca11er1111111111111111111111111111111111111',
  file: new URL('./caller.so', import.meta.url).pathname,
}
export const CALLER_ID = new PublicKey(CALLER.address)
const FORWARD = 0

/** The instruction that makes the caller call `call` of the program `callee`. */
export function forward(callee: PublicKey, call: TransactionInstruction): TransactionInstruction {
  return new TransactionInstruction({
    programId: CALLER_ID,
    keys: [{ pubkey: callee, isSigner: false, isWritable: false }, ...call.keys],
    data: Buffer.concat([Buffer.of(FORWARD), call.data]),
  })
}

/** Vouchers, as the precompile instructions that carry them. */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import type { Keypair, PublicKey, TransactionInstruction } from '@solana/web3.js'
import { ed25519Instruction } from '../../../src/chain/instructions.ts'
import { voucherBytes } from '../../../src/chain/voucher.ts'
import { units } from '../../../src/money.ts'
import type { VaultParts } from './scenario.ts'

/** RFC 8410: what precedes the 32 bytes of an ed25519 seed in PKCS #8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The keypair's signature over these bytes. */
export function signBytes({ secretKey }: Keypair, bytes: Uint8Array): Buffer {
  const der = Buffer.concat([PKCS8_PREFIX, secretKey.subarray(0, 32)])
  return sign(null, bytes, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
}

export function publicKeyObject(key: PublicKey): KeyObject {
  const x = key.toBuffer().toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

/** The precompile instruction of a message that the keypair signs. */
export function signedBy(signer: Keypair, message: Uint8Array): TransactionInstruction {
  return ed25519Instruction(signer.publicKey, message, signBytes(signer, message))
}

/** The agent's voucher for its vault; `expiresAt` 0 is never. */
export function signedVoucher(
  { agentKey, address }: VaultParts,
  cumulative: bigint,
  expiresAt = 0n,
): TransactionInstruction {
  return signedBy(agentKey, voucherBytes(address, units(cumulative), expiresAt))
}

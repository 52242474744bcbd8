/**
 * Ed25519 verification by the runtime, plus the refusals of `verify_strict` that it lacks: points of small order and
 * encodings of y that are not reduced. The runtime itself refuses S ≥ L and any R that is not the one it computes.
 * Source: wire contract, "Signed requests"; RFC 8032, 5.1.7.
 */
import { createPublicKey, verify } from 'node:crypto'

/** 2^255 − 19: the field of the curve. */
const P = 2n ** 255n - 19n
const SIGN_BIT = 1n << 255n

/** The y coordinates of the eight points whose order divides the cofactor: 0, ±1 and the two of order eight. */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  P - 1n,
  2707385501144840649318225287225658788936804267575313519463743609750303402022n,
  55188659117513257062467267217118295137698188065244968500265048394206261417927n,
])

/**
 * Whether `signature` (64 bytes) over `message` verifies under `publicKey` (32 bytes).
 * False, too, for a key or R of small order, an encoding that is not canonical, S ≥ L, and any other length.
 * Never throws on hostile input.
 */
export function verifyStrict(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  if (!isSafePoint(publicKey) || !isSafePoint(signature.subarray(0, 32))) return false
  const x = Buffer.from(publicKey).toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return verify(null, message, key, signature)
}

/** Whether an encoded point has a reduced y and is not of small order. */
function isSafePoint(encoded: Uint8Array): boolean {
  const y = littleEndian(encoded) & (SIGN_BIT - 1n)
  return y < P && !SMALL_ORDER_Y.has(y)
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

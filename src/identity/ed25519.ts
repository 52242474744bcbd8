/**
 * Ed25519 verification as `verify_strict` does it: an engine's equation, and before it the refusals that not every engine
 * has: points of small order and encodings of y that are not reduced. Every engine refuses S ≥ L and any R that is not
 * the one it computes. Source: wire contract, "Signed requests"; RFC 8032, 5.1.7.
 */
import { type SignatureEngine, signatureEngine } from './signature-engine.ts'

/** The encodings of y of the eight points whose order divides the cofactor: 0, ±1 and the two of order eight. */
const SMALL_ORDER_Y: readonly Uint8Array[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => Buffer.from(hex, 'hex'))

/**
 * Whether `signature` (64 bytes) over `message` verifies under `publicKey` (32 bytes).
 * False, too, for a key or R of small order, an encoding that is not canonical, S ≥ L, and any other length.
 * Never throws on hostile input.
 */
export function verifyStrict(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  engine: SignatureEngine = signatureEngine,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  if (!isSafePoint(publicKey) || !isSafePoint(signature)) return false
  return engine.verifies(publicKey, message, signature)
}

/** Whether the point encoded in the first 32 bytes has a reduced y and is not of small order. */
function isSafePoint(encoded: Uint8Array): boolean {
  return isReduced(encoded) && !SMALL_ORDER_Y.some((y) => hasY(encoded, y))
}

/** Whether y < 2^255 − 19, little-endian; the highest bit is the sign of x. */
function isReduced(encoded: Uint8Array): boolean {
  if ((at(encoded, 31) & 0x7f) !== 0x7f) return true
  for (let index = 30; index > 0; index--) if (encoded[index] !== 0xff) return true
  return at(encoded, 0) < 0xed
}

function hasY(encoded: Uint8Array, y: Uint8Array): boolean {
  for (let index = 0; index < 31; index++) if (encoded[index] !== y[index]) return false
  return (at(encoded, 31) & 0x7f) === y[31]
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}

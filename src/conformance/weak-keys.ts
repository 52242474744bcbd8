/**
 * Signatures that a lax verifier takes and a strict one refuses, made without breaking anything: points of small order,
 * encodings that are not canonical, S that is not reduced. Source: RFC 8032, 5.1.7; wire contract, "Signed requests".
 */
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import bs58 from 'bs58'

/** The order of the base point. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n
/** RFC 8410: what precedes the 32 bytes of a seed in PKCS #8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The neutral element: y = 1. */
const NEUTRAL = littleEndian(1n)
/** The same point with y = p + 1, which no canonical encoding has. */
const NEUTRAL_UNREDUCED = littleEndian(2n ** 255n - 19n + 1n)
/** The point of order two: y = −1. */
const ORDER_TWO = littleEndian(2n ** 255n - 20n)

/** Signs a text as somebody; `pubkey` base58, signatures of 64 bytes. */
export interface WeakSigner {
  readonly name: string
  readonly pubkey: string
  sign(text: Uint8Array): Uint8Array
}

/** Everybody can sign for the first two; the others are a key of the seed (32 bytes). */
export function weakSigners(seed: Uint8Array): readonly WeakSigner[] {
  const pubkey = bs58.encode(publicKeyOf(seed))
  return [
    {
      name: 'a key of small order, R neutral and S zero',
      pubkey: bs58.encode(NEUTRAL),
      sign: () => Buffer.concat([NEUTRAL, littleEndian(0n)]),
    },
    {
      name: 'a key of small order in an encoding that is not canonical',
      pubkey: bs58.encode(NEUTRAL_UNREDUCED),
      sign: () => Buffer.concat([NEUTRAL, littleEndian(0n)]),
    },
    {
      name: 'a key of order two',
      pubkey: bs58.encode(ORDER_TWO),
      sign: () => Buffer.concat([NEUTRAL, littleEndian(0n)]),
    },
    {
      name: 'R of small order under a good key',
      pubkey,
      sign: (text) => {
        const s = (challenge(NEUTRAL, publicKeyOf(seed), text) * scalarOf(seed)) % L
        return Buffer.concat([NEUTRAL, littleEndian(s)])
      },
    },
    { name: 'S that is not reduced', pubkey, sign: (text) => unreduced(ordinary(seed, text)) },
  ]
}

/** The signature that the key of a seed makes by the book. */
export function ordinary(seed: Uint8Array, text: Uint8Array): Buffer {
  return sign(null, text, privateKeyOf(seed))
}

/** The same signature with S + L for S. */
export function unreduced(signature: Uint8Array): Uint8Array {
  const s = fromLittleEndian(signature.subarray(32))
  return Buffer.concat([signature.subarray(0, 32), littleEndian(s + L)])
}

/** SHA-512(R ‖ A ‖ M) as a scalar. */
function challenge(r: Uint8Array, a: Uint8Array, message: Uint8Array): bigint {
  return fromLittleEndian(sha512(Buffer.concat([r, a, message]))) % L
}

/** The secret scalar of a seed. */
function scalarOf(seed: Uint8Array): bigint {
  const digest = fromLittleEndian(sha512(seed).subarray(0, 32))
  return (digest & ((1n << 254n) - 8n)) | (1n << 254n)
}

function privateKeyOf(seed: Uint8Array) {
  const der = Buffer.concat([PKCS8_PREFIX, seed])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

function publicKeyOf(seed: Uint8Array): Buffer {
  const spki = createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' })
  return spki.subarray(-32)
}

function sha512(bytes: Uint8Array): Buffer {
  return createHash('sha512').update(bytes).digest()
}

function littleEndian(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

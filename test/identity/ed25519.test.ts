import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifyStrict as verifyStrictWith } from '../../src/identity/ed25519.ts'
import {
  publicKeyOf,
  runtimeEngine,
  signatureEngine,
  sodiumEngine,
} from '../../src/identity/signature-engine.ts'

// Curve arithmetic on its own, so that the table of small-order points is derived here rather than copied.
const P = 2n ** 255n - 19n
const L = 2n ** 252n + 27742317777372353535851937790883648493n
const mod = (n: bigint): bigint => ((n % P) + P) % P
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let e = exponent, b = mod(base); e > 0n; e >>= 1n, b = mod(b * b)) {
    if (e & 1n) result = mod(result * b)
  }
  return result
}
const inverse = (n: bigint): bigint => power(n, P - 2n)
const D = mod(-121665n * inverse(121666n))
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n)
type Point = readonly [x: bigint, y: bigint]
function add([x1, y1]: Point, [x2, y2]: Point): Point {
  const k = mod(D * x1 * x2 * y1 * y2)
  return [
    mod((x1 * y2 + x2 * y1) * inverse(1n + k)),
    mod((y1 * y2 + x1 * x2) * inverse(mod(1n - k))),
  ]
}
function multiply(scalar: bigint, point: Point): Point {
  let result: Point = [0n, 1n]
  for (let s = scalar, p = point; s > 0n; s >>= 1n, p = add(p, p)) {
    if (s & 1n) result = add(result, p)
  }
  return result
}
function xOf(y: bigint): bigint | null {
  const square = mod((y * y - 1n) * inverse(mod(D * y * y + 1n)))
  const root = power(square, (P + 3n) / 8n)
  for (const x of [root, mod(root * ROOT_OF_MINUS_ONE)]) if (mod(x * x) === square) return x
  return null
}
const BASE_Y = mod(4n * inverse(5n))
function bytesOf(n: bigint): Buffer {
  return Buffer.from(n.toString(16).padStart(64, '0'), 'hex').reverse()
}
const encode = ([x, y]: Point): Buffer => bytesOf(y | ((x & 1n) << 255n))

const BASE: Point = [evenRoot(BASE_Y), BASE_Y]
function evenRoot(y: bigint): bigint {
  const x = xOf(y) ?? expect.fail('not on the curve')
  return x % 2n === 0n ? x : P - x
}

function runtimeAlone(key: Buffer, message: Buffer, signature: Buffer): boolean {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.toString('base64url') }
  return verify(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature)
}

/** The number that a signature multiplies its key by, below L. */
function challenge(r: Buffer, key: Buffer, message: Buffer): bigint {
  const digest = createHash('sha512').update(r).update(key).update(message).digest()
  return BigInt(`0x${digest.reverse().toString('hex')}`) % L
}

/** L times any point has an order that divides eight; some reach all eight of them. */
function smallOrderPoints(): Point[] {
  const found = new Map<string, Point>()
  for (let y = 2n; found.size < 8; y++) {
    const x = xOf(y)
    if (x === null) continue
    for (let torsion = multiply(L, [x, y]), k = 1n; k <= 8n; k++) {
      const point = multiply(k, torsion)
      found.set(point.join(), point)
    }
  }
  return [...found.values()]
}

const SEED = Buffer.from(Array.from({ length: 32 }, (_, i) => i + 1))
const PUBLIC = Buffer.from(
  '79b5562e8fe654f94078b112e8a98ba7901f853ae695bed7e0e3910bad049664',
  'hex',
)
const KEY = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), SEED]),
  format: 'der',
  type: 'pkcs8',
})
const MESSAGE = Buffer.from('the message')
const SIGNATURE = sign(null, MESSAGE, KEY)

const ENGINES = [
  sodiumEngine ?? expect.fail('no binary of libsodium for this machine'),
  runtimeEngine,
]

describe.each(ENGINES)('A1: verifyStrict by $name', (engine) => {
  const verifyStrict = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
    verifyStrictWith(key, message, signature, engine)

  test('accepts what the key signed', () => {
    expect(verifyStrict(PUBLIC, MESSAGE, SIGNATURE)).toBe(true)
  })

  test('refuses every single changed bit of key, message and signature', () => {
    for (const [name, bytes] of Object.entries({ PUBLIC, MESSAGE, SIGNATURE })) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes)
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        const args = { PUBLIC, MESSAGE, SIGNATURE, [name]: changed }
        expect(verifyStrict(args.PUBLIC, args.MESSAGE, args.SIGNATURE), `${name} ${bit}`).toBe(
          false,
        )
      }
    }
  })

  test('refuses S + L, and any S above L', () => {
    const s = BigInt(`0x${Buffer.from(SIGNATURE.subarray(32)).reverse().toString('hex')}`)
    for (let raised = s + L; raised < 2n ** 256n; raised += L) {
      const malleable = Buffer.concat([SIGNATURE.subarray(0, 32), bytesOf(raised)])
      expect(verifyStrict(PUBLIC, MESSAGE, malleable)).toBe(false)
    }
  })

  test('refuses a key of small order, under which anyone can sign', () => {
    // With A of small order, S·B = R + k·A holds for R = S·B whenever the order divides k.
    const s = 123456789n
    const forged = Buffer.concat([encode(multiply(s, BASE)), bytesOf(s)])
    const points = smallOrderPoints()
    expect(points).toHaveLength(8)
    const reduced = points.map(encode)
    const unreduced = [bytesOf(P + 1n), bytesOf((P + 1n) | (1n << 255n))]
    let fooled = 0
    for (const key of [...reduced, ...unreduced]) {
      for (let n = 0; n < 64; n++) {
        const message = Buffer.from([n])
        if (runtimeAlone(key, message, forged)) fooled++
        expect(verifyStrict(key, message, forged)).toBe(false)
      }
    }
    expect(fooled, 'the runtime alone accepts such forgeries').toBeGreaterThan(100)
  })

  test('refuses every R of small order', () => {
    for (const r of smallOrderPoints()) {
      for (let n = 0; n < 16; n++) {
        const forged = Buffer.concat([encode(r), Buffer.alloc(32)])
        expect(verifyStrict(PUBLIC, Buffer.from([n]), forged)).toBe(false)
      }
    }
  })

  test('refuses an honest key with an R of small order that satisfies the equation', () => {
    // R = identity, S = k·a: only the holder of the key can make it, and it says the same twice.
    const message = Buffer.from(
      '5601ce5438100b81c7102b0c156938fa8cf070f9de204f435a4dc21fd9a9cef413f640420f00000000000000000000000000',
      'hex',
    )
    const forged = Buffer.from(
      'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAvb6vokxXSQBeIIs7yLRy6moF1U1Nt6OnEKdDanqDUDw==',
      'base64',
    )
    expect(verifyStrict(PUBLIC, message, forged)).toBe(false)
  })

  test('refuses encodings of y at or above the field, in key and R', () => {
    for (let y = P; y < 2n ** 255n; y++) {
      for (const sign of [0n, 1n << 255n]) {
        const encoded = bytesOf(y | sign)
        const zeroS = Buffer.concat([encoded, Buffer.alloc(32)])
        expect(verifyStrict(encoded, MESSAGE, SIGNATURE)).toBe(false)
        expect(verifyStrict(encoded, MESSAGE, zeroS)).toBe(false)
        expect(verifyStrict(PUBLIC, MESSAGE, zeroS)).toBe(false)
      }
    }
  })

  test('never throws, whatever the bytes and lengths', () => {
    const bytes = fc.uint8Array({ maxLength: 70 })
    const key = fc.oneof(bytes, fc.uint8Array({ minLength: 32, maxLength: 32 }))
    const signature = fc.oneof(bytes, fc.uint8Array({ minLength: 64, maxLength: 64 }))
    fc.assert(fc.property(key, bytes, signature, (k, m, s) => !verifyStrict(k, m, s)))
  })
})

describe('A1: signatures', () => {
  const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const engines = fc.constantFrom(...ENGINES)
  const verdicts = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
    ENGINES.map((engine) => verifyStrictWith(key, message, signature, engine))

  test('are the same bytes by either engine, and verify by both, whatever the message', () => {
    fc.assert(
      fc.property(seeds, fc.uint8Array({ maxLength: 600 }), (seed, message) => {
        const signatures = ENGINES.map((engine) => engine.signer(seed)(message))
        expect(signatures[0]).toEqual(signatures[1])
        for (const signature of signatures) {
          expect(verdicts(publicKeyOf(seed), message, signature)).toEqual([true, true])
        }
      }),
    )
  })

  test('that were changed are refused by both engines', () => {
    const change = fc.record({ at: fc.nat({ max: 63 }), by: fc.integer({ min: 1, max: 255 }) })
    fc.assert(
      fc.property(seeds, engines, fc.uint8Array(), change, (seed, engine, message, { at, by }) => {
        const signature = Uint8Array.from(engine.signer(seed)(message))
        signature[at] = (signature[at] ?? 0) ^ by
        expect(verdicts(publicKeyOf(seed), message, signature)).toEqual([false, false])
      }),
    )
  })

  // The chain's own check multiplies nothing by the cofactor: what it refuses must be refused here.
  test('with a part of small order in key or R are judged without the cofactor, by both engines', () => {
    const torsion = smallOrderPoints().find((point) => multiply(4n, point)[1] !== 1n) ?? BASE
    const a = 987654321987654321n
    const r = 123456789123456789n
    const honestKey = multiply(a, BASE)
    const honestR = multiply(r, BASE)
    const bentR = encode(add(honestR, torsion))
    const bentKey = encode(add(honestKey, torsion))
    const verdictsOfBentKey = new Set<boolean>()
    for (let n = 0; n < 32; n++) {
      const message = Buffer.from([n])
      const sOf = (key: Buffer, point: Buffer) =>
        bytesOf((r + challenge(point, key, message) * a) % L)
      const key = encode(honestKey)
      const underBentR = Buffer.concat([bentR, sOf(key, bentR)])
      expect(verdicts(key, message, underBentR)).toEqual([false, false])
      const point = encode(honestR)
      const isWhole = challenge(point, bentKey, message) % 8n === 0n
      const underBentKey = Buffer.concat([point, sOf(bentKey, point)])
      expect(verdicts(bentKey, message, underBentKey)).toEqual([isWhole, isWhole])
      verdictsOfBentKey.add(isWhole)
    }
    expect(verdictsOfBentKey).toEqual(new Set([true, false]))
  })

  test('are computed by libsodium where its binary loads', () => {
    expect(signatureEngine).toBe(sodiumEngine)
  })
})

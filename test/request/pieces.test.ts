import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pieces } from '../../src/request/pieces.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** Memory of buffers is given back after a collection, on another thread; the next collection waits for that. */
function bytesAlive(): number {
  collectGarbage()
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

test('S3: pieces of any size are whole again', () => {
  const sizes = fc.oneof(fc.nat(8), fc.nat(5_000), fc.nat(200_000))
  fc.assert(
    fc.property(fc.array(sizes, { maxLength: 40 }), (lengths) => {
      const pieces = new Pieces()
      const sent = lengths.map((length, index) => Buffer.alloc(length, index + 1))
      for (const piece of sent) pieces.add(piece)
      expect(pieces.size).toBe(lengths.reduce((sum, length) => sum + length, 0))
      expect(pieces.whole().equals(Buffer.concat(sent))).toBe(true)
    }),
  )
})

const parent = Buffer.alloc(65_536)

test.each<[string, number, () => Buffer[]]>([
  ['single bytes', 200_000, () => [parent.subarray(7, 8)]],
  ['single bytes between larger pieces', 200, () => [parent.subarray(7, 8), Buffer.alloc(4_096)]],
  ['parts of larger memory', 200, () => [Buffer.from(new ArrayBuffer(65_536), 0, 5_000)]],
])('S3: %s take little more memory than their bytes', (_what, times, next) => {
  const pieces = new Pieces()
  const before = bytesAlive()
  for (let time = 0; time < times; time += 1) for (const piece of next()) pieces.add(piece)
  const grown = bytesAlive() - before
  // Each of them would take ten times as much if its pieces were kept as they came.
  expect(grown).toBeLessThan(2_000_000)
  expect(pieces.whole()).toHaveLength(pieces.size)
})

test('S3: a body of a few bytes takes little more than they do, in however many pieces it comes', () => {
  const before = bytesAlive()
  const bodies = Array.from({ length: 200 }, () => {
    const pieces = new Pieces()
    for (let time = 0; time < 5; time += 1) pieces.add(Buffer.alloc(1))
    return pieces
  })
  // A page of the largest size for each would be thirteen megabytes.
  expect(bytesAlive() - before).toBeLessThan(1_000_000)
  for (const pieces of bodies) expect(pieces.whole()).toHaveLength(5)
})

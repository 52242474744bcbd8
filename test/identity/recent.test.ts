import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Recent } from '../../src/identity/recent.ts'

test('what was kept is found by its whole text, and nothing else is', () => {
  const recent = new Recent<number>(10)
  recent.keep('one', 1)
  expect(recent.get('one')).toBe(1)
  expect(recent.get('on')).toBeUndefined()
  expect(recent.get('__proto__')).toBeUndefined()
})

test('however much is kept, no more than the bound is remembered', () => {
  const recent = new Recent<number>(10)
  for (let index = 0; index < 1_000; index++) {
    recent.keep(`key ${index}`, index)
    expect(recent.size).toBeLessThanOrEqual(10)
  }
  expect(recent.get('key 999')).toBe(999)
  expect(recent.get('key 0')).toBeUndefined()
})

test('what is asked for again and again stays while others come and go', () => {
  const recent = new Recent<number>(10)
  recent.keep('regular', 7)
  for (let index = 0; index < 1_000; index++) {
    recent.keep(`passer-by ${index}`, index)
    expect(recent.get('regular')).toBe(7)
    expect(recent.size).toBeLessThanOrEqual(10)
  }
})

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

function heapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

test('S3: a text that is kept does not keep alive what it was cut out of', () => {
  const recent = new Recent<number>(4_000)
  const before = heapBytes()
  for (let index = 0; index < 2_000; index++) {
    const target = Buffer.alloc(30_000, `/v1/deposit?pubkey=${String(index).padStart(44, '1')}&`)
    recent.keep(target.toString().slice(19, 19 + 44), index)
  }
  // With all that they were cut out of it would be sixty times as much.
  expect(heapBytes() - before).toBeLessThan(4_000_000)
  expect(recent.get('1999'.padStart(44, '1'))).toBe(1_999)
})

import { expect, test } from 'vitest'
import { BodyRoom, roomFor } from '../../src/routes/body-room.ts'

test('S3: the bytes that are being kept never pass the limit', () => {
  const room = new BodyRoom(100)
  const gone: string[] = []
  const enter = (name: string) => room.enter(() => gone.push(name))
  const [large, middle, small] = [enter('large'), enter('middle'), enter('small')]
  expect([large.take(50), middle.take(40), small.take(10)]).toEqual([true, true, true])
  expect(room.bytes).toBe(100)
  expect(small.take(1)).toBe(true)
  expect([gone, room.bytes]).toEqual([['large'], 51])
  expect(large.take(1)).toBe(false)
  small.leave()
  small.leave()
  expect(room.bytes).toBe(40)
})

test('S3: the largest gives way, also where it is the one that grows', () => {
  const room = new BodyRoom(100)
  const gone: string[] = []
  const other = room.enter(() => gone.push('other'))
  const largest = room.enter(() => gone.push('largest'))
  other.take(40)
  largest.take(60)
  expect(largest.take(1)).toBe(false)
  expect([gone, room.bytes]).toEqual([[], 40])
})

test('S3: of two of one size the one that came first stays', () => {
  const room = new BodyRoom(100)
  const first = room.enter(() => {
    throw new Error('it must not give way')
  })
  const second = room.enter(() => {})
  first.take(60)
  expect(second.take(60)).toBe(false)
  expect(room.bytes).toBe(60)
})

test('S3: a body that is larger than the room gives way to nobody and leaves', () => {
  const room = new BodyRoom(100)
  expect(room.enter(() => {}).take(101)).toBe(false)
  expect(room.bytes).toBe(0)
})

test('S3: eight bodies of the largest size fit', () => {
  const room = roomFor(10)
  const places = Array.from({ length: 9 }, () => room.enter(() => {}))
  expect(places.map((place) => place.take(10))).toEqual([...Array(8).fill(true), false])
})

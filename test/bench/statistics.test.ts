import { expect, test } from 'vitest'
import { differences, percentile, ratios, spread } from './statistics.ts'

test('the middle of an odd number of figures is one of them, of an even number the mean of two', () => {
  expect(spread([30, 10, 20])).toEqual({ median: 20, least: 10, most: 30 })
  expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, least: 1, most: 4 })
  expect(spread([7])).toEqual({ median: 7, least: 7, most: 7 })
})

test('a percentile is a figure that was measured', () => {
  const sorted = Float64Array.from({ length: 200 }, (_, index) => index + 1)
  expect(percentile(sorted, 0.5)).toBe(100)
  expect(percentile(sorted, 0.99)).toBe(198)
  expect(percentile([1, 2, 3, 4, 5, 6, 7], 0.5)).toBe(4)
  expect(percentile([5], 0.99)).toBe(5)
  expect(percentile([], 0.5)).toBeNaN()
})

test('figures are compared round by round: a busy round cancels out', () => {
  // Of the medians it would be 300 / 100.
  expect(ratios([200, 2000, 300], [100, 1000, 100])).toEqual({ median: 2, least: 2, most: 3 })
  expect(differences([3, 14, 5], [1, 11, 4])).toEqual({ median: 2, least: 1, most: 3 })
  expect(() => ratios([1, 2], [1])).toThrow('same rounds')
})

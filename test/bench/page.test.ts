import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { chart } from './chart.ts'
import { results } from './made-up-results.ts'
import { withFigures } from './page.ts'
import { type Results, toJson } from './results.ts'

const page = readFileSync('docs/benchmarks.md', 'utf8')
const measured = JSON.parse(readFileSync('docs/benchmarks.json', 'utf8')) as Results

test('the page and its chart show the figures that are kept beside it', () => {
  expect(withFigures(page, measured)).toBe(page)
  expect(readFileSync('docs/benchmarks.svg', 'utf8')).toBe(chart(measured))
})

test('figures are replaced between their marks, and nothing else is', () => {
  const changed = withFigures(page, results([], { command: 'npm run bench -- --again' }))
  const [before, after] = [page.split('<!--')[0] ?? '', page.split('-->').at(-1) ?? '']
  expect(changed.startsWith(before)).toBe(true)
  expect(changed.endsWith(after)).toBe(true)
  expect(changed).toContain('npm run bench -- --again')
  expect(withFigures(changed, measured)).toBe(page)
  expect(() => withFigures('no marks', measured)).toThrow('no place')
})

test('kept figures have four digits, whole numbers all of theirs', () => {
  const text = toJson(results([], { bigLedgerRows: 10_000_001, missing: [] }))
  expect(text).toContain('10000001')
  const books = [{ subject: 'x', answered: 123_456.789, settled: 0.123456, wrong: null }]
  expect(JSON.parse(toJson(results([], { books }))).books).toEqual([
    { subject: 'x', answered: 123_500, settled: 0.1235, wrong: null },
  ])
})

import { expect, test } from 'vitest'
import { chart } from './chart.ts'
import { cell, figures, results } from './made-up-results.ts'
import { allTables } from './tables.ts'
import { verdicts } from './targets.ts'

const RUN = results([
  cell('64 connections', {
    'provider directly': [figures(50), figures(50)],
    floor: [figures(200), figures(400)],
    'level5 signed': [figures(240), figures(484)],
    'level5 session': [figures(158), figures(364)],
    Portkey: [figures(80), figures(160)],
  }),
  cell('one stream', {
    'provider directly': [figures(0.5), figures(1)],
    'level5 signed': [figures(1.5), figures(4.5)],
  }),
])

test('targets are judged by the median of the rounds’ ratios; those without figures are left out', () => {
  const judged = verdicts(RUN).map(({ target, measured, met }) => {
    return [target, Number(measured.median.toFixed(4)), met]
  })
  expect(judged).toEqual([
    ['CPU per signed call ≤ 1.25 × the floor', 1.205, true],
    ['CPU per session call ≤ 0.8 × the floor', 0.85, false],
    ['signed calls per second ≥ 3 × Portkey', 3.0125, true],
    ['session calls per second ≥ 3 × Portkey', 2.125, false],
    ['first token of one stream ≤ 3 ms later', 2.25, true],
  ])
})

test('a peer that could not take 64 connections is judged at 32, and the target says so', () => {
  const run = results([
    cell('64 connections', { 'level5 signed': [figures(500)] }),
    cell('32 connections', { 'level5 signed': [figures(400)], ancestor: [figures(50)] }),
  ])
  const target = 'signed calls per second ≥ 10 × the ancestor at 32 connections'
  expect(verdicts(run)).toMatchObject([{ target, measured: { median: 8 }, met: false }])
})

test('two processes and a big ledger are judged against one process and an empty one', () => {
  const run = results([
    cell('2 processes', {
      'level5 signed': [figures(100)],
      'level5 signed, 2 processes': [figures(111)],
    }),
    cell('big ledger', {
      'level5 signed': [figures(100)],
      'level5 signed, big ledger': [figures(109)],
    }),
  ])
  expect(verdicts(run).map(({ met }) => met)).toEqual([false, true])
})

test('tables show ratios with their spread, and a dash for what was not measured', () => {
  const text = allTables(RUN)
  expect(text).toContain('| level5 signed | 1.21× (1.20 to 1.21) |')
  expect(text).toContain(
    '| CPU per session call ≤ 0.8 × the floor | 0.85× (0.79 to 0.91) | **no** |',
  )
  expect(text).toContain(
    '| first token of one stream ≤ 3 ms later | 2.25 ms (1.00 to 3.50) | yes |',
  )
  expect(text).toContain('| level5 signed | – | – | 2.25 (1.00 to 3.50) | – |')
  expect(text).not.toContain('LiteLLM')
})

test('what is wrong with the books, and who is missing, is said', () => {
  const books = { subject: 'level5 signed', answered: 10, settled: 9, wrong: 'one is lost' }
  const run = results([], { books: [books], missing: ['LiteLLM: no python3'] })
  expect(allTables(run)).toBe(
    'Books of level5 signed: 10 calls answered, 9 settled: **one is lost**.\n\nNot measured: LiteLLM: no python3.',
  )
})

test('the chart draws each gateway as long as its median, and marks ours', () => {
  const svg = chart(RUN)
  const bars = [...svg.matchAll(/<rect class="(\w+)" .* width="([\d.]+)"/g)]
  const [floor = 0, signed = 0, session = 0, portkey = 0] = bars.map(([, , width]) => Number(width))
  expect(bars.map(([, kind]) => kind)).toEqual(['other', 'ours', 'ours', 'other'])
  expect(signed / floor).toBeCloseTo(362 / 300, 2)
  expect(session / portkey).toBeCloseTo(261 / 120, 2)
  expect(svg).toContain('median of 2 interleaved rounds')
})

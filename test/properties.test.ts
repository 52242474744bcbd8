// Holds docs/properties.md to the tests: a property counts as held by the files whose test names cite its id.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const PAGE = 'docs/properties.md'
const ROW = /^\| ([A-Z]\d+) \| (.+?) \| (.*?) ?\| (.*?) ?\|$/
/** A name begins with the ids that it holds, after the backend or the processes that it runs on. */
const CITATION = /['"`](?:\$name: )?((?:[LMACS]\d+[, ]*)+):/g

interface Property {
  readonly id: string
  readonly meaning: string
  readonly missing: string
}

const page = readFileSync(PAGE, 'utf8')
const properties: Property[] = page.split('\n').flatMap((line) => {
  const [, id, meaning, , missing] = ROW.exec(line) ?? []
  return id === undefined ? [] : [{ id, meaning: meaning ?? '', missing: missing ?? '' }]
})

/** The files that cite each id, by id. */
function citations(): Map<string, string[]> {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  const cited = new Map<string, string[]>()
  for (const name of files.filter((file) => file.endsWith('.test.ts')).sort()) {
    const text = readFileSync(join('test', name), 'utf8')
    const ids = [...text.matchAll(CITATION)].flatMap(([, list = '']) => list.split(/[, ]+/))
    for (const id of new Set(ids)) cited.set(id, [...(cited.get(id) ?? []), `\`${name}\``])
  }
  return cited
}

const cited = citations()

test('every property has its row', () => {
  const numbers = { L: 8, M: 8, A: 4, C: 10, S: 4 }
  const ids = Object.entries(numbers).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
  )
  expect(properties.map(({ id }) => id)).toEqual(ids)
})

test('every id that a test name cites is a property', () => {
  const known = new Set(properties.map(({ id }) => id))
  expect([...cited.keys()].filter((id) => !known.has(id))).toEqual([])
})

test('a property that no test cites says why', () => {
  const silent = properties.filter(({ id, missing }) => !cited.has(id) && missing === '')
  expect(silent).toEqual([])
})

test('the page names the tests as they are', async () => {
  const lines = page.split('\n').map((line) => {
    const [, id, meaning, , missing] = ROW.exec(line) ?? []
    if (id === undefined) return line
    return `| ${id} | ${meaning} | ${(cited.get(id) ?? []).join(' ')} | ${missing} |`
  })
  await expect(lines.join('\n')).toMatchFileSnapshot(`../${PAGE}`)
})

// No parser without a fuzzer: what the sources export under a parser's name is fed, or listed with a reason.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FUZZERS } from './fuzzers.ts'
import { NOT_FUZZED, OWN_JSON } from './not-fuzzed.ts'

const FED = new Set(FUZZERS.flatMap(({ feeds }) => feeds))
const FED_FILES = new Set([...FED].map((one) => one.split('#')[0]))
/** It asks gateways that it attacks: what they answer is its finding. */
const BLACK_BOX = /^src\/conformance\//

const sources = ['src', 'watcher']
  .flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name)),
  )
  .filter((file) => file.endsWith('.ts') && !file.includes('/data/') && !BLACK_BOX.test(file))
  .map((file) => ({ file, text: readFileSync(file, 'utf8') }))

const PARSER = /^export (?:async )?(?:function\*?|const) ((?:read|parse|decode|scan)[A-Z]\w*)/gm

const parsers = sources.flatMap(({ file, text }) =>
  [...text.matchAll(PARSER)].map(([, name]) => `${file}#${name}`),
)

test('S3: every parser is fuzzed, or it is said why not', () => {
  const forgotten = parsers.filter((one) => !FED.has(one) && !Object.hasOwn(NOT_FUZZED, one))
  expect(forgotten).toEqual([])
})

test('S3: JSON is parsed where somebody fuzzes it, or where it is our own', () => {
  const parsing = sources.filter(({ text }) => /JSON\.parse\(|\.json\(\)/.test(text))
  const forgotten = parsing
    .map(({ file }) => file)
    .filter((file) => !FED_FILES.has(file) && !Object.hasOwn(OWN_JSON, file))
  expect(forgotten).toEqual([])
})

test('what the table names is there', () => {
  const named = [...FED, ...Object.keys(NOT_FUZZED)]
  const gone = named.filter((one) => {
    const [file = '', name = ''] = one.split('#')
    const text = sources.find((source) => source.file === file)?.text ?? ''
    const word = name.split('.').at(-1) ?? ''
    return !new RegExp(`\\b${word}\\b`).test(text)
  })
  expect(gone).toEqual([])
  const files = new Set(sources.map(({ file }) => file))
  expect(Object.keys(OWN_JSON).filter((file) => !files.has(file))).toEqual([])
  expect(Object.keys(NOT_FUZZED).filter((one) => FED.has(one))).toEqual([])
})

test('names are one fuzzer’s', () => {
  const names = FUZZERS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

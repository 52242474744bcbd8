import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { describeSettings } from '../src/settings.ts'

const README = readFileSync('README.md', 'utf8')

test('the settings table of the README is the one that the code reads', () => {
  const rows = describeSettings().map(
    ({ variable, meaning, defaultText }) => `| \`${variable}\` | ${meaning} | ${defaultText} |`,
  )
  const table = ['| variable | meaning | default |', '|---|---|---|', ...rows].join('\n')
  const [, written] = /<!-- settings -->\n([\s\S]*?)\n<!-- \/settings -->/.exec(README) ?? []
  expect(written).toBe(table)
})

test('every page that the README links to exists', () => {
  const pages = [...README.matchAll(/\]\(([^)#]+)\)/g)].map(([, path]) => path ?? '')
  expect(pages.length).toBeGreaterThan(5)
  expect(pages.filter((path) => !existsSync(path))).toEqual([])
})

test('every npm script that the README names exists, and CI runs those a user is told to run', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts: Record<string, string>
  }
  const ci = readFileSync('.ci/run', 'utf8')
  const named = [...README.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name]) => name ?? '')
  const known = named.filter((name) => name !== 'ci')
  expect(known.filter((name) => scripts[name] === undefined)).toEqual([])
  for (const name of [
    'demo',
    'test',
    'test:validator',
    'lint',
    'types',
    'unused',
    'contract:check',
  ]) {
    expect(ci, name).toMatch(new RegExp(`npm (run )?${name}\\b`))
  }
})

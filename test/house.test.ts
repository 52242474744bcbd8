// Holds the house as drawn in docs/architecture.md: import direction, sizes, and who may touch time, randomness and vendors.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'

/**
 * The areas, and what each may import besides itself. A file belongs to the longest entry that is a prefix of its path.
 * `src/money`, `src/errors` and `src/canonical-json` import nothing and may be imported by everyone.
 */
const MAY_IMPORT: Record<string, string[]> = {
  'src/money': [],
  'src/errors': [],
  'src/canonical-json': [],
  'src/clock': [],
  'src/bounded': [],
  'src/settings': ['src/money', 'src/identity/public-key', 'src/chain/clusters'],
  'src/log': [],
  'src/identity': [],
  'src/formats': [],
  'src/prices': ['src/formats/format'],
  'src/chain': ['src/signers'],
  'src/signers': ['src/identity'],
  'src/ledger': ['src/proof/receipt'],
  'src/proof': ['src/identity', 'src/prices', 'src/chain'],
  'src/providers': ['src/settings'],
  'src/request': [
    'src/identity',
    'src/formats',
    'src/prices',
    'src/ledger',
    'src/providers',
    'src/chain',
    'src/proof',
    'src/signers',
  ],
  watcher: ['src/chain', 'src/ledger', 'src/signers'],
  'src/routes': [
    'src/request',
    'src/identity',
    'src/formats',
    'src/prices',
    'src/ledger',
    'src/chain',
    'src/proof',
    'src/x402',
    'watcher',
  ],
  'src/x402': ['src/identity', 'src/chain', 'src/ledger', 'src/signers'],
  'src/main': ['*'],
  'src/agent': [
    'src/identity/signed-text',
    'src/identity/session-text',
    'src/identity/auth-proof',
    'src/identity/ed25519',
    'src/identity/public-key',
    'src/identity/signature-engine',
    'src/chain',
    'src/proof',
  ],
  'src/conformance': ['src/agent', 'src/identity', 'src/proof'],
  'src/cli': ['*'],
}

const LEAVES = ['src/money', 'src/errors', 'src/canonical-json', 'src/clock', 'src/bounded']

/** A vendor, and the only places that may know it. */
const ONLY_IN: Record<string, string[]> = {
  hono: ['src/routes', 'src/main', 'src/providers/stand-in'],
  '@hono/node-server': ['src/routes', 'src/main', 'src/providers/stand-in'],
  'better-sqlite3': ['src/ledger/sqlite'],
  undici: ['src/request/forward', 'src/providers'],
  '@solana/web3.js': ['src/chain', 'src/x402', 'watcher', 'src/agent', 'src/cli'],
  '@coral-xyz/anchor': [],
  tweetnacl: [],
  pino: ['src/log'],
  commander: ['src/cli'],
}

const BANNED: [pattern: RegExp, instead: string, except: string[]][] = [
  [
    /\bDate\.now\(|new Date\(\)|performance\.now\(/,
    'the clock that is passed in',
    ['src/clock', 'src/cli', 'src/agent/index'],
  ],
  [/\bMath\.random\(/, 'the randomness that is passed in', []],
  [
    /\brandomUUID\(|\brandomBytes\(/,
    'src/clock',
    ['src/clock', 'src/main', 'src/cli', 'src/agent'],
  ],
  [/\bparseFloat\(/, 'src/money', []],
  [/sodium-native/, 'src/identity/signature-engine', ['src/identity/signature-engine']],
  [/\bFIXME\b|\bTODO\b|\.only\(/, 'finishing it', []],
  [/@ts-(ignore|expect-error|nocheck)|biome-ignore|\bas any\b|: any\b/, 'a type', []],
  [
    /z\s*\.string\(\)\s*\.(min|max|length|nonempty)\(|z\s*\.array\(.*\)\s*\.(min|max|length|nonempty)\(/,
    'src/bounded',
    ['src/settings'],
  ],
  [/\bconsole\./, 'src/log or src/cli', ['src/cli']],
  [
    /process\.env/,
    'src/settings',
    ['src/settings', 'src/cli', 'src/chain/program-file', 'src/chain/validator'],
  ],
]

const MAX_LINES = 250
const GRAB_BAGS = /(^|\/)(utils?|helpers?|common|misc|shared)(\/|\.ts$)/

const files = ['src', 'watcher'].flatMap((root) =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(root, name)),
)

/** The code without its comments: prose may say what code may not do. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
}

/** Generated tables are data: their size is not a matter of style. */
const isData = (file: string): boolean => file.includes('/data/')

function covers(area: string, path: string): boolean {
  return (
    path === area ||
    path.startsWith(`${area}/`) ||
    path.startsWith(`${area}.`) ||
    path.startsWith(`${area}-`)
  )
}

function areaOf(path: string): string {
  const best = Object.keys(MAY_IMPORT)
    .filter((area) => covers(area, path))
    .sort((a, b) => b.length - a.length)[0]
  if (best === undefined) throw new Error(`${path} is in no area: add it to MAY_IMPORT`)
  return best
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g)].map(
    (match) => match[1] ?? '',
  )
}

function vendorOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

describe('the house', () => {
  test.each(files)('%s', (file) => {
    const text = readFileSync(file, 'utf8')
    const code = codeOf(text)
    const area = areaOf(file)
    expect(file, 'a name that says what is in it').not.toMatch(GRAB_BAGS)
    if (!isData(file)) expect(text.split('\n').length, 'lines').toBeLessThanOrEqual(MAX_LINES + 1)

    const allowed = [...LEAVES, area, ...(MAY_IMPORT[area] ?? [])]
    for (const specifier of importsOf(text)) {
      if (specifier.startsWith('.')) {
        const target = normalize(join(dirname(file), specifier))
        const fine = allowed.includes('*') || allowed.some((place) => covers(place, target))
        expect(fine, `${area} may not import ${target}`).toBe(true)
        continue
      }
      const places = ONLY_IN[vendorOf(specifier)]
      if (places !== undefined) {
        expect(
          places.some((place) => covers(place, file)),
          `${file} may not use ${specifier}`,
        ).toBe(true)
      }
    }

    for (const [pattern, instead, except] of BANNED) {
      if (except.some((place) => covers(place, file))) continue
      expect(code.match(pattern)?.[0], `use ${instead}`).toBeUndefined()
    }
  })

  test('the request path names no provider and no ledger implementation', () => {
    for (const file of files.filter((name) => name.startsWith('src/request/'))) {
      for (const specifier of importsOf(readFileSync(file, 'utf8'))) {
        expect(specifier, file).not.toMatch(/ledger\/sqlite|providers\/(openai|anthropic|stand-in)/)
      }
    }
  })

  test('importing the SDK loads nothing of the server', () => {
    const seen = new Set<string>()
    const visit = (file: string): void => {
      if (seen.has(file)) return
      seen.add(file)
      for (const specifier of importsOf(readFileSync(file, 'utf8'))) {
        if (specifier.startsWith('.')) visit(normalize(join(dirname(file), specifier)))
      }
    }
    visit('src/agent/index.ts')
    const server = [...seen].filter((file) =>
      /src\/(ledger|request|routes|providers|main|settings|cli)|^watcher/.test(file),
    )
    expect(server).toEqual([])
  })
})

test('the top level holds only what the plan names', () => {
  const conventional =
    /^(\..*|node_modules|dist|coverage|target|LICENSE|package-lock\.json|tsconfig\.build\.json|biome\.json|knip\.json|docs|data)$/
  const planned = [
    'package.json',
    'tsconfig.json',
    'src',
    'contracts',
    'watcher',
    'skills',
    'test',
    'Anchor.toml',
    'README.md',
  ]
  const strangers = readdirSync('.').filter(
    (name) => !conventional.test(name) && !planned.includes(name),
  )
  expect(strangers).toEqual([])
})

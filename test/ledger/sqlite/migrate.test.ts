import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { MIGRATIONS, migrate } from '../../../src/ledger/sqlite/migrate.ts'
import { openFiles } from '../../../src/ledger/sqlite/open-files.ts'
import { ledgerOn } from '../../../src/ledger/sqlite/open-ledger.ts'
import { TEST_ISSUER } from '../../support/receipt-key.ts'
import { AGENT, holdRequest, NOW, settlement } from '../facts.ts'
import { newPath, openedFiles, rawConnection } from './files.ts'
import { fillBooks, readBooks } from './old-files/books.ts'

const OLD_FILES = new URL('old-files/', import.meta.url)
const VERSIONS = MIGRATIONS.map((_, index) => index + 1)

/** A copy of the stored file of an old schema. */
function oldFile(version: number): string {
  const path = newPath()
  writeFileSync(path, gunzipSync(readFileSync(new URL(`schema-${version}.sqlite.gz`, OLD_FILES))))
  return path
}

function schemaOf(db: Database.Database): unknown[] {
  return db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all()
}

const versionOf = (db: Database.Database): unknown => db.pragma('user_version', { simple: true })

test('a file of every published schema is stored', () => {
  const stored = readdirSync(OLD_FILES).filter((name) => name.endsWith('.gz'))
  expect(stored.toSorted()).toEqual(VERSIONS.map((version) => `schema-${version}.sqlite.gz`))
})

for (const version of VERSIONS) {
  test(`schema ${version} is what it was when it was published`, () => {
    const fresh = rawConnection(newPath())
    migrate(fresh, MIGRATIONS.slice(0, version))
    expect(schemaOf(fresh)).toEqual(schemaOf(rawConnection(oldFile(version))))
  })

  test(`a file of schema ${version} opens with all its books and goes on`, async () => {
    const fresh = ledgerOn(openedFiles(), TEST_ISSUER)
    await fillBooks(fresh, version)
    const path = oldFile(version)
    const old = ledgerOn(openedFiles(path), TEST_ISSUER)
    expect(await readBooks(old)).toEqual(await readBooks(fresh))
    expect(await old.settle(settlement('open'))).toMatchObject({ kind: 'settled' })
    expect(await old.hold(holdRequest('new'))).toMatchObject({ kind: 'held' })
    expect(await old.resolveExpired(NOW + 60_000)).toEqual([
      'in session',
      ...(version < 3 ? [] : ['keyed, open']),
      'new',
    ])
    expect(await old.balance(AGENT)).toMatchObject({ held: 0n })
    expect(versionOf(rawConnection(path))).toBe(MIGRATIONS.length)
  })
}

test('steps run forward from where the file stands, each once', () => {
  const db = rawConnection(newPath())
  const steps = ['CREATE TABLE a (x)', 'ALTER TABLE a ADD COLUMN y', 'INSERT INTO a VALUES (1, 2)']
  migrate(db, steps.slice(0, 1))
  expect(versionOf(db)).toBe(1)
  migrate(db, steps)
  migrate(db, steps)
  expect(versionOf(db)).toBe(3)
  expect(db.prepare('SELECT * FROM a').all()).toEqual([{ x: 1, y: 2 }])
})

test('a step that fails leaves the schema before it', () => {
  const db = rawConnection(newPath())
  expect(() => migrate(db, ['CREATE TABLE a (x)', 'CREATE TABLE b (x); nonsense'])).toThrow(
    /nonsense/,
  )
  expect(versionOf(db)).toBe(1)
  expect(schemaOf(db)).toMatchObject([{ name: 'a' }])
  migrate(db, ['CREATE TABLE a (x)', 'CREATE TABLE b (x)'])
  expect(versionOf(db)).toBe(2)
})

test('a file of a newer version is refused and stays as it is', () => {
  const path = newPath()
  openedFiles(path)
  const db = rawConnection(path)
  db.pragma('user_version = 99')
  expect(() => openFiles(path)).toThrow(/schema 99.*start the newer version/)
  expect(versionOf(db)).toBe(99)
})

test("another program's database is refused and stays as it is", () => {
  const path = newPath()
  const db = rawConnection(path)
  db.exec('CREATE TABLE theirs (x)')
  expect(() => openFiles(path)).toThrow(/another program/)
  expect(schemaOf(db)).toMatchObject([{ name: 'theirs' }])
})

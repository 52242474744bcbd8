import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CONTRACTS, freshness, readRecord, writeBuild } from '../../contracts/record.ts'
import { howToInstall } from '../../contracts/toolchain.ts'

const PARTS = ['build.json', 'compile.ts', 'idl.json', 'linker', 'vault', 'vault.so']

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'level5-record-'))
  for (const part of PARTS) {
    const filter = (path: string) => !path.startsWith(join(CONTRACTS, part, 'target'))
    cpSync(join(CONTRACTS, part), join(folder, part), { recursive: true, filter })
  }
})
afterEach(() => rmSync(folder, { recursive: true }))

test('the committed program is current', () => {
  expect(freshness(CONTRACTS)).toEqual({ kind: 'current' })
})

test('the record does not depend on where the project lies', () => {
  expect(freshness(folder)).toEqual({ kind: 'current' })
})

test.each([
  'vault/src/state.rs',
  'vault/src/instructions/deposit.rs',
  'vault/Cargo.toml',
  'vault/Cargo.lock',
  'linker/src/link.rs',
  'linker/Cargo.lock',
  'compile.ts',
])('a change in %s makes it stale', (name) => {
  appendFileSync(join(folder, name), '\n')
  expect(freshness(folder)).toEqual({
    kind: 'stale',
    reasons: ['the sources have changed since vault.so was built'],
  })
})

test('a new source file makes it stale', () => {
  writeFileSync(join(folder, 'vault/src/settle.rs'), '')
  expect(freshness(folder).kind).toBe('stale')
})

test('another program than the recorded one is stale', () => {
  appendFileSync(join(folder, 'vault.so'), Buffer.of(0))
  expect(freshness(folder)).toEqual({
    kind: 'stale',
    reasons: ['vault.so is not the file that build.json names'],
  })
})

test('a build writes program and record together', () => {
  appendFileSync(join(folder, 'vault/src/lib.rs'), '\n')
  const compiler = { rustc: 'rustc 1.96.0', llvm: '22.1.8' }
  const record = writeBuild(folder, Buffer.from('a program'), compiler)
  expect(freshness(folder)).toEqual({ kind: 'current' })
  expect(readRecord(folder)).toEqual(record)
  expect(record).toMatchObject(compiler)
})

test('what is missing is named in a line that installs it', () => {
  expect(howToInstall(['llvm-22-dev', 'zlib1g-dev'])).toContain(
    'apt-get install -y llvm-22-dev zlib1g-dev',
  )
})
